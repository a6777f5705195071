// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A norm and RoPE, the scalar specification: the norm's own, then docs/fused-norms.md as the text
// says it. Every other implementation must have its bits.
#pragma once

#include "core/fused_norm.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept.
void rope_norm_forward(const NormSpec& spec, const RopeForward& args);
void rope_norm_backward(const NormSpec& spec, const RopeBackward& args);

}  // namespace norma::ref
