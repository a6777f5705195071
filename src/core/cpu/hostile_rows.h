// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The rows that take other formulas (contract norma-1, sections 2 and 3): statistics once more in
// f64 where the guard refuses the f32 pass, and halves where the deviation is near the top of the
// range.
#pragma once

#include <cstdint>

#include "core/cpu/kernels.h"

namespace norma::cpu {

struct RowStatistics {
  float mean_hi, mean_lo, rstd;
};

// All of T = float, BFloat16 and Float16.

// x[0, n), n >= 1; eps >= 2^-252. RMSNorm: both parts of the mean are 0.
template <typename T>
RowStatistics redo_layer_norm(const T* x, int64_t n, double eps);
template <typename T>
RowStatistics redo_rms_norm(const T* x, int64_t n, double eps);

// Whether LayerNorm's x - mean could overflow, so that section 3 halves both sides.
inline bool needs_halving(float rstd) { return rstd < 0x1p-100f; }
// NormKernels::forward of one such row of LayerNorm, statistics known.
template <typename T>
void normalize_halved(const ForwardArgs& args, int64_t row, const RowStatistics& statistics);
// NormKernels::backward_sweep of one such row of LayerNorm.
template <typename T>
void sweep_halved(const BackwardArgs& args, int64_t row, Range cols, float g_mean, float gx_mean,
                  float* dweight, float* dbias);

}  // namespace norma::cpu
