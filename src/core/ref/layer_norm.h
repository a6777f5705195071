// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// LayerNorm, the scalar specification: contract norma-1 as the text says it, for every type, slow
// and obvious. Every other implementation must have its bits.
#pragma once

#include <cstdint>

#include "core/norm_spec.h"
#include "core/ref/statistics.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept.
void layer_norm_forward(const NormSpec& spec, const NormForward& args);
void layer_norm_backward(const NormSpec& spec, const NormBackward& args);

// The sums of a row x[0, n), n >= 1, as tests compare them: of the f32 pass, and of the f64 pass
// that replaces it where the guard refuses.
RowSums layer_norm_sums(const float* x, int64_t n);
RowSums layer_norm_redo_sums(const float* x, int64_t n);

// The backward sums G (in s) and H (in q) of one row; weight may be null.
RowSums layer_norm_backward_sums(const float* x, const float* dy, const float* weight, int64_t n,
                                 float mean_hi, float mean_lo, float rstd);

}  // namespace norma::ref
