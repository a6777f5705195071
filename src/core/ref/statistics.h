// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// From the two sums of a row to its statistics: the contract norma-1, section 2.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace norma::ref {

// eps is never below the square of the least normal f32.
inline double effective_eps(double eps) { return std::max(eps, 0x1p-252); }

// What one pass over a row has found. RMSNorm: pivot and s are 0.
struct RowSums {
  double pivot = 0;
  double s = 0;
  double q = 0;
};

struct RowMoments {
  double ebar = 0;  // mean - pivot
  double t = 0;     // mean of the squared terms
  double v = 0;     // variance (RMSNorm: mean square) + eps
};

inline RowMoments moments(const RowSums& sums, int64_t n, double eps) {
  const double inv_n = 1.0 / static_cast<double>(n);
  RowMoments m;
  m.ebar = sums.s * inv_n;
  m.t = sums.q * inv_n;
  const double m2 = m.ebar * m.ebar;
  double var = m.t - m2;
  if (var < 0) var = 0;
  m.v = var + effective_eps(eps);
  return m;
}

// Whether statistics worked in f32 may stand; any NaN says no.
inline bool accepted(const RowMoments& m) {
  return m.v >= 0x1p-100 && m.v <= 0x1p100 && m.t <= 4 * m.v;
}

inline float rstd_of_accepted(double v) { return 1.0f / std::sqrt(static_cast<float>(v)); }

template <typename T>
T rstd_of_redone(double v) {
  return static_cast<T>(1.0 / std::sqrt(v));
}

}  // namespace norma::ref
