// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face_decoders.h"

#include <fmt/core.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "models/parameter_names.h"
#include "models/hugging_face_rotary.h"
#include "models/norma_folder.h"

namespace norma::models {
namespace {

using nlohmann::json;

// Elements of the rotary tables, which no tensor of the folder bears out.
constexpr int64_t kMostPositions = 1 << 26;

// What all but GPT-2 have.
Status read_sizes(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  ModelConfig& model = decoder->model;
  model.family = "llama";
  model.norm = "rmsnorm";
  model.encoder_layers = 0;
  NORMA_RETURN_IF_ERROR(config.integer("vocab_size", &model.vocab_size));
  NORMA_RETURN_IF_ERROR(config.integer("hidden_size", &model.d_model));
  NORMA_RETURN_IF_ERROR(config.integer("intermediate_size", &model.ffn));
  NORMA_RETURN_IF_ERROR(config.integer("num_hidden_layers", &model.decoder_layers));
  NORMA_RETURN_IF_ERROR(config.integer("num_attention_heads", &model.heads));
  model.kv_heads = model.heads;
  if (!config.at("num_key_value_heads").is_null()) {
    NORMA_RETURN_IF_ERROR(config.integer("num_key_value_heads", &model.kv_heads));
  }
  NORMA_RETURN_IF_ERROR(config.integer("max_position_embeddings", &model.max_length));
  NORMA_RETURN_IF_ERROR(config.number(config.root(), "rms_norm_eps", &model.norm_eps));
  NORMA_RETURN_IF_ERROR(config.flag("tie_word_embeddings", &model.tie_embeddings));
  NORMA_RETURN_IF_ERROR(config.must_be("partial_rotary_factor", 1.0));
  NORMA_RETURN_IF_ERROR(config.must_be("quantization_config", nullptr));
  NORMA_RETURN_IF_ERROR(config.must_be("attention_bias", false));
  NORMA_RETURN_IF_ERROR(config.must_be("mlp_bias", false));
  if (const Status valid = validate(model); !valid.ok()) return config.damaged(valid.message());
  NORMA_RETURN_IF_ERROR(read_head_width(config, decoder));
  return read_rotary(config, &decoder->options);
}

// Layers that see a window alone: by name, or each but the last of `pattern`.
Status read_windows(const HuggingFaceConfig& config, int64_t pattern, HuggingFaceDecoder* decoder) {
  int64_t window = 0;
  NORMA_RETURN_IF_ERROR(config.integer("sliding_window", &window));
  const json& types = config.at("layer_types");
  const auto layers = static_cast<size_t>(decoder->model.decoder_layers);
  if (!types.is_null() && !(types.is_array() && types.size() == layers)) {
    return config.damaged(fmt::format("layer_types must be a list of {} names", layers));
  }
  for (size_t layer = 0; layer < layers; ++layer) {
    const json type = !types.is_null()                                     ? types[layer]
                      : (static_cast<int64_t>(layer) + 1) % pattern != 0 ? json(kSlidingAttention)
                                                                           : json(kFullAttention);
    if (type != kSlidingAttention && type != kFullAttention) {
      return config.unsupported("layer_types must be sliding_attention or full_attention but has " +
                                HuggingFaceConfig::shown(type));
    }
    decoder->options.windows.push_back(type == kSlidingAttention ? window : 0);
  }
  return {};
}

Status read_llama(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  decoder->model.placement = "pre";
  decoder->model.tie_embeddings = false;
  NORMA_RETURN_IF_ERROR(config.must_be("hidden_act", "silu"));
  return read_sizes(config, decoder);
}

Status read_olmo2(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  decoder->model.placement = "olmo2";
  decoder->model.qk_norm = "full";
  decoder->model.tie_embeddings = false;
  NORMA_RETURN_IF_ERROR(config.must_be("hidden_act", "silu"));
  return read_sizes(config, decoder);
}

Status read_qwen3(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  decoder->model.placement = "pre";
  decoder->model.qk_norm = "head";
  decoder->model.tie_embeddings = false;
  decoder->options.head_width = 128;
  NORMA_RETURN_IF_ERROR(config.must_be("hidden_act", "silu"));
  NORMA_RETURN_IF_ERROR(config.must_be("use_sliding_window", false));
  return read_sizes(config, decoder);
}

Status read_gemma(const HuggingFaceConfig& config, int64_t pattern, HuggingFaceDecoder* decoder) {
  DecoderOptions& options = decoder->options;
  decoder->model.placement = "peri";
  decoder->model.tie_embeddings = true;
  options.head_width = 256;
  options.geglu = true;
  const char* const act =
      config.at("hidden_activation").is_null() ? "hidden_act" : "hidden_activation";
  NORMA_RETURN_IF_ERROR(config.must_be(act, "gelu_pytorch_tanh"));
  const json& both_ways = config.at("use_bidirectional_attention");
  if (!both_ways.is_null() && both_ways != false) {
    return config.unsupported("use_bidirectional_attention must be false but is " +
                              HuggingFaceConfig::shown(both_ways));
  }
  NORMA_RETURN_IF_ERROR(read_sizes(config, decoder));
  options.embedding_scale = std::sqrt(static_cast<float>(decoder->model.d_model));
  double scalar = 0;
  NORMA_RETURN_IF_ERROR(config.number(config.root(), "query_pre_attn_scalar", &scalar));
  options.attention_scale = 1 / std::sqrt(scalar);
  if (!config.at("attn_logit_softcapping").is_null()) {
    NORMA_RETURN_IF_ERROR(config.number(config.root(), "attn_logit_softcapping",
                                        &options.attention_softcap));
  }
  if (!config.at("final_logit_softcapping").is_null()) {
    NORMA_RETURN_IF_ERROR(config.number(config.root(), "final_logit_softcapping",
                                        &options.logit_softcap));
  }
  return read_windows(config, pattern, decoder);
}

Status read_gemma2(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  return read_gemma(config, 2, decoder);
}

Status read_gemma3(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  decoder->model.qk_norm = "head";
  int64_t pattern = 6;
  if (!config.at("sliding_window_pattern").is_null()) {
    NORMA_RETURN_IF_ERROR(config.integer("sliding_window_pattern", &pattern));
  }
  // Their values where an older config.json leaves them out.
  decoder->options.rotary.base = 1e6;
  RotaryOptions local;
  NORMA_RETURN_IF_ERROR(read_rotary_base(config, config.root(), "rope_local_base_freq", &local));
  NORMA_RETURN_IF_ERROR(read_gemma(config, pattern, decoder));
  if (!decoder->options.local_rotary) decoder->options.local_rotary = local;
  return {};
}

Status read_gpt2(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  ModelConfig& model = decoder->model;
  model.family = "gpt";
  model.norm = "layernorm";
  model.placement = "pre";
  model.encoder_layers = 0;
  model.tie_embeddings = true;
  NORMA_RETURN_IF_ERROR(config.integer("vocab_size", &model.vocab_size));
  NORMA_RETURN_IF_ERROR(config.integer("n_embd", &model.d_model));
  NORMA_RETURN_IF_ERROR(config.integer("n_layer", &model.decoder_layers));
  NORMA_RETURN_IF_ERROR(config.integer("n_head", &model.heads));
  NORMA_RETURN_IF_ERROR(config.integer("n_positions", &model.max_length));
  NORMA_RETURN_IF_ERROR(config.number(config.root(), "layer_norm_epsilon", &model.norm_eps));
  model.ffn = 4 * model.d_model;
  if (!config.at("n_inner").is_null()) {
    NORMA_RETURN_IF_ERROR(config.integer("n_inner", &model.ffn));
  }
  NORMA_RETURN_IF_ERROR(config.flag("tie_word_embeddings", &model.tie_embeddings));
  const json& activation = config.at("activation_function");
  decoder->options.erf_gelu = activation == "gelu";
  if (activation != "gelu_pytorch_tanh" && activation != "gelu") {
    NORMA_RETURN_IF_ERROR(config.must_be("activation_function", "gelu_new"));
  }
  NORMA_RETURN_IF_ERROR(config.must_be("scale_attn_weights", true));
  NORMA_RETURN_IF_ERROR(config.must_be("scale_attn_by_inverse_layer_idx", false));
  NORMA_RETURN_IF_ERROR(config.must_be("add_cross_attention", false));
  NORMA_RETURN_IF_ERROR(config.must_be("quantization_config", nullptr));
  const Status valid = validate(model);
  return valid.ok() ? valid : config.damaged(valid.message());
}

using Names = std::map<std::string, std::string>;

// Of the architectures with LLaMA's names for all but the norms of a block.
HuggingFaceTensor place_with(const Names& norms, const std::string& parameter,
                             const HuggingFaceDecoder& decoder) {
  static const Names outside = {{"embedding.weight", "model.embed_tokens.weight"},
                                {"output.weight", "lm_head.weight"},
                                {"decoder.norms.final.weight", "model.norm.weight"}};
  static const Names inside = {{"ffn.w1", "mlp.gate_proj"}, {"ffn.w2", "mlp.down_proj"},
                               {"ffn.w3", "mlp.up_proj"},   {"self.q", "self_attn.q_proj"},
                               {"self.k", "self_attn.k_proj"}, {"self.v", "self_attn.v_proj"},
                               {"self.o", "self_attn.o_proj"}, {"self_q", "self_attn.q_norm"},
                               {"self_k", "self_attn.k_norm"}};
  const bool plus_one =
      decoder.options.geglu && parameter.find(".norms.") != std::string::npos;
  if (const auto found = outside.find(parameter); found != outside.end()) {
    return {.name = found->second, .plus_one = plus_one};
  }
  const ParameterPlace place = place_of_parameter(parameter);
  const auto norm = norms.find(place.name);
  HuggingFaceTensor result;
  result.name = "model.layers." + std::to_string(place.layer) + "." +
                (norm != norms.end() ? norm->second : inside.at(place.name)) + "." + place.kind;
  result.plus_one = plus_one;
  const bool per_head = decoder.model.qk_norm == "head";
  if (place.name == "self.q") result.heads = decoder.model.heads;
  if (place.name == "self.k") result.heads = decoder.model.kv_heads;
  if (place.name == "self_q") result.heads = per_head ? 1 : decoder.model.heads;
  if (place.name == "self_k") result.heads = per_head ? 1 : decoder.model.kv_heads;
  return result;
}

HuggingFaceTensor place_llama(const std::string& parameter, const HuggingFaceDecoder& decoder) {
  static const Names norms = {{"self", "input_layernorm"}, {"ffn", "post_attention_layernorm"}};
  return place_with(norms, parameter, decoder);
}

HuggingFaceTensor place_olmo2(const std::string& parameter, const HuggingFaceDecoder& decoder) {
  static const Names norms = {{"self", "post_attention_layernorm"},
                              {"ffn", "post_feedforward_layernorm"}};
  return place_with(norms, parameter, decoder);
}

HuggingFaceTensor place_gemma(const std::string& parameter, const HuggingFaceDecoder& decoder) {
  static const Names norms = {{"self", "input_layernorm"},
                              {"self_out", "post_attention_layernorm"},
                              {"ffn", "pre_feedforward_layernorm"},
                              {"ffn_out", "post_feedforward_layernorm"}};
  return place_with(norms, parameter, decoder);
}

HuggingFaceTensor place_gpt2(const std::string& parameter, const HuggingFaceDecoder&) {
  static const Names outside = {{"embedding.weight", "transformer.wte.weight"},
                                {"positions.weight", "transformer.wpe.weight"},
                                {"output.weight", "lm_head.weight"},
                                {"decoder.norms.final.weight", "transformer.ln_f.weight"},
                                {"decoder.norms.final.bias", "transformer.ln_f.bias"}};
  static const Names inside = {{"self.q", "attn.c_attn"}, {"self.k", "attn.c_attn"},
                               {"self.v", "attn.c_attn"}, {"self.o", "attn.c_proj"},
                               {"ffn.w1", "mlp.c_fc"},    {"ffn.w2", "mlp.c_proj"},
                               {"self", "ln_1"},          {"ffn", "ln_2"}};
  if (const auto found = outside.find(parameter); found != outside.end()) {
    return {.name = found->second};
  }
  const ParameterPlace place = place_of_parameter(parameter);
  HuggingFaceTensor result;
  result.name = "transformer.h." + std::to_string(place.layer) + "." + inside.at(place.name) +
                "." + place.kind;
  result.transposed = place.kind == "weight" && place.name.find('.') != std::string::npos;
  if (result.name.find(".c_attn.") != std::string::npos) {
    result.parts = 3;
    result.part = place.name == "self.q" ? 0 : place.name == "self.k" ? 1 : 2;
  }
  return result;
}

constexpr char kSeeingType[] = "gemma3";

// Gemma 3 that also sees: its text model, whose config.json leaves out what is as in its 4B model.
Status read_seeing_gemma3(HuggingFaceConfig* config, HuggingFaceDecoder* decoder) {
  static const json defaults = {
      {"vocab_size", 262208},       {"num_attention_heads", 8},
      {"num_key_value_heads", 4},   {"head_dim", 256},
      {"hidden_size", 2304},        {"intermediate_size", 9216},
      {"num_hidden_layers", 26},    {"max_position_embeddings", 131072},
      {"rms_norm_eps", 1e-6},       {"query_pre_attn_scalar", 256},
      {"sliding_window", 4096},     {"hidden_activation", "gelu_pytorch_tanh"},
      {"bos_token_id", 2},          {"eos_token_id", 1},
  };
  NORMA_RETURN_IF_ERROR(config->descend("text_config", defaults));
  decoder->ignored = {"vision_tower.", "multi_modal_projector.", "language_model.lm_head."};
  return read_gemma3(*config, decoder);
}

HuggingFaceTensor place_seeing_gemma3(const std::string& parameter,
                                      const HuggingFaceDecoder& decoder) {
  HuggingFaceTensor tensor = place_gemma(parameter, decoder);
  tensor.name = "language_model." + tensor.name;
  return tensor;
}

struct Architecture {
  const char* type;
  Status (*read)(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder);
  HuggingFaceTensor (*place)(const std::string& parameter, const HuggingFaceDecoder& decoder);
};

constexpr Architecture kArchitectures[] = {
    {"llama", read_llama, place_llama},   {"gpt2", read_gpt2, place_gpt2},
    {"olmo2", read_olmo2, place_olmo2},   {"qwen3", read_qwen3, place_llama},
    {"gemma2", read_gemma2, place_gemma}, {"gemma3_text", read_gemma3, place_gemma},
    {kNormaModelType, read_norma_decoder, place_norma_decoder}};

}  // namespace

Status read_head_width(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder) {
  if (!config.at("head_dim").is_null()) {
    NORMA_RETURN_IF_ERROR(config.integer("head_dim", &decoder->options.head_width));
    if (decoder->options.head_width % 2 != 0) {
      return config.damaged(fmt::format("head_dim must be even but is {}",
                                        decoder->options.head_width));
    }
  }
  constexpr int64_t kMostLength = 1 << 20;
  const int64_t length = decoder->model.max_length;
  if (length > kMostLength) {
    return config.unsupported(fmt::format(
        "max_position_embeddings must be at most {} but is {}", kMostLength, length));
  }
  if (length > kMostPositions / decoder->head_width()) {
    return config.unsupported(fmt::format(
        "max_position_embeddings={} times the width of a head, {}, must be at most {}", length,
        decoder->head_width(), kMostPositions));
  }
  return {};
}

Result<HuggingFaceDecoder> read_decoder(HuggingFaceConfig* config) {
  const json type = config->at("model_type");
  std::string known = kSeeingType;
  if (type == kSeeingType) {
    HuggingFaceDecoder decoder;
    decoder.place = place_seeing_gemma3;
    NORMA_RETURN_IF_ERROR(read_seeing_gemma3(config, &decoder));
    return decoder;
  }
  for (const Architecture& architecture : kArchitectures) {
    known += std::string(", ") + architecture.type;
    if (type != architecture.type) continue;
    HuggingFaceDecoder decoder;
    decoder.place = architecture.place;
    NORMA_RETURN_IF_ERROR(architecture.read(*config, &decoder));
    return decoder;
  }
  return config->unsupported("model_type must be one of " + known + " but is " +
                            HuggingFaceConfig::shown(type));
}

}  // namespace norma::models
