// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Sections 2 and 3 of norma-1 for values that do not lie in a row: the channel norms say where the
// values are and in which order they are added.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/ref/order.h"
#include "core/ref/statistics.h"

namespace norma::ref {

template <typename T>
struct ChannelStatistics {
  T mean_hi, mean_lo, rstd;
};

// value(j) is value j of n >= 1 in their order. sum(work, term) adds term(x) of every value x,
// worked in the type of `work` as sections 1 or 5 say, and gives the f64 of their tree.
template <typename T, typename Value, typename Sum>
class ChannelMoments {
 public:
  ChannelMoments(int64_t n, double eps, const Value& value, const Sum& sum)
      : n_(n), eps_(eps), value_(value), sum_(sum) {
    if constexpr (std::is_same_v<T, float>) {
      take(pivot());
      rstd_ = rstd_of_accepted(moments_.v);
      if (accepted(moments_)) return;
    }
    take(static_cast<double>(value_(0)));
    rstd_ = rstd_of_redone<T>(moments_.v);
  }

  double mean() const { return sums_.pivot + moments_.ebar; }
  double var() const {
    const double m2 = moments_.ebar * moments_.ebar;
    const double var = moments_.t - m2;
    return var < 0 ? 0 : var;
  }
  ChannelStatistics<T> saved() const {
    const T hi = static_cast<T>(mean());
    const T lo = static_cast<T>((sums_.pivot - static_cast<double>(hi)) + moments_.ebar);
    return {hi, lo, rstd_};
  }

 private:
  float pivot() const {
    float m[kLeaf];
    for (int64_t j = 0; j < kLeaf; ++j) {
      const float p = value_(j % n_), q = value_((j + 8) % n_), r = value_((j + 16) % n_);
      m[j] = std::max(std::min(p, q), std::min(std::max(p, q), r));
    }
    return 0.125f * leaf_sum(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7]);
  }

  template <typename Work>
  void take(Work c) {
    const auto e = [c](T x) { return static_cast<Work>(x) - c; };
    sums_ = {static_cast<double>(c), sum_(Work(), e),
             sum_(Work(), [e](T x) { return e(x) * e(x); })};
    moments_ = moments(sums_, n_, eps_);
  }

  const int64_t n_;
  const double eps_;
  const Value& value_;
  const Sum& sum_;
  RowSums sums_;
  RowMoments moments_;
  T rstd_ = 0;
};

// Section 3. Halving keeps x - hi finite where the deviation is near the top of the range.
template <typename T>
T normalized(T x, const ChannelStatistics<T>& s) {
  if (s.rstd < T(0x1p-100)) {
    return ((x / 2 - s.mean_hi / 2) - s.mean_lo / 2) * (2 * s.rstd);
  }
  return ((x - s.mean_hi) - s.mean_lo) * s.rstd;
}

}  // namespace norma::ref
