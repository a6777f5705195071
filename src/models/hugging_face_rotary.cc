// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face_rotary.h"

#include <nlohmann/json.hpp>
#include <string>

namespace norma::models {
namespace {

using nlohmann::json;

// rope_type and what belongs to it, out of rope_scaling or, since transformers 5, rope_parameters.
Status read_rotary_scaling(const HuggingFaceConfig& config, const json& scaling,
                           RotaryOptions* rotary) {
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

}  // namespace

Status read_rotary_base(const HuggingFaceConfig& config, const json& object, const char* key,
                  RotaryOptions* rotary) {
  if (HuggingFaceConfig::at(object, key).is_null()) return {};
  return config.number(object, key, &rotary->base);
}

Status read_rotary(const HuggingFaceConfig& config, DecoderOptions* options) {
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const json& found = config.at(key);
    if (found.is_null() || found.is_object()) continue;
    return config.damaged(std::string(key) + " must be an object or null but is " +
                          HuggingFaceConfig::shown(found));
  }
  const json& parameters = config.at("rope_parameters");
  const json* full = &parameters;
  if (parameters.is_object() && HuggingFaceConfig::at(parameters, kFullAttention).is_object()) {
    full = &HuggingFaceConfig::at(parameters, kFullAttention);
    const json& local = HuggingFaceConfig::at(parameters, kSlidingAttention);
    if (!local.is_object()) return config.damaged("rope_parameters has no sliding_attention");
    options->local_rotary.emplace();
    NORMA_RETURN_IF_ERROR(read_rotary_base(config, local, "rope_theta", &*options->local_rotary));
    NORMA_RETURN_IF_ERROR(read_rotary_scaling(config, local, &*options->local_rotary));
  }
  const bool is_new = parameters.is_object();
  NORMA_RETURN_IF_ERROR(
      read_rotary_base(config, is_new ? *full : config.root(), "rope_theta", &options->rotary));
  const json& scaling = is_new ? *full : config.at("rope_scaling");
  return scaling.is_object() ? read_rotary_scaling(config, scaling, &options->rotary) : Status();
}

}  // namespace norma::models
