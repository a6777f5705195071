// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/truth.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace norma::ref {
namespace {

template <typename Term>
long double mean_of(size_t n, const Term& term) {
  long double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += term(i);
  return sum / static_cast<long double>(n);
}

constexpr long double kLeastEps = 0x1p-252L;

// rstd as a function of the variance, and how fast it falls along it.
struct Reciprocal {
  long double rstd, slope;
};

Reciprocal reciprocal(const NormSpec& spec, long double variance) {
  const long double eps = spec.eps;
  const EpsMode mode = eps_mode_of(spec);
  const long double sigma =
      std::sqrt(variance + (mode == EpsMode::kInside ? std::max(eps, kLeastEps) : kLeastEps));
  // d sigma / d variance is 1 / (2 sigma).
  if (mode == EpsMode::kInside) return {1 / sigma, 1 / (2 * sigma * sigma * sigma)};
  const long double scale = mode == EpsMode::kOutside ? sigma + eps : std::max(sigma, eps);
  const bool is_flat = mode == EpsMode::kClamp && sigma <= eps;
  return {1 / scale, is_flat ? 0 : 1 / (2 * sigma * scale * scale)};
}

}  // namespace

template <typename T>
TrueRow true_row(const NormSpec& spec, const T* x, int64_t n) {
  const size_t count = static_cast<size_t>(n);
  TrueRow row;
  if (spec.kind == NormKind::kLayerNorm) {
    const long double rough =
        mean_of(count, [&](size_t i) { return static_cast<long double>(x[i]); });
    row.mean = rough + mean_of(count, [&](size_t i) { return x[i] - rough; });
  }
  for (size_t i = 0; i < count; ++i) row.centred.push_back(x[i] - row.mean);
  for (size_t i = 0; i < static_cast<size_t>(statistic_cols_of(spec, n)); ++i) {
    row.variance += row.centred[i] * row.centred[i];
  }
  if (spec.kind == NormKind::kCrmsNorm) {
    for (const long double x : row.centred) row.sum += x;
    row.variance += row.sum * row.sum;
  }
  row.variance /= static_cast<long double>(divisor_of(spec, n));
  row.rstd = reciprocal(spec, row.variance).rstd;
  for (size_t i = 0; i < count; ++i) row.xhat.push_back(row.centred[i] * row.rstd);
  return row;
}

// d/dx of sum(dy * weight * xhat): what the variance moves and, for LayerNorm, the mean are taken
// out.
template <typename T>
std::vector<long double> true_dx(const NormSpec& spec, const TrueRow& row, const T* dy,
                                 const T* weight) {
  const size_t count = row.xhat.size();
  const auto cols = static_cast<int64_t>(count);
  const auto of_statistics = static_cast<size_t>(statistic_cols_of(spec, cols));
  const auto divisor = static_cast<long double>(divisor_of(spec, cols));
  const auto g = [&](size_t i) {
    return weight == nullptr ? static_cast<long double>(dy[i])
                             : static_cast<long double>(dy[i]) * weight[i];
  };
  long double along = 0;
  for (size_t i = 0; i < count; ++i) along += g(i) * row.centred[i];
  const long double mean = spec.kind == NormKind::kLayerNorm ? mean_of(count, g) : 0;
  const long double moved = along * reciprocal(spec, row.variance).slope;
  std::vector<long double> dx;
  for (size_t i = 0; i < count; ++i) {
    const long double dvariance = i < of_statistics ? 2 * (row.centred[i] + row.sum) / divisor : 0;
    dx.push_back(row.rstd * (g(i) - mean) - moved * dvariance);
  }
  return dx;
}

template TrueRow true_row(const NormSpec&, const float*, int64_t);
template TrueRow true_row(const NormSpec&, const double*, int64_t);
template std::vector<long double> true_dx(const NormSpec&, const TrueRow&, const float*,
                                          const float*);
template std::vector<long double> true_dx(const NormSpec&, const TrueRow&, const double*,
                                          const double*);

}  // namespace norma::ref
