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

// x[0, n), n >= 1; eps >= 2^-252. RMSNorm: both parts of the mean are 0.
RowStatistics redo_layer_norm(const float* x, int64_t n, double eps);
RowStatistics redo_rms_norm(const float* x, int64_t n, double eps);

// Whether LayerNorm's x - mean could overflow, so that section 3 halves both sides.
inline bool needs_halving(float rstd) { return rstd < 0x1p-100f; }
void normalize_halved(const float* x, float* y, int64_t n, const float* weight, const float* bias,
                      const RowStatistics& statistics);
// NormKernels::backward_sweep of one such row of LayerNorm.
void sweep_halved(const BackwardArgs& args, int64_t row, Range cols, float g_mean, float gx_mean,
                  float* dweight, float* dbias);

}  // namespace norma::cpu
