// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/seed_norm.h"

#include "core/fp_environment.h"
#include "core/ref/elementary.h"
#include "core/ref/order.h"
#include "core/ref/rms_norm.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

template <typename T>
void forward(const SeedNormForward& args) {
  const int64_t n = args.x.cols;
  const auto alpha = elements<T>(args.alpha), beta = elements<T>(args.beta),
             gamma = elements<T>(args.gamma);
  // One row at a time, as y may be x.
  for (int64_t r = 0; n > 0 && r < args.x.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r), xhat = row<T>(args.y, r);
    const T dot = static_cast<T>(row_sum<T>(n, [&](int64_t i) { return x[i] * beta[i]; }));
    store_if_present(args.dot, r, dot);
    const T t = tanh_and_slope(dot).value;
    const auto at = [](const auto& view, int64_t row) {
      auto one = view;
      one.rows = 1;
      const int64_t bytes = row * view.stride * static_cast<int64_t>(size_of(view.dtype));
      one.data = reinterpret_cast<decltype(one.data)>(
          reinterpret_cast<intptr_t>(view.data) + bytes);
      return one;
    };
    T rstd = 0;
    const NormForward norm{at(args.x, r), {}, {}, at(args.y, r), {nullptr, nullptr, &rstd}};
    rms_norm_forward({NormKind::kRmsNorm, args.eps}, norm);
    store_if_present(args.rstd, r, rstd);
    for (int64_t i = 0; i < n; ++i) store(args.y, r, i, (t * alpha[i] + gamma[i]) * xhat[i]);
  }
  if (n > 0) return;
  store_statistics_of_empty_rows<T>(args.x.rows, {args.dot, nullptr, args.rstd});
}

template <typename T>
class Backward {
 public:
  Backward(const SeedNormBackward& args, T* scratch)
      : args_(args),
        of_rows_(scratch),
        alpha_(elements<T>(args.alpha)),
        beta_(elements<T>(args.beta)),
        gamma_(elements<T>(args.gamma)) {}

  void run() {
    const SeedNormBackward& a = args_;
    for (int64_t r = 0; a.dy.cols > 0 && r < a.dy.rows; ++r) prepare(r);
    // Before dx, which may be dy itself.
    store_column_sums(a.dalpha, [&](int64_t r, int64_t i) { return t(r) * gain(r, i); });
    store_column_sums(a.dbeta, [&](int64_t r, int64_t i) { return e(r) * x(r, i); });
    store_column_sums(a.dgamma, [&](int64_t r, int64_t i) { return gain(r, i); });
    const int64_t n = a.dy.cols;
    for (int64_t r = 0; a.dx.data != nullptr && n > 0 && r < a.dy.rows; ++r) {
      const double inv_n = 1.0 / static_cast<double>(n);
      const double sum = row_sum<T>(n, [&](int64_t i) { return w(r, i) * xhat(r, i); });
      const T h = static_cast<T>(sum * inv_n), e_r = e(r), rstd = rstd_of(r);
      for (int64_t i = 0; i < n; ++i) {
        store(a.dx, r, i, (w(r, i) - xhat(r, i) * h) * rstd + e_r * beta_[i]);
      }
    }
  }

 private:
  T x(int64_t r, int64_t i) const { return row<T>(args_.x, r)[i]; }
  T dy(int64_t r, int64_t i) const { return row<T>(args_.dy, r)[i]; }
  T rstd_of(int64_t r) const { return value_or<T>(args_.rstd, r, 0); }
  T t(int64_t r) const { return of_rows_[2 * r]; }
  T e(int64_t r) const { return of_rows_[2 * r + 1]; }
  T xhat(int64_t r, int64_t i) const { return x(r, i) * rstd_of(r); }
  T gain(int64_t r, int64_t i) const { return dy(r, i) * xhat(r, i); }
  T w(int64_t r, int64_t i) const { return dy(r, i) * (t(r) * alpha_[i] + gamma_[i]); }
  void prepare(int64_t r) {
    const Slope<T> tanh = tanh_and_slope(value_or<T>(args_.dot, r, 0));
    const double sum =
        row_sum<T>(args_.dy.cols, [&](int64_t i) { return gain(r, i) * alpha_[i]; });
    of_rows_[2 * r] = tanh.value;
    of_rows_[2 * r + 1] = static_cast<T>(sum) * tanh.slope;
  }

  template <typename Term>
  void store_column_sums(const VectorView& result, const Term& term) {
    for (int64_t i = 0; result.data != nullptr && i < args_.dy.cols; ++i) {
      store(result.data, result.dtype, i,
            column_sum<T>(args_.dy.rows, [&](int64_t r) { return term(r, i); }));
    }
  }

  const SeedNormBackward& args_;
  T* const of_rows_;  // t and e
  const Elements<T> alpha_, beta_, gamma_;
};

}  // namespace

void seed_norm_forward(const SeedNormForward& args) {
  args.x.dtype == DType::kF64 ? forward<double>(args) : forward<float>(args);
}

size_t seed_norm_scratch(const SeedNormBackward& args) {
  if (args.dy.cols == 0) return 0;
  return 2 * static_cast<size_t>(args.dy.rows) * size_of(dtype_of_statistics(args.dy.dtype));
}

void seed_norm_backward(const SeedNormBackward& args, void* scratch) {
  args.dy.dtype == DType::kF64 ? Backward<double>(args, static_cast<double*>(scratch)).run()
                               : Backward<float>(args, static_cast<float*>(scratch)).run();
}

}  // namespace norma::ref
