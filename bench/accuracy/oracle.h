// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the norms should give, in binary128: mean and deviation in two centred passes and the plain
// formulas of norm_spec.h. Knows of no order, pivot, guard or rounding of the contract, and shares
// no code with the core. Its own error, n 2^-113 of the terms, is below 2^-80 of any error that a
// float32 answer can have.
#pragma once

#include <cstdint>
#include <vector>

#include "base/dtype.h"
#include "core/norm_spec.h"

namespace norma::accuracy {

using Quad = __float128;

inline Quad magnitude(Quad v) { return v < 0 ? -v : v; }

// The unit in the last place of a number of this type with the size of `value`. REQUIRES: not f64.
double ulp_of(DType dtype, Quad value);

struct ExactRow {
  Quad mean = 0;   // but LayerNorm's 0
  Quad sum = 0;    // CRMSNorm's, minus the element that is not stored; else 0
  Quad sigma = 0;  // with eps in it where that is inside the root
  Quad rstd = 0;
  bool is_clamped = false;
  std::vector<Quad> centred, xhat;
};

// What the statistics are of, and what their sums are divided by.
int64_t columns_of_statistics(const NormSpec& spec, int64_t n);
int64_t divisor_of_sums(const NormSpec& spec, int64_t n);

// x[0, n), n >= 1, finite.
ExactRow exact_row(const NormSpec& spec, const float* x, int64_t n);

// dx of the same row: dL/dx where dL/dy = dy and y = xhat * gain.
std::vector<Quad> exact_dx(const NormSpec& spec, const ExactRow& row, const float* dy,
                           const std::vector<Quad>& gain);

}  // namespace norma::accuracy
