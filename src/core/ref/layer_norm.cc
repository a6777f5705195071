// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/layer_norm.h"

#include <algorithm>
#include <type_traits>

#include "core/ref/order.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

// The pivot of the f32 pass: the mean of eight medians of three.
float pivot(const Elements<float>& x, int64_t n) {
  float m[kLeaf];
  for (int64_t j = 0; j < kLeaf; ++j) {
    const float p = x[j % n], q = x[(j + 8) % n], r = x[(j + 16) % n];
    m[j] = std::max(std::min(p, q), std::min(std::max(p, q), r));
  }
  return 0.125f * leaf_sum(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7]);
}

// Section 2's terms, worked in Work.
template <typename Work, typename T>
RowSums pivoted_sums(const Elements<T>& x, int64_t n, Work c) {
  const auto e = [&](int64_t i) { return static_cast<Work>(x[i]) - c; };
  return {static_cast<double>(c), row_sum<Work>(n, e),
          row_sum<Work>(n, [&](int64_t i) { return e(i) * e(i); })};
}

template <typename T>
struct Saved {
  T mean_hi, mean_lo, rstd;
};

template <typename T>
Saved<T> statistics(const Elements<T>& x, int64_t n, const Eps& eps) {
  RowSums sums;
  RowMoments m;
  T rstd;
  bool done = false;
  if constexpr (std::is_same_v<T, float>) {
    sums = pivoted_sums<float>(x, n, pivot(x, n));
    m = moments(sums, n, eps.inside);
    rstd = rstd_of<T>(eps, m.v, false);
    done = accepted(m);
  }
  if (!done) {
    sums = pivoted_sums<double>(x, n, static_cast<double>(x[0]));
    m = moments(sums, n, eps.inside);
    rstd = rstd_of<T>(eps, m.v, true);
  }
  const double mean = sums.pivot + m.ebar;
  const T hi = static_cast<T>(mean);
  const T lo = static_cast<T>((sums.pivot - static_cast<double>(hi)) + m.ebar);
  return {hi, lo, rstd};
}

// Section 3. Halving keeps x - hi finite where the deviation is near the top of the range.
template <typename T>
T normalized(T x, const Saved<T>& s) {
  if (s.rstd < T(0x1p-100)) {
    return ((x / 2 - s.mean_hi / 2) - s.mean_lo / 2) * (2 * s.rstd);
  }
  return ((x - s.mean_hi) - s.mean_lo) * s.rstd;
}

template <typename T>
void forward(const NormSpec& spec, const NormForward& given) {
  const NormForward args = given.x.cols == 0 ? given : after_residual<T>(given);
  const int64_t n = args.x.cols;
  if (n == 0) return store_statistics_of_empty_rows<T>(args.x.rows, args.statistics);
  for (int64_t r = 0; r < args.x.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r);
    const Saved<T> s = statistics(x, n, eps_of(spec));
    store_if_present(args.statistics.mean_hi, r, s.mean_hi);
    store_if_present(args.statistics.mean_lo, r, s.mean_lo);
    store_if_present(args.statistics.rstd, r, s.rstd);
    for (int64_t i = 0; i < n; ++i) store(args.y, r, i, affine(spec, args, normalized(x[i], s), i));
  }
}

template <typename T, typename G>
RowSums backward_sums(const Elements<T>& x, const G& g, int64_t n, const Saved<T>& s) {
  return {0, row_sum<T>(n, g),
          row_sum<T>(n, [&](int64_t i) { return g(i) * normalized(x[i], s); })};
}

template <typename T>
void backward(const NormSpec& spec, const NormBackward& args) {
  const int64_t n = args.dy.cols;
  const Elements<T> weight = elements<T>(args.weight);
  const auto saved = [&](int64_t r) {
    return Saved<T>{value_or<T>(args.statistics.mean_hi, r, 0),
                    value_or<T>(args.statistics.mean_lo, r, 0),
                    value_or<T>(args.statistics.rstd, r, 0)};
  };
  // Before dx, which may be dy itself.
  store_column_sums<T>(
      args, [&](int64_t r, int64_t i) { return normalized(row<T>(args.x, r)[i], saved(r)); });
  if (args.dx.data == nullptr || n == 0) return;
  const double inv_n = 1.0 / static_cast<double>(n);
  for (int64_t r = 0; r < args.dx.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r), dy = row<T>(args.dy, r);
    const auto g = [&](int64_t i) { return weighted(spec, dy, weight, i); };
    const Saved<T> s = saved(r);
    const RowSums sums = backward_sums(x, g, n, s);
    const T a = static_cast<T>(sums.s * inv_n);
    const T h = static_cast<T>(sums.q * inv_n * share_of_deviation(eps_of(spec), s.rstd));
    for (int64_t i = 0; i < n; ++i) {
      store(args.dx, r, i, ((g(i) - a) - normalized(x[i], s) * h) * s.rstd);
    }
  }
  store_residual_gradients<T>(args);
}

}  // namespace

void layer_norm_forward(const NormSpec& spec, const NormForward& args) {
  args.x.dtype == DType::kF64 ? forward<double>(spec, args) : forward<float>(spec, args);
}

void layer_norm_backward(const NormSpec& spec, const NormBackward& args) {
  args.dy.dtype == DType::kF64 ? backward<double>(spec, args) : backward<float>(spec, args);
}

RowSums layer_norm_sums(const float* x, int64_t n) {
  const Elements<float> row(x, DType::kF32, 0);
  return pivoted_sums<float>(row, n, pivot(row, n));
}

RowSums layer_norm_redo_sums(const float* x, int64_t n) {
  return pivoted_sums<double>(Elements<float>(x, DType::kF32, 0), n, static_cast<double>(x[0]));
}

RowSums layer_norm_backward_sums(const float* x, const float* dy, const float* weight, int64_t n,
                                 float mean_hi, float mean_lo, float rstd) {
  const auto g = [&](int64_t i) { return weight == nullptr ? dy[i] : dy[i] * weight[i]; };
  return backward_sums(Elements<float>(x, DType::kF32, 0), g, n,
                       Saved<float>{mean_hi, mean_lo, rstd});
}

}  // namespace norma::ref
