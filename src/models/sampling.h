// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Drawing the next token from logits.
#pragma once

#include <cstdint>
#include <span>

#include "base/random.h"

namespace norma::models {

// temperature 0: the token with the highest logit, the first of equals. Else softmax(logits /
// temperature), of which top_p in (0, 1) keeps the fewest tokens that together have at least top_p
// (nucleus sampling, Holtzman et al. 2020), renormalised; any other top_p keeps all. One number of
// `random` a draw. Throws NotFinite where a logit is NaN, the highest infinite or all are -inf.
// REQUIRES: logits not empty, temperature >= 0.
int32_t sample_token(std::span<const float> logits, double temperature, double top_p,
                     SplitMix64& random);

}  // namespace norma::models
