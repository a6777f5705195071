// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// GroupNorm, the scalar specification: docs/channel-norms.md as the text says it, for f32 and f64,
// slow and obvious. Every other implementation must have its bits.
#pragma once

#include "core/channel_norm.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept, every dtype that of x, and that f32 or f64.
void group_norm_forward(const GroupNormSpec& spec, const GroupNormForward& args);
void group_norm_backward(const GroupNormSpec& spec, const GroupNormBackward& args);

}  // namespace norma::ref
