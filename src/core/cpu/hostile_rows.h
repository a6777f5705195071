// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The rows that take other formulas (contract norma-1, sections 2 and 3): statistics once more in
// f64 where the guard refuses the f32 pass, and halves where the deviation is near the top of the
// range.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/cpu/kernels.h"

namespace norma::cpu {

// rstd with eps beside the root of v, of accepted rows and of redone ones; a NaN stays.
inline float rstd_beside(const StatisticsRule& rule, double v) {
  const double s = std::sqrt(v), eps = rule.eps_beside;
  const bool outside = rule.eps_mode == EpsMode::kOutside;
  return static_cast<float>(1.0 / (outside ? s + eps : s < eps ? eps : s));
}
// What h is multiplied by where eps is not inside the root: rstd does not follow the deviation then
// as it does with eps inside.
double share_of_deviation(const StatisticsRule& rule, float rstd);

// Section 1 in f64: the sum of x[0, n).
double sum_in_f64(const float* x, int64_t n);

// All of T = float, BFloat16 and Float16.

// x[0, rule.cols). RMSNorm and L2 norm: both parts of the mean are 0.
template <typename T>
RowStatistics redo_layer_norm(const T* x, const StatisticsRule& rule);
template <typename T>
RowStatistics redo_rms_norm(const T* x, const StatisticsRule& rule);
template <typename T>
RowStatistics redo_crms_norm(const T* x, const StatisticsRule& rule);

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
