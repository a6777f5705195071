// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face_tensors.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cstring>
#include <optional>

#include "base/mapped_file.h"

namespace norma::models {
namespace {

using weights::HuggingFaceFolder;
using weights::TensorInfo;

// Rows of each head from (first halves, second halves) to pairs.
torch::Tensor in_pairs(const torch::Tensor& weight, int64_t heads) {
  return weight.unflatten(0, {heads, 2, -1}).transpose(1, 2).flatten(0, 2).contiguous();
}

std::optional<torch::ScalarType> type_of(const std::string& dtype) {
  if (dtype == "F32") return torch::kFloat32;
  if (dtype == "BF16") return torch::kBFloat16;
  if (dtype == "F16") return torch::kFloat16;
  return std::nullopt;
}

// scratch: where a tensor is copied to that lies at a byte where its type must not.
torch::Tensor view_of(const HuggingFaceFolder& folder, const TensorInfo& info,
                      torch::ScalarType type, torch::Tensor* scratch) {
  if (reinterpret_cast<uintptr_t>(info.data) % torch::elementSize(type) != 0) {
    const auto bytes = static_cast<int64_t>(info.bytes);
    if (!scratch->defined() || scratch->numel() < bytes) {
      *scratch = torch::empty({bytes}, torch::kUInt8);
    }
    std::memcpy(scratch->data_ptr(), info.data, info.bytes);
    return torch::from_blob(scratch->data_ptr(), info.shape, type);
  }
  // The mapping is private and writable (base/mapped_file.h).
  return torch::from_blob(const_cast<void*>(info.data), info.shape, [owner = folder](void*) {},
                          type);
}

// Of the tensor that a parameter lies in.
std::vector<int64_t> shape_of(const HuggingFaceTensor& from, std::vector<int64_t> shape) {
  shape[0] *= from.parts;
  if (from.transposed) std::swap(shape[0], shape[1]);
  return shape;
}

}  // namespace

Status HuggingFaceTensors::damaged(const std::string& name, const std::string& what) const {
  return Status(StatusCode::kDataLoss, folder_.path() + ": tensor \"" + name + "\" " + what +
                                           ". Use another copy.");
}

Status HuggingFaceTensors::fill(const HuggingFaceTensor& from, torch::Tensor& parameter) {
  const std::string name = name_of(from);
  used_.insert(name);
  const auto found = folder_.tensors().find(name);
  if (found == folder_.tensors().end()) return damaged(name, "is missing");
  const TensorInfo& info = found->second;
  const auto type = type_of(info.dtype);
  if (!type) {
    return damaged(name, "has the dtype " + info.dtype + " but must have F32, BF16 or F16");
  }
  const std::vector<int64_t> shape = shape_of(from, parameter.sizes().vec());
  if (info.shape != shape) {
    return damaged(name, fmt::format("is [{}] but must be [{}]", fmt::join(info.shape, ", "),
                                     fmt::join(shape, ", ")));
  }
  torch::Tensor value = view_of(folder_, info, *type, &scratch_);
  if (from.transposed) value = value.t();
  const int64_t rows = parameter.size(0);
  if (from.parts > 1) value = value.narrow(0, from.part * rows, rows);
  value = value.to(torch::kFloat32).contiguous();
  if (from.heads > 0) value = in_pairs(value, from.heads);
  if (from.plus_one) value = value + 1;
  if (scratch_.defined() && value.storage().data() == scratch_.data_ptr()) value = value.clone();
  parameter.set_data(value);
  const auto* first = static_cast<const char*>(info.data);
  const auto* now = static_cast<const char*>(value.data_ptr());
  if (now < first || now >= first + info.bytes) forget_pages(info.data, info.bytes);
  return {};
}

std::string HuggingFaceTensors::name_of(const HuggingFaceTensor& from) const {
  constexpr std::string_view kPrefix = "transformer.";
  if (!from.name.starts_with(kPrefix) || has(from.name)) return from.name;
  const std::string bare = from.name.substr(kPrefix.size());
  return has(bare) ? bare : from.name;
}

Status HuggingFaceTensors::check(const HuggingFaceTensor& from, int64_t rows, int64_t cols) const {
  const std::string name = name_of(from);
  const auto found = folder_.tensors().find(name);
  const std::vector<int64_t> shape = shape_of(from, {rows, cols});
  if (found != folder_.tensors().end() && found->second.shape == shape) return {};
  return Status(StatusCode::kDataLoss,
                fmt::format("{}/config.json: it needs a tensor \"{}\" of [{}], but {}. Use another "
                            "copy.",
                            folder_.path(), name, fmt::join(shape, ", "),
                            found == folder_.tensors().end()
                                ? "there is none"
                                : fmt::format("it is [{}]", fmt::join(found->second.shape, ", "))));
}

Status HuggingFaceTensors::expect_no_more() const {
  for (const auto& [name, info] : folder_.tensors()) {
    bool known = used_.count(name) > 0 || name.ends_with(".rotary_emb.inv_freq") ||
                 name.ends_with("position_ids") || name.ends_with(".attn.bias") ||
                 name.ends_with(".attn.masked_bias");
    for (const std::string& prefix : ignored_) known = known || name.starts_with(prefix);
    if (!known) return damaged(name, "has no place in the architecture that config.json names");
  }
  return {};
}

}  // namespace norma::models
