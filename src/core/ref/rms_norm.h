// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// RMSNorm and the L2 norm, which divides by another number, the scalar specification: contract
// norma-1 as the text says it, for every type, slow and obvious. Every other implementation must
// have its bits.
#pragma once

#include <cstdint>

#include "core/norm_spec.h"
#include "core/ref/statistics.h"

namespace norma::ref {

// REQUIRES: arguments that the plan's checks accept.
void rms_norm_forward(const NormSpec& spec, const NormForward& args);
void rms_norm_backward(const NormSpec& spec, const NormBackward& args);

// The sum of squares (in q) of a row x[0, n), n >= 1, as tests compare it: of the f32 pass, and of
// the f64 pass that replaces it where the guard refuses.
RowSums rms_norm_sums(const float* x, int64_t n);
RowSums rms_norm_redo_sums(const float* x, int64_t n);

// The backward sum H (in q) of one row; weight may be null.
RowSums rms_norm_backward_sums(const float* x, const float* dy, const float* weight, int64_t n,
                               float rstd);

}  // namespace norma::ref
