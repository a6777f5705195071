// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A norm and a gate, the scalar specification: the norm's own, then docs/fused-norms.md as the text
// says it. Every other implementation must have its bits.
#pragma once

#include "core/fused_norm.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept.
void gated_norm_forward(const NormSpec& spec, const GatedForward& args);
void gated_norm_backward(const NormSpec& spec, const GatedBackward& args);

}  // namespace norma::ref
