// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The vocabulary of the core: which norm is meant, and the arguments of its forward and
// backward pass.
//
// LayerNorm (Ba, Kiros, Hinton 2016, eq. 4):
//   y = (x - mean) * rstd * weight + bias, rstd = 1/sqrt(var + eps), var biased.
// RMSNorm (Zhang, Sennrich 2019, eq. 4):
//   y = x * rstd * weight + bias, rstd = 1/sqrt(mean(x^2) + eps).
// L2 norm: RMSNorm with the sum of squares in place of their mean, rstd = 1/max(|x|, eps) unless
// told otherwise; with one weight for all columns ScaleNorm (Nguyen, Salazar 2019).
// CRMSNorm (Jiang, Gu, Zhu, Pan 2023): RMSNorm of a vector of mean 0 whose last element, minus the
// sum of the others, is not stored: rstd = 1/sqrt((sum(x^2) + sum(x)^2)/(cols + 1) + eps).
// Every rounding is fixed by the contract norma-1 (docs/numerics.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/rows_view.h"

namespace norma {

enum class NormKind : int32_t { kLayerNorm = 0, kRmsNorm = 1, kL2Norm = 2, kCrmsNorm = 3 };

constexpr const char* name_of(NormKind kind) {
  switch (kind) {
    case NormKind::kLayerNorm:
      return "layer_norm";
    case NormKind::kRmsNorm:
      return "rms_norm";
    case NormKind::kL2Norm:
      return "l2_norm";
    case NormKind::kCrmsNorm:
      return "crms_norm";
  }
  return "norm";
}

// Where eps stands. sigma: the root of the variance, of the mean of squares, or of their sum.
enum class EpsMode : int32_t {
  kDefault = 0,  // kInside, and for the L2 norm kClamp
  kOutside = 1,  // rstd = 1/(sigma + eps)
  kClamp = 2,    // rstd = 1/max(sigma, eps)
  kInside = 3,   // rstd = 1/sqrt(sigma^2 + eps)
};

struct NormSpec {
  NormKind kind = NormKind::kLayerNorm;
  double eps = 1e-5;  // finite, >= 0; inside the root, below 2^-252 it is taken as 2^-252
  // Gemma's dialect: 1 + weight, worked in the statistics' type, stands wherever weight does.
  bool weight_plus_one = false;
  // LLaMA's dialect: xhat is rounded to y's type before it is multiplied by the weight. The
  // backward pass sees through the rounding.
  bool round_before_weight = false;
  // The backward pass needs it, and where eps is not inside the root eps itself, too.
  EpsMode eps_mode = EpsMode::kDefault;
  // Partial RMSNorm (Zhang, Sennrich 2019, section 4): the statistics are those of the first
  // columns of a row alone; 0 is all of them. RMSNorm's and the L2 norm's.
  int64_t statistic_cols = 0;
};

constexpr EpsMode eps_mode_of(const NormSpec& spec) {
  if (spec.eps_mode != EpsMode::kDefault) return spec.eps_mode;
  return spec.kind == NormKind::kL2Norm ? EpsMode::kClamp : EpsMode::kInside;
}
constexpr int64_t statistic_cols_of(const NormSpec& spec, int64_t cols) {
  return spec.statistic_cols == 0 ? cols : spec.statistic_cols;
}
// What the sums of a row are divided by.
constexpr int64_t divisor_of(const NormSpec& spec, int64_t cols) {
  if (spec.kind == NormKind::kL2Norm) return 1;
  return spec.kind == NormKind::kCrmsNorm ? cols + 1 : statistic_cols_of(spec, cols);
}

constexpr bool saves_mean_hi(NormKind kind) {
  return kind == NormKind::kLayerNorm || kind == NormKind::kCrmsNorm;
}
constexpr bool saves_mean_lo(NormKind kind) { return kind == NormKind::kLayerNorm; }

constexpr DType dtype_of_statistics(DType rows) {
  return rows == DType::kF64 ? DType::kF64 : DType::kF32;
}

// What the forward pass saves for the backward pass, one value a row. f32, or f64 where x is f64.
// RMSNorm and the L2 norm have rstd only; CRMSNorm has rstd and, as mean_hi, its sum times rstd. In
// the forward pass each may be null: then it is not stored.
struct Statistics {
  void* mean_hi = nullptr;
  void* mean_lo = nullptr;
  void* rstd = nullptr;
};
struct ConstStatistics {
  const void* mean_hi = nullptr;
  const void* mean_lo = nullptr;
  const void* rstd = nullptr;
};

// Types: y has x's. weight and bias have one type, x's or f32 (f64 rows: f64).
struct NormForward {
  ConstRowsView x;
  ConstVectorView weight;  // absent: not multiplied; the L2 norm's may be one for all columns
  ConstVectorView bias;    // absent: not added
  RowsView y;              // may be x itself (same data and stride); any other overlap is refused
  Statistics statistics;
  // Where there is a residual, sum = x + residual_scale * residual is stored, rounded to its type,
  // and the stored sum is what is normalised. y and sum may each be x or the residual itself.
  ConstRowsView residual = {};
  RowsView sum = {};
  float residual_scale = 1;
};

// dx and each parameter gradient are computed where their data is not null, and overwritten,
// never added to. Types: dy and dx have x's; each of weight, dweight and dbias x's or f32 (f64
// rows: f64).
struct NormBackward {
  ConstRowsView x;
  ConstRowsView dy;
  ConstVectorView weight;
  ConstStatistics statistics;  // as the forward pass saved them
  RowsView dx;                 // may be dy itself
  VectorView dweight;          // of weight's size, where there is a weight
  VectorView dbias;
  // Where the forward pass had a residual: x is its sum, dx the gradient of the sum and so of x,
  // dresidual = residual_scale * dx that of the residual. dsum, what the sum's other uses give, is
  // added to dx. Each may be absent.
  ConstRowsView dsum = {};
  RowsView dresidual = {};
  float residual_scale = 1;
};

}  // namespace norma
