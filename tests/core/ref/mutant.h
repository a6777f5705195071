// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The forward pass of the contract norma-1 (sections 1 to 3) once more, with at most one fault:
// what careless or faster code would do.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/norm_spec.h"
#include "tests/core/written_order.h"

namespace norma::test {

struct Sums {
  double s, q;
};

// Sums of e = x - c and of e * e, worked in T within a block.
template <typename T>
Sums mutant_sums(const float* x, int64_t n, T c, Fault fault) {
  using A = Numbers<T>;
  const auto term = [&](int64_t i) { return static_cast<T>(x[i]) - c; };
  const auto squares = [&](int64_t i) {
    T e[8], square[8];
    for (int64_t j = 0; j < 8; ++j) {
      e[j] = i + j < n ? term(i + j) : T(0);
      square[j] = e[j] * e[j];
    }
    if (fault != Fault::kFusedSquares) return leaf_of<A>(square, fault);
    const auto two = [&](int a, int b) { return std::fma(e[a], e[a], square[b]); };
    return (two(0, 4) + two(2, 6)) + (two(1, 5) + two(3, 7));
  };
  return {sum_terms_by_section_1<A>(n, term, fault) + 0.0,
          sum_by_section_1<A>(n, squares, fault) + 0.0};
}

struct MutantRow {
  float mean_hi, mean_lo, rstd;  // RMSNorm: the first two are 0
  std::vector<float> y;
};

inline float pivot_of(const std::vector<float>& x, Fault fault) {
  if (fault == Fault::kNoPivot) return 0;
  if (fault == Fault::kFirstAsPivot) return x[0];
  float m[8];
  for (size_t j = 0; j < 8; ++j) {
    float three[3] = {x[j % x.size()], x[(j + 8) % x.size()], x[(j + 16) % x.size()]};
    const bool ordered = three[0] == three[0] && three[1] == three[1] && three[2] == three[2];
    if (ordered) std::sort(three, three + 3);
    m[j] = ordered ? three[1] : std::nanf("");  // a row with NaN is NaN whatever the pivot
  }
  return 0.125f * leaf_of<Numbers<float>>(m, Fault::kNone);
}

inline float mutant_rstd(float v, Fault fault) {
  if (fault == Fault::kOneRoundingOfRstd) {
    return static_cast<float>(1.0 / std::sqrt(static_cast<double>(v)));
  }
  if (fault == Fault::kApproximateRoot) {
    // 12 bits, as the processors' instructions have, and one step of Newton's.
    const uint32_t bits = std::bit_cast<uint32_t>(1.0f / std::sqrt(v));
    const float rough = std::bit_cast<float>(bits & 0xFFFFF000u);
    return rough * (1.5f - 0.5f * v * rough * rough);
  }
  return 1.0f / std::sqrt(v);
}

inline MutantRow mutant_forward(NormKind kind, const std::vector<float>& x,
                                const std::vector<float>& weight, const std::vector<float>& bias,
                                double eps, Fault fault) {
  const bool layer_norm = kind == NormKind::kLayerNorm;
  const auto n = static_cast<int64_t>(x.size());
  const double inv_n = 1.0 / static_cast<double>(n);
  const float pivot = layer_norm ? pivot_of(x, fault) : 0;
  double c = static_cast<double>(pivot), ebar = 0, t = 0, v = 0;
  const auto moments = [&](const Sums& sums) {
    ebar = layer_norm ? sums.s * inv_n : 0;
    t = sums.q * inv_n;
    double var = t - ebar * ebar;
    if (fault == Fault::kVarianceInF32) {
      var = static_cast<double>(static_cast<float>(t) -
                                static_cast<float>(ebar) * static_cast<float>(ebar));
    }
    if (var < 0) var = 0;
    v = var + (eps < 0x1p-252 ? 0x1p-252 : eps);
  };
  moments(mutant_sums<float>(x.data(), n, pivot, fault));
  MutantRow row{};
  if ((v >= 0x1p-100 && v <= 0x1p100 && t <= 4 * v) || fault == Fault::kNoGuard) {
    row.rstd = mutant_rstd(static_cast<float>(v), fault);
  } else {
    c = layer_norm ? static_cast<double>(x[0]) : 0;
    moments(mutant_sums<double>(x.data(), n, c, fault));
    row.rstd = static_cast<float>(1.0 / std::sqrt(v));
  }
  if (layer_norm) {
    row.mean_hi = static_cast<float>(c + ebar);
    row.mean_lo = static_cast<float>((c - static_cast<double>(row.mean_hi)) + ebar);
    if (fault == Fault::kMeanRounded) row.mean_lo = 0;
  }
  const float hi = row.mean_hi, lo = row.mean_lo, rstd = row.rstd;
  for (size_t i = 0; i < x.size(); ++i) {
    float xhat = layer_norm ? ((x[i] - hi) - lo) * rstd : x[i] * rstd;
    if (layer_norm && rstd < 0x1p-100f) xhat = ((x[i] / 2 - hi / 2) - lo / 2) * (2 * rstd);
    if (fault == Fault::kMeanTimesRstd) xhat = x[i] * rstd - hi * rstd;
    row.y.push_back(fault == Fault::kFusedAffine ? std::fma(xhat, weight[i], bias[i])
                                                 : xhat * weight[i] + bias[i]);
  }
  return row;
}

}  // namespace norma::test
