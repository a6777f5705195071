// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// From the two sums of a row to its statistics: the contract norma-1, section 2.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "core/norm_spec.h"

namespace norma::ref {

// eps is never below the square of the least normal f32.
inline double effective_eps(double eps) { return std::max(eps, 0x1p-252); }

// Of a norm: what is added to the variance, and what stands beside its root.
struct Eps {
  EpsMode mode;  // never kDefault
  double inside, beside;
};

inline Eps eps_of(const NormSpec& spec) {
  const EpsMode mode = eps_mode_of(spec);
  return mode == EpsMode::kInside ? Eps{mode, spec.eps, 0} : Eps{mode, 0, spec.eps};
}

// What one pass over a row has found. RMSNorm: pivot and s are 0.
struct RowSums {
  double pivot = 0;
  double s = 0;
  double q = 0;
};

struct RowMoments {
  double ebar = 0;  // mean - pivot
  double t = 0;     // mean of the squared terms
  double v = 0;     // variance (RMSNorm: mean square, L2 norm: sum of squares) + eps
};

// divisor: n, but in the norms that divide by something else.
inline RowMoments moments(const RowSums& sums, int64_t divisor, double eps) {
  const double inv_n = 1.0 / static_cast<double>(divisor);
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

// eps beside the root, of accepted rows and of redone ones; a NaN stays.
template <typename T>
T rstd_beside(const Eps& eps, double v) {
  const double s = std::sqrt(v);
  if (eps.mode == EpsMode::kOutside) return static_cast<T>(1.0 / (s + eps.beside));
  return static_cast<T>(1.0 / (s < eps.beside ? eps.beside : s));
}

// From the moments worked in T to rstd.
template <typename T>
T rstd_of(const Eps& eps, double v, bool redone) {
  if (eps.mode != EpsMode::kInside) return rstd_beside<T>(eps, v);
  if constexpr (std::is_same_v<T, float>) {
    if (!redone) return rstd_of_accepted(v);
  }
  return rstd_of_redone<T>(v);
}

// What h is multiplied by, for rstd does not follow the deviation as it does with eps inside.
template <typename T>
double share_of_deviation(const Eps& eps, T rstd) {
  if (eps.mode == EpsMode::kOutside) {
    constexpr double kLeast = std::is_same_v<T, float> ? 0x1p-22 : 0x1p-50;
    const double share = 1.0 - eps.beside * static_cast<double>(rstd);  // sigma * rstd
    return share < kLeast ? 0.0 : 1.0 / share;
  }
  if (eps.mode == EpsMode::kClamp) return rstd >= static_cast<T>(1.0 / eps.beside) ? 0.0 : 1.0;
  return 1.0;
}

}  // namespace norma::ref
