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

// The least eps is the contract's: it says what is asked for, not how it is worked.
constexpr double kLeastEps = 0x1p-252;

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

int64_t columns_of_statistics(const NormSpec& spec, int64_t n) {
  return spec.statistic_cols == 0 ? n : spec.statistic_cols;
}
int64_t divisor_of_sums(const NormSpec& spec, int64_t n) {
  if (spec.kind == NormKind::kL2Norm) return 1;
  return spec.kind == NormKind::kCrmsNorm ? n + 1 : columns_of_statistics(spec, n);
}

ExactRow exact_row(const NormSpec& spec, const float* x, int64_t n) {
  const size_t count = static_cast<size_t>(n);
  ExactRow row;
  if (spec.kind == NormKind::kLayerNorm) {
    row.mean = mean_of(count, [&](size_t i) { return static_cast<Quad>(x[i]); });
  }
  for (size_t i = 0; i < count; ++i) row.centred.push_back(x[i] - row.mean);
  Quad squares = 0;
  for (size_t i = 0; i < static_cast<size_t>(columns_of_statistics(spec, n)); ++i) {
    squares += row.centred[i] * row.centred[i];
  }
  if (spec.kind == NormKind::kCrmsNorm) {
    for (const Quad v : row.centred) row.sum += v;
    squares += row.sum * row.sum;
  }
  const Quad variance = squares / static_cast<Quad>(divisor_of_sums(spec, n));
  const bool is_default = spec.eps_mode == EpsMode::kDefault;
  const bool clamps =
      spec.eps_mode == EpsMode::kClamp || (is_default && spec.kind == NormKind::kL2Norm);
  const bool is_outside = spec.eps_mode == EpsMode::kOutside;
  const double inside = clamps || is_outside ? 0 : spec.eps;
  row.sigma = sqrtq(variance + std::max(inside, kLeastEps));
  row.is_clamped = clamps && row.sigma <= spec.eps;
  const Quad scale = is_outside ? row.sigma + spec.eps : row.sigma;
  row.rstd = 1 / (row.is_clamped ? static_cast<Quad>(spec.eps) : scale);
  for (const Quad v : row.centred) row.xhat.push_back(v * row.rstd);
  return row;
}

// What moves the variance is taken out, and for LayerNorm what moves the mean.
std::vector<Quad> exact_dx(const NormSpec& spec, const ExactRow& row, const float* dy,
                           const std::vector<Quad>& gain) {
  const size_t count = row.xhat.size();
  const auto n = static_cast<int64_t>(count);
  std::vector<Quad> dx(count);
  for (size_t i = 0; i < count; ++i) dx[i] = dy[i] * gain[i];
  Quad along = 0;
  for (size_t i = 0; i < count; ++i) along += dx[i] * row.centred[i];
  const Quad mean = spec.kind == NormKind::kLayerNorm
                        ? mean_of(count, [&](size_t i) { return dx[i]; })
                        : static_cast<Quad>(0);
  // rstd falls by rstd^2 / (2 sigma) along the variance, which grows by 2 (c_i + sum) / divisor
  // along x_i.
  const Quad slope = row.is_clamped ? static_cast<Quad>(0) : row.rstd * row.rstd / row.sigma;
  const Quad moved = along * slope / static_cast<Quad>(divisor_of_sums(spec, n));
  const auto of_statistics = static_cast<size_t>(columns_of_statistics(spec, n));
  for (size_t i = 0; i < count; ++i) {
    const Quad moves = i < of_statistics ? row.centred[i] + row.sum : static_cast<Quad>(0);
    dx[i] = (dx[i] - mean) * row.rstd - moved * moves;
  }
  return dx;
}

ExactRow exact_row_given(Quad mean, Quad variance, double eps, const float* x, int64_t n) {
  ExactRow row;
  row.mean = mean;
  row.sigma = sqrtq(variance + std::max(eps, kLeastEps));
  row.rstd = 1 / row.sigma;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    row.centred.push_back(x[i] - mean);
    row.xhat.push_back(row.centred[i] * row.rstd);
  }
  return row;
}

ExactPoint exact_point(PointwiseKind kind, Quad a) {
  if (kind == PointwiseKind::kDyt) {
    const Quad cosh = coshq(a);
    return {tanhq(a), 1 / (cosh * cosh), 2};
  }
  return {erfq(a), 2 / sqrtq(M_PIq) * expq(-a * a), 2 * static_cast<double>(magnitude(a))};
}

ExactPair exact_turned(Quad a, Quad b, Quad cos, Quad sin) {
  return {a * cos - b * sin, b * cos + a * sin};
}
ExactPair exact_turned_back(Quad a, Quad b, Quad cos, Quad sin) {
  return exact_turned(a, b, cos, -sin);
}

ExactSeedRow exact_seed_row(double eps, const float* x, const float* dy, const float* alpha,
                            const float* beta, int64_t n) {
  ExactSeedRow row{.norm = exact_row({NormKind::kRmsNorm, eps}, x, n)};
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    row.dot += static_cast<Quad>(x[i]) * beta[i];
    row.along += dy[i] * row.norm.xhat[i] * alpha[i];
  }
  const Quad cosh = coshq(row.dot);
  row.t = tanhq(row.dot);
  row.e = row.along / (cosh * cosh);
  return row;
}

}  // namespace norma::accuracy
