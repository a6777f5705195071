// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/oracle.h"

#include <quadmath.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace norma::accuracy {
namespace {

template <typename Term>
Quad mean_of(size_t n, const Term& term) {
  Quad sum = 0;
  for (size_t i = 0; i < n; ++i) sum += term(i);
  return sum / static_cast<Quad>(n);
}

}  // namespace

double ulp_of(DType dtype, Quad value) {
  // Digits after the leading one, and the exponent of the least normal number.
  const int digits = dtype == DType::kF32 ? 23 : dtype == DType::kBF16 ? 7 : 10;
  const int least = dtype == DType::kF16 ? -14 : -126;
  int exponent = least;
  if (value != 0) {
    frexpq(value, &exponent);
    --exponent;
  }
  return std::ldexp(1.0, std::max(exponent, least) - digits);
}

ExactRow exact_row(NormKind kind, const float* x, int64_t n, double eps) {
  const size_t count = static_cast<size_t>(n);
  ExactRow row;
  if (kind == NormKind::kLayerNorm) {
    row.mean = mean_of(count, [&](size_t i) { return static_cast<Quad>(x[i]); });
  }
  row.xhat.resize(count);
  for (size_t i = 0; i < count; ++i) row.xhat[i] = x[i] - row.mean;
  const Quad variance = mean_of(count, [&](size_t i) { return row.xhat[i] * row.xhat[i]; });
  // The least eps is the contract's: it says what is asked for, not how it is worked.
  row.rstd = 1 / sqrtq(variance + std::max(eps, 0x1p-252));
  for (Quad& v : row.xhat) v *= row.rstd;
  return row;
}

// The part of g along xhat and, for LayerNorm, its mean are taken out.
std::vector<Quad> exact_dx(NormKind kind, const ExactRow& row, const float* dy,
                           const std::vector<Quad>& gain) {
  const size_t count = row.xhat.size();
  std::vector<Quad> dx(count);
  for (size_t i = 0; i < count; ++i) dx[i] = dy[i] * gain[i];
  const Quad along = mean_of(count, [&](size_t i) { return dx[i] * row.xhat[i]; });
  const Quad mean = kind == NormKind::kLayerNorm ? mean_of(count, [&](size_t i) { return dx[i]; })
                                                 : static_cast<Quad>(0);
  for (size_t i = 0; i < count; ++i) dx[i] = (dx[i] - mean - row.xhat[i] * along) * row.rstd;
  return dx;
}

}  // namespace norma::accuracy
