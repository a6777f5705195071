// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The bounds that the contract norma-1 proves (section 8) for f32, against two centred passes in
// long double.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/ref/truth.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"

namespace norma::test {

using Real = long double;

inline constexpr Real kU = 0x1p-24L;  // half an ulp of 1: each rounding's relative error
// The least subnormal: twice a rounding's error down there.
inline constexpr Real kLeast = 0x1p-149L;

// The truth is worked to 64 bits: its own error, n 2^-64 of the magnitudes, is below 2^-22 of any
// bound for the lengths below.
static_assert(LDBL_MANT_DIG >= 64);

inline Real half_ulp(Real y) {
  int exponent = 0;
  std::frexp(y, &exponent);
  return std::ldexp(Real(1), std::max(exponent - 24, -149) - 1);
}

// The largest share of its bound that each error has taken.
struct Shares {
  double y = 0, dx = 0, dweight = 0, dbias = 0;
};

class Judge {
 public:
  Judge(const Problem& p, const NormCase& c)
      : p_(p), c_(c), layer_norm_(p.spec.kind == NormKind::kLayerNorm),
        cols_(static_cast<size_t>(p.cols)), dweight_(cols_), dbias_(cols_), dweight_scale_(cols_),
        dweight_floor_(cols_), dbias_scale_(cols_) {}

  Shares judge() {
    for (int64_t r = 0; r < p_.rows; ++r) row(r);
    const Real tau = layer_norm_ ? 0x1p-17L : 0x1p-18L;
    if (p_.weight.size() == 1 && cols_ > 1) {
      // Of the columns' gradients, each rounded once; their sum in f64 adds nothing that shows.
      for (size_t i = 1; i < cols_; ++i) {
        dweight_[0] += dweight_[i];
        dweight_scale_[0] += dweight_scale_[i];
        dweight_floor_[0] += dweight_floor_[i];
      }
    }
    for (size_t i = 0; i < cols_; ++i) {
      if (i < static_cast<size_t>(p_.weights())) {
        count(c_.dweight[i], dweight_[i], tau * dweight_scale_[i] + dweight_floor_[i],
              &shares_.dweight);
      }
      // Sums of subnormal numbers are exact: no floor.
      count(c_.dbias[i], dbias_[i], 0x1p-19L * dbias_scale_[i], &shares_.dbias);
    }
    return shares_;
  }

 private:
  Real weight(size_t i) const {
    return p_.weight.empty() ? 1.0f : p_.weight[p_.weight.size() == 1 ? 0 : i];
  }
  Real bias(size_t i) const { return p_.bias.empty() ? 0.0f : p_.bias[i]; }

  static void count(float got, Real want, Real bound, double* share) {
    if (std::abs(want) > std::numeric_limits<float>::max()) return;  // infinite, or nearly so
    const Real error = std::abs(got - want);
    // A bound of 0 is met by equality alone, no bound by NaN.
    const Real part = error == 0 ? 0 : error / bound;
    const double shown = part >= 0 ? static_cast<double>(part) : HUGE_VAL;
    *share = std::max(*share, shown);
  }

  // Section 8: LayerNorm 1/2 ulp(y*) + 2^-17 (|w| (1 + |xhat|) + |b|). RMSNorm without bias
  // 11 u |y*| + max(1, |w|) 2^-149, where y* = xhat w; the bias is one more rounding, of a sum that
  // is off by that error: 1/2 ulp of a number of at most |y*| + error. unit: u, or what stands for
  // it in a row.
  Real y_bound(Real xhat, Real w, Real b, Real unit) const {
    const Real y = xhat * w + b;
    if (layer_norm_) return half_ulp(y) + 0x1p-17L * (std::abs(w) * (1 + std::abs(xhat)) +
                                                      std::abs(b));
    const Real error = 11 * unit * std::abs(xhat * w) + std::max<Real>(1, std::abs(w)) * kLeast;
    return p_.bias.empty() ? error : error + half_ulp(std::abs(y) + error);
  }

  void row(int64_t r) {
    const float* x = p_.x.data() + r * p_.cols;
    const float* dy = p_.dy.data() + r * p_.cols;
    const ref::TrueRow truth = ref::true_row(p_.spec, x, p_.cols);
    std::vector<float> weights = p_.weight;
    if (weights.size() == 1) weights.resize(cols_, weights[0]);
    const std::vector<Real> dx =
        ref::true_dx(p_.spec, truth, dy, weights.empty() ? nullptr : weights.data());
    // What the gradients' bounds have for xhat: with eps outside the root the deviations over their
    // root, for what rounds in rstd is worth as much where eps is large.
    const EpsMode mode = eps_mode_of(p_.spec);
    const Real sigma = std::sqrt(truth.variance + 0x1p-252L);
    const auto z = [&](size_t i) {
      return std::abs(mode == EpsMode::kOutside ? truth.centred[i] / sigma : truth.xhat[i]);
    };
    // A row whose deviation is eps is on a kink: both gradients are right.
    const bool on_kink =
        mode == EpsMode::kClamp && std::abs(sigma - p_.spec.eps) <= 0x1p-20L * p_.spec.eps;
    const int64_t of_statistics = statistic_cols_of(p_.spec, p_.cols);
    const int64_t divisor = divisor_of(p_.spec, p_.cols);
    // CRMSNorm: its sum is off by 11 u of that of magnitudes, and v by twice that over its root.
    const bool crms_norm = p_.spec.kind == NormKind::kCrmsNorm;
    const Real root = mode == EpsMode::kInside ? 1 / truth.rstd : sigma;
    const Real sum = crms_norm ? std::abs(truth.sum / root) : 0;
    Real unit = kU, magnitudes = 0;
    for (size_t i = 0; crms_norm && i < cols_; ++i) magnitudes += std::abs(truth.centred[i]) / root;
    unit += kU * magnitudes / std::sqrt(static_cast<Real>(divisor));
    // Lengths, unlike means, leave the range of f32 where rows do not: rstd is subnormal then.
    if (divisor != of_statistics) unit += 0x1p-150L / truth.rstd;
    const Real tau = 64 * unit;
    Real mean = 0;  // of |g| (1 + |z|), or of |g z|
    for (size_t i = 0; i < cols_; ++i) {
      mean += std::abs(dy[i] * weight(i)) * (layer_norm_ ? 1 + z(i) : z(i)) / divisor;
    }
    for (size_t i = 0; i < cols_; ++i) {
      const Real w = weight(i), b = bias(i), xhat = truth.xhat[i];
      const Real size = i < static_cast<size_t>(of_statistics) ? z(i) + sum : 0;
      count(c_.y.row(r)[i], xhat * w + b, y_bound(xhat, w, b, unit), &shares_.y);
      const Real g = std::abs(dy[i] * w);
      // The floor: g, a, h, each term of H and xhat * h are off by 2^-150 where they are subnormal,
      // dx itself by 2^-150 after the product with rstd; h and the terms of H weigh |xhat|.
      const Real floor = kLeast * (1 + truth.rstd * (2 + size));
      const Real bound = layer_norm_ ? 0x1p-15L * truth.rstd * (g + (1 + size) * mean)
                                     : tau * truth.rstd * (g + size * mean) +
                                           0x1p-20L * truth.rstd * magnitudes * mean;
      if (!on_kink) count(c_.dx.row(r)[i], dx[i], bound + floor, &shares_.dx);
      dweight_[i] += dy[i] * xhat;
      dweight_scale_[i] += std::abs(dy[i]) * (1 + std::abs(xhat)) * (unit / kU);
      // xhat and the product are off by 2^-150 each where they are subnormal.
      dweight_floor_[i] += kLeast * (1 + std::abs(dy[i])) / 2;
      dbias_[i] += dy[i];
      dbias_scale_[i] += std::abs(dy[i]);
    }
  }

  const Problem& p_;
  const NormCase& c_;
  const bool layer_norm_;
  const size_t cols_;
  std::vector<Real> dweight_, dbias_, dweight_scale_, dweight_floor_, dbias_scale_;
  Shares shares_;
};

// Of a call of both passes.
inline Shares judged(const Problem& p) {
  NormCase c(p.spec, p.rows, p.cols);
  c.x.assign(p.x);
  c.dy.assign(p.dy);
  c.weight = p.weight;
  c.bias = p.bias;
  const Status status = c.run(serial_executor());
  EXPECT_TRUE(status.ok()) << status.message();
  return Judge(p, c).judge();
}

}  // namespace norma::test
