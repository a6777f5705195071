// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/crms_norm.h"

#include <type_traits>

#include "core/ref/order.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

template <typename Work, typename T>
RowSums plain_sums(const Elements<T>& x, int64_t n) {
  const auto e = [&](int64_t i) { return static_cast<Work>(x[i]); };
  return {0, row_sum<Work>(n, e), row_sum<Work>(n, [&](int64_t i) { return e(i) * e(i); })};
}

// The squares of the row and of the element that is not stored are one sum of squares.
RowMoments moments_of_all(const RowSums& sums, int64_t divisor, double eps) {
  return moments({0, 0, sums.q + sums.s * sums.s}, divisor, eps);
}

// The element that is not stored has -sum_rstd for xhat.
template <typename T>
struct Saved {
  T sum_rstd, rstd;
};

template <typename T>
Saved<T> statistics(const NormSpec& spec, const Elements<T>& x, int64_t n) {
  const Eps eps = eps_of(spec);
  const int64_t divisor = divisor_of(spec, n);
  const auto saved = [](const RowSums& sums, T rstd) {
    return Saved<T>{static_cast<T>(sums.s * static_cast<double>(rstd)), rstd};
  };
  if constexpr (std::is_same_v<T, float>) {
    const RowSums sums = plain_sums<float>(x, n);
    const RowMoments m = moments_of_all(sums, divisor, eps.inside);
    if (accepted(m)) return saved(sums, rstd_of<T>(eps, m.v, false));
  }
  const RowSums sums = plain_sums<double>(x, n);
  return saved(sums, rstd_of<T>(eps, moments_of_all(sums, divisor, eps.inside).v, true));
}

template <typename T>
void forward(const NormSpec& spec, const NormForward& given) {
  const NormForward args = after_residual<T>(given);
  const int64_t n = args.x.cols;
  if (n == 0) return store_statistics_of_empty_rows<T>(args.x.rows, args.statistics);
  for (int64_t r = 0; r < args.x.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r);
    const Saved<T> s = statistics(spec, x, n);
    store_if_present(args.statistics.mean_hi, r, s.sum_rstd);
    store_if_present(args.statistics.rstd, r, s.rstd);
    for (int64_t i = 0; i < n; ++i) store(args.y, r, i, affine(spec, args, x[i] * s.rstd, i));
  }
}

template <typename T>
void backward(const NormSpec& spec, const NormBackward& args) {
  const int64_t n = args.dy.cols;
  const Elements<T> weight = elements<T>(args.weight);
  const auto saved = [&](int64_t r) {
    return Saved<T>{value_or<T>(args.statistics.mean_hi, r, 0),
                    value_or<T>(args.statistics.rstd, r, 0)};
  };
  // Before dx, which may be dy itself.
  store_column_sums<T>(args,
                       [&](int64_t r, int64_t i) { return row<T>(args.x, r)[i] * saved(r).rstd; });
  if (args.dx.data == nullptr || n == 0) return;
  const double inv_n = 1.0 / static_cast<double>(divisor_of(spec, n));
  for (int64_t r = 0; r < args.dx.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r), dy = row<T>(args.dy, r);
    const auto g = [&](int64_t i) { return weighted(spec, dy, weight, i); };
    const Saved<T> s = saved(r);
    const auto xhat = [&](int64_t i) { return x[i] * s.rstd; };
    const double sum = row_sum<T>(n, [&](int64_t i) { return g(i) * xhat(i); });
    const T h = static_cast<T>(sum * inv_n * share_of_deviation(eps_of(spec), s.rstd));
    for (int64_t i = 0; i < n; ++i) {
      store(args.dx, r, i, (g(i) - (xhat(i) + s.sum_rstd) * h) * s.rstd);
    }
  }
  store_residual_gradients<T>(args);
}

}  // namespace

void crms_norm_forward(const NormSpec& spec, const NormForward& args) {
  args.x.dtype == DType::kF64 ? forward<double>(spec, args) : forward<float>(spec, args);
}

void crms_norm_backward(const NormSpec& spec, const NormBackward& args) {
  args.dy.dtype == DType::kF64 ? backward<double>(spec, args) : backward<float>(spec, args);
}

RowSums crms_norm_sums(const float* x, int64_t n) {
  return plain_sums<float>(Elements<float>(x, DType::kF32, 0), n);
}

}  // namespace norma::ref
