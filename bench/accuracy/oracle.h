// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the norms and the other operators should give, in binary128: mean and deviation in two
// centred passes and the plain formulas of their specs. Knows of no order, pivot, guard or rounding
// of the contract, and shares no code with the core. Its own error, n 2^-113 of the terms, is below
// 2^-80 of any error that a float32 answer can have.
#pragma once

#include <cstdint>
#include <vector>

#include "base/dtype.h"
#include "core/norm_spec.h"
#include "core/pointwise_spec.h"

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

// LayerNorm's row by a mean and a variance that are given, not the row's own.
ExactRow exact_row_given(Quad mean, Quad variance, double eps, const float* x, int64_t n);

// y and its gradient by a, where DyT is tanh(a) and Derf erf(a), and |d slope / da| / slope.
struct ExactPoint {
  Quad value = 0, slope = 0;
  double steepness = 0;
};
ExactPoint exact_point(PointwiseKind kind, Quad a);

// What RoPE makes of a pair, and what its gradient is that of.
struct ExactPair {
  Quad a = 0, b = 0;
};
ExactPair exact_turned(Quad a, Quad b, Quad cos, Quad sin);
ExactPair exact_turned_back(Quad a, Quad b, Quad cos, Quad sin);

// SeeDNorm's row: y = (t alpha + gamma) xhat, and e, which is dL / d dot.
struct ExactSeedRow {
  ExactRow norm;
  Quad dot = 0, t = 0;  // t = tanh(dot)
  Quad along = 0;       // sum of dy xhat alpha
  Quad e = 0;           // (1 - t^2) along
};
ExactSeedRow exact_seed_row(double eps, const float* x, const float* dy, const float* alpha,
                            const float* beta, int64_t n);

}  // namespace norma::accuracy
