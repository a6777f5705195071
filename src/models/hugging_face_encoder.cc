// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face_encoder.h"

#include <fmt/core.h>

#include <map>

#include "models/hugging_face_config.h"
#include "models/parameter_names.h"
#include "models/hugging_face_tensors.h"
#include "weights/hugging_face.h"

namespace norma::models {
namespace {

using weights::HuggingFaceFolder;

Status read_bert(const HuggingFaceConfig& config, ModelConfig* model, EncoderOptions* options,
                 int64_t* padding) {
  model->family = "bert";
  model->norm = "layernorm";
  model->placement = "post";
  NORMA_RETURN_IF_ERROR(config.integer("vocab_size", &model->vocab_size));
  NORMA_RETURN_IF_ERROR(config.integer("hidden_size", &model->d_model));
  NORMA_RETURN_IF_ERROR(config.integer("intermediate_size", &model->ffn));
  NORMA_RETURN_IF_ERROR(config.integer("num_hidden_layers", &model->encoder_layers));
  NORMA_RETURN_IF_ERROR(config.integer("num_attention_heads", &model->heads));
  NORMA_RETURN_IF_ERROR(config.integer("max_position_embeddings", &model->max_length));
  NORMA_RETURN_IF_ERROR(config.integer("type_vocab_size", &options->types));
  NORMA_RETURN_IF_ERROR(config.number(config.root(), "layer_norm_eps", &model->norm_eps));
  NORMA_RETURN_IF_ERROR(config.must_be("position_embedding_type", "absolute"));
  NORMA_RETURN_IF_ERROR(config.must_be("is_decoder", false));
  NORMA_RETURN_IF_ERROR(config.must_be("quantization_config", nullptr));
  const nlohmann::json& activation = config.at("hidden_act");
  options->tanh_gelu = activation == "gelu_new" || activation == "gelu_pytorch_tanh";
  if (!options->tanh_gelu && activation != "gelu") {
    return config.unsupported("hidden_act must be \"gelu\", \"gelu_new\" or "
                              "\"gelu_pytorch_tanh\" but is " +
                              HuggingFaceConfig::shown(activation));
  }
  const nlohmann::json& id = config.at("pad_token_id");
  if (!id.is_null() && !(id.is_number_integer() && id >= 0 && id < model->vocab_size)) {
    return config.damaged(fmt::format(
        "pad_token_id must be a token, from 0 to vocab_size={} - 1, but is {}", model->vocab_size,
        HuggingFaceConfig::shown(id)));
  }
  if (!id.is_null()) *padding = id.get<int64_t>();
  const Status valid = validate(*model);
  return valid.ok() ? valid : config.damaged(valid.message());
}

// transformers' name of a parameter of ours (model.h, encoder_only.h).
std::string bert_name(const std::string& parameter) {
  static const std::map<std::string, std::string> outside = {
      {"embedding.weight", "embeddings.word_embeddings.weight"},
      {"positions.weight", "embeddings.position_embeddings.weight"},
      {"types.weight", "embeddings.token_type_embeddings.weight"},
      {"encoder.norms.embedding.weight", "embeddings.LayerNorm.weight"},
      {"encoder.norms.embedding.bias", "embeddings.LayerNorm.bias"},
      {"pooler.weight", "pooler.dense.weight"},
      {"pooler.bias", "pooler.dense.bias"}};
  static const std::map<std::string, std::string> inside = {
      {"self.q", "attention.self.query"}, {"self.k", "attention.self.key"},
      {"self.v", "attention.self.value"}, {"self.o", "attention.output.dense"},
      {"ffn.w1", "intermediate.dense"},   {"ffn.w2", "output.dense"},
      {"self", "attention.output.LayerNorm"}, {"ffn", "output.LayerNorm"}};
  const auto found = outside.find(parameter);
  if (found != outside.end()) return found->second;
  const ParameterPlace place = place_of_parameter(parameter);
  return "encoder.layer." + std::to_string(place.layer) + "." + inside.at(place.name) + "." +
         place.kind;
}

}  // namespace

bool is_hugging_face_encoder(const std::string& path) {
  return weights::is_hugging_face_folder(path) && model_type_of(path) == "bert";
}

Result<HuggingFaceEncoder> load_hugging_face_encoder(const std::string& path) {
  const Result<HuggingFaceFolder> opened = HuggingFaceFolder::open(path);
  if (!opened.ok()) return opened.status();
  HuggingFaceConfig config(path + "/config.json");
  NORMA_RETURN_IF_ERROR(config.parse(opened.value().config_json()));
  if (config.at("model_type") != "bert") {
    return config.unsupported("model_type of an encoder must be \"bert\" but is " +
                              HuggingFaceConfig::shown(config.at("model_type")));
  }
  HuggingFaceEncoder result;
  ModelConfig model;
  EncoderOptions options;
  options.output = false;
  NORMA_RETURN_IF_ERROR(read_bert(config, &model, &options, &result.padding));

  HuggingFaceTensors tensors(opened.value());
  const std::string words = bert_name("embedding.weight");
  const std::string prefix = !tensors.has(words) && tensors.has("bert." + words) ? "bert." : "";
  options.pooler = tensors.has(prefix + bert_name("pooler.weight"));
  NORMA_RETURN_IF_ERROR(tensors.check({prefix + words}, model.vocab_size, model.d_model));
  NORMA_RETURN_IF_ERROR(tensors.check({prefix + bert_name("positions.weight")}, model.max_length,
                                      model.d_model));
  NORMA_RETURN_IF_ERROR(
      tensors.check({prefix + bert_name("types.weight")}, options.types, model.d_model));
  for (int64_t layer = 0; layer < model.encoder_layers; ++layer) {
    const std::string block = "encoder." + std::to_string(layer);
    NORMA_RETURN_IF_ERROR(tensors.check({prefix + bert_name(block + ".self.q.weight")},
                                        model.d_model, model.d_model));
    NORMA_RETURN_IF_ERROR(
        tensors.check({prefix + bert_name(block + ".ffn.w1.weight")}, model.ffn, model.d_model));
  }
  result.model = std::make_shared<EncoderOnly>(model, std::nullopt, options);
  torch::NoGradGuard no_grad;
  for (auto& item : result.model->named_parameters()) {
    NORMA_RETURN_IF_ERROR(tensors.fill({prefix + bert_name(item.key())}, item.value()));
  }
  if (!prefix.empty()) {
    for (const char* head : {"cls.", "classifier.", "qa_outputs."}) tensors.ignore_below(head);
  }
  NORMA_RETURN_IF_ERROR(tensors.expect_no_more());
  result.model->eval();
  return result;
}

}  // namespace norma::models
