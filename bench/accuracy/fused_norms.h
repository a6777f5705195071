// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What follows a norm in the same call, measured against the bounds of docs/fused-norms.md. The
// norm is RMSNorm without a weight.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "bench/accuracy/elements.h"
#include "core/fused_norm.h"

namespace norma::accuracy {

// The family is the gates'.
Status measure_gate(ElementEntry* entry, int64_t rows);
// y from z as it is stored; dx from x and dy.
Status measure_rope(ElementEntry* entry, int64_t rows);
// In steps: of the scale for int8, of the value's own for e4m3.
Status measure_quantized(QuantFormat format, ElementEntry* entry, int64_t rows);

}  // namespace norma::accuracy
