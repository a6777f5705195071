// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/rms_norm.h"

#include <type_traits>

#include "core/ref/order.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

// Work: the type of the terms and of the sums inside a block; x is f32 at least.
template <typename Work, typename T>
RowSums squares(const Elements<T>& x, int64_t n) {
  return {0, 0, row_sum<Work>(n, [&](int64_t i) {
            return static_cast<Work>(x[i]) * static_cast<Work>(x[i]);
          })};
}

template <typename T>
T reciprocal_rms(const NormSpec& spec, const Elements<T>& x, int64_t cols) {
  const int64_t n = statistic_cols_of(spec, cols), divisor = divisor_of(spec, cols);
  const Eps eps = eps_of(spec);
  if constexpr (std::is_same_v<T, float>) {
    const RowMoments m = moments(squares<float>(x, n), divisor, eps.inside);
    if (accepted(m)) return rstd_of<T>(eps, m.v, false);
  }
  return rstd_of<T>(eps, moments(squares<double>(x, n), divisor, eps.inside).v, true);
}

template <typename T>
void forward(const NormSpec& spec, const NormForward& given) {
  const NormForward args = given.x.cols == 0 ? given : after_residual<T>(given);
  const int64_t n = args.x.cols;
  if (n == 0) return store_statistics_of_empty_rows<T>(args.x.rows, args.statistics);
  for (int64_t r = 0; r < args.x.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r);
    const T rstd = reciprocal_rms(spec, x, n);
    store_if_present(args.statistics.rstd, r, rstd);
    for (int64_t i = 0; i < n; ++i) store(args.y, r, i, affine(spec, args, x[i] * rstd, i));
  }
}

template <typename T, typename G>
double backward_sum(const Elements<T>& x, const G& g, int64_t n, T rstd) {
  return row_sum<T>(n, [&](int64_t i) { return g(i) * (x[i] * rstd); });
}

template <typename T>
void backward(const NormSpec& spec, const NormBackward& args) {
  const int64_t n = args.dy.cols;
  const Elements<T> weight = elements<T>(args.weight);
  const auto rstd_of = [&](int64_t r) { return value_or<T>(args.statistics.rstd, r, 0); };
  // Before dx, which may be dy itself.
  store_column_sums<T>(
      args, [&](int64_t r, int64_t i) { return row<T>(args.x, r)[i] * rstd_of(r); });
  if (args.dx.data == nullptr || n == 0) return;
  const int64_t of_statistics = statistic_cols_of(spec, n);
  const double inv_n = 1.0 / static_cast<double>(divisor_of(spec, n));
  for (int64_t r = 0; r < args.dx.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r), dy = row<T>(args.dy, r);
    const auto g = [&](int64_t i) { return weighted(spec, dy, weight, i); };
    const T rstd = rstd_of(r);
    const double share = share_of_deviation(eps_of(spec), rstd);
    const T h = static_cast<T>(backward_sum(x, g, n, rstd) * inv_n * share);
    for (int64_t i = 0; i < n; ++i) {
      const T h_i = i < of_statistics ? h : T(0);
      store(args.dx, r, i, (g(i) - (x[i] * rstd) * h_i) * rstd);
    }
  }
  store_residual_gradients<T>(args);
}

}  // namespace

void rms_norm_forward(const NormSpec& spec, const NormForward& args) {
  args.x.dtype == DType::kF64 ? forward<double>(spec, args) : forward<float>(spec, args);
}

void rms_norm_backward(const NormSpec& spec, const NormBackward& args) {
  args.dy.dtype == DType::kF64 ? backward<double>(spec, args) : backward<float>(spec, args);
}

RowSums rms_norm_sums(const float* x, int64_t n) {
  return squares<float>(Elements<float>(x, DType::kF32, 0), n);
}

RowSums rms_norm_redo_sums(const float* x, int64_t n) {
  return squares<double>(Elements<float>(x, DType::kF32, 0), n);
}

RowSums rms_norm_backward_sums(const float* x, const float* dy, const float* weight, int64_t n,
                               float rstd) {
  const auto g = [&](int64_t i) { return weight == nullptr ? dy[i] : dy[i] * weight[i]; };
  return {0, 0, backward_sum(Elements<float>(x, DType::kF32, 0), g, n, rstd)};
}

}  // namespace norma::ref
