// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/llama2c.h"

#include <vector>

#include "models/parameter_names.h"
#include "weights/llama2c.h"

namespace norma::models {
namespace {

using weights::Llama2cFile;
using weights::Llama2cHeader;
using weights::TensorInfo;

constexpr double kEps = 1e-5;
// Elements of the rotary tables, which are in no version 1 file.
constexpr int64_t kMostPositions = 1 << 26;

ModelConfig config_of(const Llama2cHeader& header) {
  ModelConfig config;
  config.family = "llama";
  config.norm = "rmsnorm";
  config.placement = "pre";
  config.vocab_size = header.vocab_size;
  config.d_model = header.dim;
  config.heads = header.heads;
  config.kv_heads = header.kv_heads;
  config.ffn = header.hidden_dim;
  config.encoder_layers = 0;
  config.decoder_layers = header.layers;
  config.max_length = header.max_length;
  config.norm_eps = kEps;
  config.tie_embeddings = header.shared_classifier;
  return config;
}

Status check(const ModelConfig& config) {
  NORMA_RETURN_IF_ERROR(validate(config));
  const int64_t width = config.d_model / config.heads;
  if (config.max_length > kMostPositions / width) {
    return invalid_argument("max_seq_len=" + std::to_string(config.max_length) +
                            " times the width of a head, " + std::to_string(width) +
                            ", must be at most " + std::to_string(kMostPositions) + ".");
  }
  return {};
}

struct Place {
  std::string tensor;  // of the file
  int64_t layer = -1;  // its first index; -1: all of it
};

// Where a parameter of ours (model.h) lies.
Place place_of(const std::string& parameter) {
  if (parameter == "embedding.weight") return {"token_embedding"};
  if (parameter == "output.weight") return {"wcls"};
  if (parameter == "decoder.norms.final.weight") return {"rms_final"};
  const std::vector<std::string> part = split_name(parameter);
  TORCH_CHECK(part.size() == 5, "[llama2c] no tensor for the parameter ", parameter, ".");
  if (part[1] == "norms") return {part[3] == "self" ? "rms_att" : "rms_ffn", std::stoll(part[2])};
  return {part[2] == "self" ? "w" + part[3] : part[3], std::stoll(part[1])};
}

torch::Tensor view_of(const Llama2cFile& file, const Place& place) {
  const TensorInfo& info = file.tensors().at(place.tensor);
  // The mapping is private and writable (base/mapped_file.h).
  const torch::Tensor all =
      torch::from_blob(const_cast<void*>(info.data), info.shape,
                       [owner = file.owner()](void*) mutable { owner.reset(); }, torch::kFloat32);
  return place.layer < 0 ? all : all.select(0, place.layer);
}

}  // namespace

Result<std::shared_ptr<DecoderOnly>> load_llama2c(const std::string& path) {
  const Result<Llama2cFile> opened = Llama2cFile::open(path);
  if (!opened.ok()) return opened.status();
  const Llama2cFile& file = opened.value();
  const ModelConfig config = config_of(file.header());
  if (const Status status = check(config); !status.ok()) {
    return Status(StatusCode::kDataLoss, path + ": " + status.message());
  }
  const auto model = std::make_shared<DecoderOnly>(config, std::nullopt);
  torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    const torch::Tensor view = view_of(file, place_of(item.key()));
    TORCH_CHECK(view.sizes() == item.value().sizes(), "[llama2c] ", item.key(), " is of the shape ",
                item.value().sizes(), " but the file's tensor of ", view.sizes(), ".");
    item.value().set_data(view);
  }
  model->eval();
  return model;
}

}  // namespace norma::models
