// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "json/json.h"

namespace norma::weights {
namespace {

using nlohmann::json;

constexpr size_t kLengthBytes = 8;
// The limit of the reference implementation; no real header comes near it.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
// { name: { "shape": [ ... ] } }
constexpr int kMaxDepth = 3;
constexpr char kMetadata[] = "__metadata__";

struct ElementType {
  const char* name;
  uint64_t bytes;
};
constexpr ElementType kElementTypes[] = {
    {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I64", 8},
    {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U64", 8},  {"U32", 4},     {"U16", 2},     {"U8", 1},
    {"BOOL", 1}};

// 0 for an unknown type.
uint64_t element_bytes(const std::string& dtype) {
  for (const ElementType& type : kElementTypes) {
    if (dtype == type.name) return type.bytes;
  }
  return 0;
}

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}

std::string quoted(const std::string& name) { return "tensor " + json_shown(name); }

// Bytes of a tensor, or false where the number does not fit into 63 bits.
bool tensor_bytes(const TensorInfo& tensor, uint64_t* bytes) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  const bool empty = std::count(tensor.shape.begin(), tensor.shape.end(), 0) > 0;
  *bytes = empty ? 0 : element_bytes(tensor.dtype);
  for (int64_t size : tensor.shape) {
    if (size < 0) return false;
    if (size > 0 && *bytes > kMax / static_cast<uint64_t>(size)) return false;
    *bytes *= static_cast<uint64_t>(size);
  }
  return true;
}

bool is_count(const json& value) {
  return value.is_number_unsigned() &&
         value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

struct Range {
  uint64_t begin, end;
  std::string name;
};

Status read_tensor(const std::string& name, const json& entry, std::string_view data,
                   TensorInfo* tensor, Range* range) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || entry.size() != 3) {
    return data_loss(quoted(name) + " must have dtype, shape and data_offsets and nothing else");
  }
  const json &dtype = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
  if (!dtype.is_string() || element_bytes(dtype.get<std::string>()) == 0) {
    return data_loss(quoted(name) + " has the unknown dtype " + json_shown(dtype));
  }
  tensor->dtype = dtype.get<std::string>();
  if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), is_count)) {
    return data_loss(quoted(name) + " has a shape that is no list of sizes");
  }
  tensor->shape = shape.get<std::vector<int64_t>>();
  if (!offsets.is_array() || offsets.size() != 2 || !is_count(offsets[0]) ||
      !is_count(offsets[1])) {
    return data_loss(quoted(name) + " has data_offsets that are not two positions");
  }
  *range = {offsets[0].get<uint64_t>(), offsets[1].get<uint64_t>(), name};
  if (range->begin > range->end || range->end > data.size()) {
    return data_loss(quoted(name) + " lies at bytes " + std::to_string(range->begin) + " to " +
                     std::to_string(range->end) + " of " + std::to_string(data.size()) +
                     ": the file is cut short or damaged");
  }
  uint64_t bytes = 0;
  if (!tensor_bytes(*tensor, &bytes) || bytes != range->end - range->begin) {
    return data_loss(quoted(name) + " of dtype " + tensor->dtype + " and shape " +
                     json_shown(shape) + " does not fill its " +
                     std::to_string(range->end - range->begin) + " bytes");
  }
  tensor->bytes = bytes;
  tensor->data = data.data() + range->begin;
  return Status();
}

Status check_cover(std::vector<Range> ranges, uint64_t size) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t covered = 0;
  for (const Range& range : ranges) {
    if (range.begin != covered) {
      const char* fault = range.begin < covered ? " overlaps another" : " leaves a hole before it";
      return data_loss(quoted(range.name) + fault + " at byte " + std::to_string(range.begin));
    }
    covered = range.end;
  }
  if (covered != size) {
    return data_loss("the tensors end at byte " + std::to_string(covered) + " but the data at " +
                     std::to_string(size));
  }
  return Status();
}

Status read_entries(const json& root, std::string_view data, SafetensorsHeader* header) {
  std::vector<Range> ranges;
  for (const auto& [name, entry] : root.items()) {
    if (name == kMetadata) {
      if (!entry.is_object()) return data_loss("its metadata must be strings by name");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return data_loss("its metadata must be strings by name");
        header->metadata[key] = value.get<std::string>();
      }
      continue;
    }
    ranges.emplace_back();
    NORMA_RETURN_IF_ERROR(
        read_tensor(name, entry, data, &header->tensors[name], &ranges.back()));
  }
  return check_cover(std::move(ranges), data.size());
}

}  // namespace

Result<SafetensorsHeader> parse_safetensors(std::string_view file) {
  if (file.size() < kLengthBytes) return data_loss("it is too short for a header");
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<uint8_t>(file[i]);
  if (length > kMaxHeaderBytes || length > file.size() - kLengthBytes) {
    return data_loss("its header says to be " + std::to_string(length) + " bytes long, but " +
                     std::to_string(file.size() - kLengthBytes) +
                     " follow: it is cut short or of another format");
  }
  const std::string_view text = file.substr(kLengthBytes, length);
  if (text.empty() || text[0] != '{') return data_loss("its header does not begin with {");
  // A later key would silently replace an earlier one of the same name.
  const Result<json> root = parse_json(text, kMaxDepth, JsonKeys::kUnique);
  if (!root.ok()) return data_loss("its header " + root.status().message());
  SafetensorsHeader header;
  NORMA_RETURN_IF_ERROR(read_entries(root.value(), file.substr(kLengthBytes + length), &header));
  return header;
}

Result<std::string> make_safetensors_header(const std::map<std::string, TensorInfo>& tensors,
                                            const std::map<std::string, std::string>& metadata,
                                            std::vector<std::string>* order) {
  order->clear();
  for (const auto& [name, tensor] : tensors) {
    uint64_t bytes = 0;
    if (element_bytes(tensor.dtype) == 0 || name == kMetadata) {
      return invalid_argument("[write_safetensors] " + quoted(name) + " has a reserved name or " +
                              "the unknown dtype " + json_shown(tensor.dtype) + ".");
    }
    if (!tensor_bytes(tensor, &bytes) || bytes != tensor.bytes ||
        (bytes > 0 && tensor.data == nullptr)) {
      return invalid_argument("[write_safetensors] " + quoted(name) + " has " +
                              std::to_string(tensor.bytes) +
                              " bytes, which its dtype and shape do not give.");
    }
    order->push_back(name);
  }
  std::stable_sort(order->begin(), order->end(), [&](const auto& a, const auto& b) {
    return element_bytes(tensors.at(a).dtype) > element_bytes(tensors.at(b).dtype);
  });
  json root = json::object();
  if (!metadata.empty()) root[kMetadata] = metadata;
  uint64_t offset = 0;
  for (const std::string& name : *order) {
    const TensorInfo& tensor = tensors.at(name);
    root[name] = {{"dtype", tensor.dtype},
                  {"shape", tensor.shape},
                  {"data_offsets", {offset, offset + tensor.bytes}}};
    offset += tensor.bytes;
  }
  std::string text;
  try {
    text = root.dump();
  } catch (const json::exception&) {
    return invalid_argument("[write_safetensors] a name or a metadata string is not UTF-8.");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxHeaderBytes) {
    return invalid_argument("[write_safetensors] the header has " + std::to_string(text.size()) +
                            " bytes, more than the " + std::to_string(kMaxHeaderBytes) +
                            " of the format.");
  }
  std::string out;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    out += static_cast<char>(static_cast<uint64_t>(text.size()) >> 8 * i & 0xFF);
  }
  return out + text;
}

}  // namespace norma::weights
