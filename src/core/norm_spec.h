// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The vocabulary of the core: which norm is meant, and the arguments of its forward and
// backward pass.
//
// LayerNorm (Ba, Kiros, Hinton 2016, eq. 4):
//   y = (x - mean) * rstd * weight + bias, rstd = 1/sqrt(var + eps), var biased.
// RMSNorm (Zhang, Sennrich 2019, eq. 4):
//   y = x * rstd * weight + bias, rstd = 1/sqrt(mean(x^2) + eps).
// Every rounding is fixed by the contract norma-1 (docs/numerics.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/rows_view.h"

namespace norma {

enum class NormKind : int32_t { kLayerNorm = 0, kRmsNorm = 1 };

constexpr const char* name_of(NormKind kind) {
  return kind == NormKind::kLayerNorm ? "layer_norm" : "rms_norm";
}

struct NormSpec {
  NormKind kind = NormKind::kLayerNorm;
  double eps = 1e-5;  // finite, >= 0, inside the root; below 2^-252 it is taken as 2^-252
  // Gemma's dialect: 1 + weight, worked in the statistics' type, stands wherever weight does.
  bool weight_plus_one = false;
  // LLaMA's dialect: xhat is rounded to y's type before it is multiplied by the weight. The
  // backward pass sees through the rounding.
  bool round_before_weight = false;
};

constexpr DType dtype_of_statistics(DType rows) {
  return rows == DType::kF64 ? DType::kF64 : DType::kF32;
}

// What the forward pass saves for the backward pass, one value a row. f32, or f64 where x is f64.
// RMSNorm has rstd only. In the forward pass each may be null: then it is not stored.
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
  ConstVectorView weight;  // absent: not multiplied
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
  VectorView dweight;
  VectorView dbias;
  // Where the forward pass had a residual: x is its sum, dx the gradient of the sum and so of x,
  // dresidual = residual_scale * dx that of the residual. dsum, what the sum's other uses give, is
  // added to dx. Each may be absent.
  ConstRowsView dsum = {};
  RowsView dresidual = {};
  float residual_scale = 1;
};

}  // namespace norma
