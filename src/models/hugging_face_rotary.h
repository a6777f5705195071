// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rotary positions as a config.json of transformers gives them.
#pragma once

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "models/decoder_only.h"
#include "models/hugging_face_config.h"

namespace norma::models {

inline constexpr char kSlidingAttention[] = "sliding_attention";
inline constexpr char kFullAttention[] = "full_attention";

// Of rope_parameters, which transformers has since version 5, or of rope_theta and rope_scaling
// before it: the base and how longer texts are made to fit, of layers with a window on their own
// where they are there. A missing key leaves what `options` has.
Status read_rotary(const HuggingFaceConfig& config, DecoderOptions* options);

// The base alone, under `key`.
Status read_rotary_base(const HuggingFaceConfig& config, const nlohmann::json& object,
                        const char* key, RotaryOptions* rotary);

}  // namespace norma::models
