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

}  // namespace

template <typename T>
TrueRow true_row(NormKind kind, const T* x, int64_t n, double eps) {
  const size_t count = static_cast<size_t>(n);
  TrueRow row;
  if (kind == NormKind::kLayerNorm) {
    const long double rough =
        mean_of(count, [&](size_t i) { return static_cast<long double>(x[i]); });
    row.mean = rough + mean_of(count, [&](size_t i) { return x[i] - rough; });
  }
  const auto centred = [&](size_t i) { return x[i] - row.mean; };
  const long double variance = mean_of(count, [&](size_t i) { return centred(i) * centred(i); });
  row.rstd = 1 / std::sqrt(variance + std::max(eps, 0x1p-252));
  for (size_t i = 0; i < count; ++i) row.xhat.push_back(centred(i) * row.rstd);
  return row;
}

// d/dx of sum(dy * weight * xhat): the part along xhat and, for LayerNorm, the mean are taken out.
template <typename T>
std::vector<long double> true_dx(NormKind kind, const TrueRow& row, const T* dy, const T* weight) {
  const size_t count = row.xhat.size();
  const auto g = [&](size_t i) {
    return weight == nullptr ? static_cast<long double>(dy[i])
                             : static_cast<long double>(dy[i]) * weight[i];
  };
  const long double along = mean_of(count, [&](size_t i) { return g(i) * row.xhat[i]; });
  const long double mean = kind == NormKind::kLayerNorm ? mean_of(count, g) : 0;
  std::vector<long double> dx;
  for (size_t i = 0; i < count; ++i) {
    dx.push_back(row.rstd * (g(i) - mean - row.xhat[i] * along));
  }
  return dx;
}

template TrueRow true_row(NormKind, const float*, int64_t, double);
template TrueRow true_row(NormKind, const double*, int64_t, double);
template std::vector<long double> true_dx(NormKind, const TrueRow&, const float*, const float*);
template std::vector<long double> true_dx(NormKind, const TrueRow&, const double*, const double*);

}  // namespace norma::ref
