// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm, the scalar specification: docs/channel-norms.md as the text says it, for f32 and f64,
// slow and obvious. Every other implementation must have its bits.
#pragma once

#include "core/channel_norm.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept, every dtype that of x, and that f32 or f64.
void batch_norm_forward(const BatchNormSpec& spec, const BatchNormForward& args);
void batch_norm_backward(const BatchNormSpec& spec, const BatchNormBackward& args);

}  // namespace norma::ref
