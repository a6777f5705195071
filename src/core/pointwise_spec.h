// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The vocabulary of the functions that stand where a norm stands and know of no other element of
// the row: which one is meant, and the arguments of its forward and backward pass.
//
// DyT (Zhu et al. 2025, arXiv 2503.10622):  y = tanh(alpha * x) * weight + bias.
// Derf (arXiv 2512.10938):                  y = erf(alpha * x + shift) * weight + bias.
// Every rounding is fixed (docs/numerics.md, docs/pointwise.md).
#pragma once

#include <cstdint>

#include "base/rows_view.h"
#include "core/norm_spec.h"

namespace norma {

enum class PointwiseKind : int32_t { kDyt = 0, kDerf = 1 };

constexpr const char* name_of(PointwiseKind kind) {
  return kind == PointwiseKind::kDyt ? "dyt" : "derf";
}

// Learned scalars, rounded to f32 where rows are not f64; any values.
struct PointwiseSpec {
  PointwiseKind kind = PointwiseKind::kDyt;
  double alpha = 0.5;
  double shift = 0;  // Derf's
};

// Types: y has x's. weight and bias have one type, x's or f32 (f64 rows: f64).
struct PointwiseForward {
  ConstRowsView x;
  ConstVectorView weight;  // absent: not multiplied
  ConstVectorView bias;    // absent: not added
  RowsView y;              // may be x itself (same data and stride); any other overlap is refused
};

// Each gradient is computed where its data is not null, and overwritten, never added to. Types: dy
// and dx have x's; each of weight, dweight and dbias x's or f32 (f64 rows: f64); the gradient of a
// scalar is one f32, or one f64 where rows are f64.
struct PointwiseBackward {
  ConstRowsView x;  // not read where only dbias is asked for
  ConstRowsView dy;
  ConstVectorView weight;
  RowsView dx;  // may be dy itself
  VectorView dweight;
  VectorView dbias;
  void* dalpha = nullptr;
  void* dshift = nullptr;  // DyT has none: null
};

inline bool needs_x(const PointwiseBackward& args) {
  return args.dx.data != nullptr || args.dweight.data != nullptr || args.dalpha != nullptr ||
         args.dshift != nullptr;
}

}  // namespace norma
