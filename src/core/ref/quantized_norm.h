// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A norm with quantised output, the scalar specification: the norm's own, then docs/fused-norms.md
// as the text says it. Every other implementation must have its bits.
#pragma once

#include <cstdint>

#include "core/fused_norm.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept; memory for one row of x's type.
void quantized_norm_forward(const NormSpec& spec, const QuantizedForward& args, void* row_memory);

// |v| <= 448.5, or a NaN, which stays one: to nearest even.
uint8_t to_e4m3(float v);

}  // namespace norma::ref
