// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/hugging_face_config.h"
#include "models/hugging_face_decoders.h"
#include "models/hugging_face_tensors.h"
#include "weights/hugging_face.h"

namespace norma::models {
namespace {

using nlohmann::json;
using weights::HuggingFaceFolder;

// Where config.json is silent: those of the architecture's own configuration.
struct SpecialTokens {
  int32_t bos, eos;
};
SpecialTokens usual_tokens(const json& type) {
  if (type == "gpt2") return {50256, 50256};
  const bool gemma = type.is_string() && type.get<std::string>().starts_with("gemma");
  return gemma ? SpecialTokens{2, 1} : SpecialTokens{1, 2};
}

Status read_special_tokens(const HuggingFaceConfig& config, int64_t vocab_size,
                           HuggingFaceModel* result) {
  const SpecialTokens usual = usual_tokens(config.at("model_type"));
  const auto read = [&](const char* key, const json& value, int32_t* id) {
    if (value.is_number_integer() && value >= 0 && value < vocab_size) {
      *id = value.get<int32_t>();
      return Status();
    }
    return config.damaged(fmt::format("{} must be a token, from 0 to vocab_size={} - 1, but is {}",
                                      key, vocab_size, HuggingFaceConfig::shown(value)));
  };
  if (const json& bos = config.at("bos_token_id"); !bos.is_null()) {
    NORMA_RETURN_IF_ERROR(read("bos_token_id", bos, &result->bos));
  } else {
    result->bos = usual.bos;
  }
  const json& eos = config.at("eos_token_id");
  if (eos.is_null()) result->ends = {usual.eos};
  if (std::max(result->bos, eos.is_null() ? usual.eos : 0) >= vocab_size) {
    return config.damaged(fmt::format("vocab_size must be above {}, the tokens that begin and end "
                                      "a text where nothing else is said, but is {}",
                                      std::max(usual.bos, usual.eos), vocab_size));
  }
  if (eos.is_null()) return {};
  if (eos.is_array() && eos.empty()) {
    return config.damaged("eos_token_id must have at least one token");
  }
  for (const json& value : eos.is_array() ? eos : json::array({eos})) {
    int32_t id = 0;
    NORMA_RETURN_IF_ERROR(read("eos_token_id", value, &id));
    result->ends.push_back(id);
  }
  return {};
}

// Before the model is made, which must not ask for more memory than the tensors bear out.
Status check_sizes(const HuggingFaceTensors& tensors, const HuggingFaceDecoder& decoder) {
  const ModelConfig& model = decoder.model;
  const auto check = [&](const std::string& parameter, int64_t rows, int64_t cols) {
    return tensors.check(decoder.place(parameter, decoder), rows, cols);
  };
  NORMA_RETURN_IF_ERROR(check("embedding.weight", model.vocab_size, model.d_model));
  if (model.family == "gpt") {
    NORMA_RETURN_IF_ERROR(check("positions.weight", model.max_length, model.d_model));
  }
  for (int64_t layer = 0; layer < model.decoder_layers; ++layer) {
    const std::string block = "decoder." + std::to_string(layer);
    NORMA_RETURN_IF_ERROR(check(block + ".self.q.weight", model.heads * decoder.head_width(),
                                model.d_model));
    NORMA_RETURN_IF_ERROR(check(block + ".ffn.w1.weight", model.ffn, model.d_model));
  }
  return {};
}

}  // namespace

Result<HuggingFaceModel> load_hugging_face(const std::string& path) {
  const Result<HuggingFaceFolder> opened = HuggingFaceFolder::open(path);
  if (!opened.ok()) return opened.status();
  const HuggingFaceFolder& folder = opened.value();
  HuggingFaceConfig config(path + "/config.json");
  NORMA_RETURN_IF_ERROR(config.parse(folder.config_json()));
  const Result<HuggingFaceDecoder> read = read_decoder(&config);
  if (!read.ok()) return read.status();
  const HuggingFaceDecoder& decoder = read.value();
  HuggingFaceTensors tensors(folder);
  NORMA_RETURN_IF_ERROR(check_sizes(tensors, decoder));
  HuggingFaceModel result;
  NORMA_RETURN_IF_ERROR(read_special_tokens(config, decoder.model.vocab_size, &result));
  result.model = std::make_shared<DecoderOnly>(decoder.model, std::nullopt, decoder.options);
  torch::NoGradGuard no_grad;
  for (auto& item : result.model->named_parameters()) {
    NORMA_RETURN_IF_ERROR(tensors.fill(decoder.place(item.key(), decoder), item.value()));
  }
  if (decoder.model.tie_embeddings) tensors.ignore_below("lm_head.weight");
  for (const std::string& prefix : decoder.ignored) tensors.ignore_below(prefix);
  NORMA_RETURN_IF_ERROR(tensors.expect_no_more());
  result.model->eval();
  return result;
}

}  // namespace norma::models
