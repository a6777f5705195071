// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face.h"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "models/hugging_face_config.h"
#include "models/hugging_face_tensors.h"
#include "weights/hugging_face.h"

namespace norma::models {
namespace {

using nlohmann::json;
using weights::HuggingFaceFolder;

// Elements of the rotary tables, which no tensor of the folder bears out.
constexpr int64_t kMostPositions = 1 << 26;

// rope_parameters since transformers 5, before it rope_theta and rope_scaling.
Status read_rotary(const HuggingFaceConfig& config, RotaryOptions* rotary) {
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const json& found = config.at(key);
    if (found.is_null() || found.is_object()) continue;
    return config.damaged(std::string(key) + " must be an object or null but is " +
                          HuggingFaceConfig::shown(found));
  }
  const json& parameters = config.at("rope_parameters");
  const bool is_new = parameters.is_object();
  const json& theta_at = is_new ? parameters : config.root();
  if (!HuggingFaceConfig::at(theta_at, "rope_theta").is_null()) {
    NORMA_RETURN_IF_ERROR(config.number(theta_at, "rope_theta", &rotary->base));
  }
  const json& scaling = is_new ? parameters : config.at("rope_scaling");
  if (!scaling.is_object()) return {};
  json type = HuggingFaceConfig::at(scaling, "rope_type");
  if (type.is_null()) type = HuggingFaceConfig::at(scaling, "type");
  if (type.is_null() && !HuggingFaceConfig::at(scaling, "factor").is_null()) {
    return config.damaged("the RoPE scaling has a factor and no rope_type");
  }
  if (type.is_null() || type == "default") return {};
  if (type != "linear" && type != "llama3") {
    return config.unsupported("the RoPE scaling must be linear or llama3 but is " +
                              HuggingFaceConfig::shown(type));
  }
  NORMA_RETURN_IF_ERROR(config.number(scaling, "factor", &rotary->factor));
  if (type == "linear") return {};
  NORMA_RETURN_IF_ERROR(config.number(scaling, "original_max_position_embeddings",
                                      &rotary->original_positions));
  NORMA_RETURN_IF_ERROR(config.number(scaling, "low_freq_factor", &rotary->low_frequency));
  NORMA_RETURN_IF_ERROR(config.number(scaling, "high_freq_factor", &rotary->high_frequency));
  if (rotary->high_frequency > rotary->low_frequency) return {};
  return config.damaged("high_freq_factor must be above low_freq_factor");
}

Status read_llama(const HuggingFaceConfig& config, ModelConfig* model, RotaryOptions* rotary) {
  model->family = "llama";
  model->norm = "rmsnorm";
  model->placement = "pre";
  model->encoder_layers = 0;
  NORMA_RETURN_IF_ERROR(config.integer("vocab_size", &model->vocab_size));
  NORMA_RETURN_IF_ERROR(config.integer("hidden_size", &model->d_model));
  NORMA_RETURN_IF_ERROR(config.integer("intermediate_size", &model->ffn));
  NORMA_RETURN_IF_ERROR(config.integer("num_hidden_layers", &model->decoder_layers));
  NORMA_RETURN_IF_ERROR(config.integer("num_attention_heads", &model->heads));
  model->kv_heads = model->heads;
  if (!config.at("num_key_value_heads").is_null()) {
    NORMA_RETURN_IF_ERROR(config.integer("num_key_value_heads", &model->kv_heads));
  }
  NORMA_RETURN_IF_ERROR(config.integer("max_position_embeddings", &model->max_length));
  NORMA_RETURN_IF_ERROR(config.number(config.root(), "rms_norm_eps", &model->norm_eps));
  const json& tied = config.at("tie_word_embeddings");
  if (!tied.is_null() && !tied.is_boolean()) {
    return config.damaged("tie_word_embeddings must be true or false but is " +
                          HuggingFaceConfig::shown(tied));
  }
  model->tie_embeddings = tied == true;
  NORMA_RETURN_IF_ERROR(config.must_be("partial_rotary_factor", 1.0));
  NORMA_RETURN_IF_ERROR(config.must_be("quantization_config", nullptr));
  NORMA_RETURN_IF_ERROR(config.must_be("hidden_act", "silu"));
  NORMA_RETURN_IF_ERROR(config.must_be("attention_bias", false));
  NORMA_RETURN_IF_ERROR(config.must_be("mlp_bias", false));
  if (const Status valid = validate(*model); !valid.ok()) return config.damaged(valid.message());
  const int64_t width = model->d_model / model->heads;
  NORMA_RETURN_IF_ERROR(config.must_be("head_dim", width));
  constexpr int64_t kMostLength = 1 << 20;
  if (model->max_length > kMostLength) {
    return config.unsupported(
        fmt::format("max_position_embeddings must be at most {} but is {}", kMostLength,
                    model->max_length));
  }
  if (model->max_length > kMostPositions / width) {
    return config.unsupported(fmt::format(
        "max_position_embeddings={} times the width of a head, {}, must be at most {}",
        model->max_length, width, kMostPositions));
  }
  return read_rotary(config, rotary);
}

Status read_special_tokens(const HuggingFaceConfig& config, int64_t vocab_size,
                           HuggingFaceModel* result) {
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
  } else if (vocab_size <= 2) {
    return config.damaged("vocab_size must be above 2, the tokens that begin and end a text");
  }
  const json& eos = config.at("eos_token_id");
  if (eos.is_null()) {
    result->ends = {2};
    return {};
  }
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

// transformers' name of a parameter of ours (model.h).
std::string llama_name(const std::string& parameter) {
  if (parameter == "embedding.weight") return "model.embed_tokens.weight";
  if (parameter == "output.weight") return "lm_head.weight";
  if (parameter == "decoder.norms.final.weight") return "model.norm.weight";
  std::vector<std::string> part;
  std::istringstream stream(parameter);
  for (std::string word; std::getline(stream, word, '.');) part.push_back(word);
  TORCH_CHECK(part.size() == 5, "[hugging_face] no name for the parameter ", parameter, ".");
  if (part[1] == "norms") {
    return "model.layers." + part[2] +
           (part[3] == "self" ? ".input_layernorm.weight" : ".post_attention_layernorm.weight");
  }
  const std::string layer = "model.layers." + part[1];
  if (part[2] == "self") return layer + ".self_attn." + part[3] + "_proj.weight";
  const char* const name = part[3] == "w1" ? "gate" : part[3] == "w2" ? "down" : "up";
  return layer + ".mlp." + name + "_proj.weight";
}

// Before the model is made, which must not ask for more memory than the tensors bear out.
Status check_sizes(const HuggingFaceTensors& tensors, const ModelConfig& model) {
  NORMA_RETURN_IF_ERROR(
      tensors.check(llama_name("embedding.weight"), model.vocab_size, model.d_model));
  for (int64_t layer = 0; layer < model.decoder_layers; ++layer) {
    const std::string block = "decoder." + std::to_string(layer);
    NORMA_RETURN_IF_ERROR(
        tensors.check(llama_name(block + ".self.q.weight"), model.d_model, model.d_model));
    NORMA_RETURN_IF_ERROR(
        tensors.check(llama_name(block + ".ffn.w1.weight"), model.ffn, model.d_model));
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
  if (config.at("model_type") != "llama") {
    return config.unsupported("model_type must be \"llama\" but is " +
                              HuggingFaceConfig::shown(config.at("model_type")));
  }
  ModelConfig model_config;
  DecoderOptions options;
  NORMA_RETURN_IF_ERROR(read_llama(config, &model_config, &options.rotary));
  HuggingFaceTensors tensors(folder);
  NORMA_RETURN_IF_ERROR(check_sizes(tensors, model_config));
  HuggingFaceModel result;
  NORMA_RETURN_IF_ERROR(read_special_tokens(config, model_config.vocab_size, &result));
  result.model = std::make_shared<DecoderOnly>(model_config, std::nullopt, options);
  torch::NoGradGuard no_grad;
  for (auto& item : result.model->named_parameters()) {
    const std::string name = llama_name(item.key());
    const int64_t heads = name.ends_with("q_proj.weight")   ? model_config.heads
                          : name.ends_with("k_proj.weight") ? model_config.kv_heads
                                                            : 0;
    NORMA_RETURN_IF_ERROR(tensors.fill({.name = name, .heads = heads}, item.value()));
  }
  if (model_config.tie_embeddings) tensors.ignore_below("lm_head.weight");
  NORMA_RETURN_IF_ERROR(tensors.expect_no_more());
  result.model->eval();
  return result;
}

}  // namespace norma::models
