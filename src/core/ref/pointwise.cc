// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/pointwise.h"

#include "core/fp_environment.h"
#include "core/ref/elementary.h"
#include "core/ref/order.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

template <typename T>
Slope<T> evaluate(const PointwiseSpec& spec, T x) {
  const T product = static_cast<T>(spec.alpha) * x;
  if (spec.kind == PointwiseKind::kDyt) return tanh_and_slope(product);
  return erf_and_slope(product + static_cast<T>(spec.shift));
}

template <typename T>
void forward(const PointwiseSpec& spec, const PointwiseForward& args) {
  const auto weight = elements<T>(args.weight), bias = elements<T>(args.bias);
  // Rows of no elements can be more than anyone could count.
  for (int64_t r = 0; args.x.cols > 0 && r < args.x.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r);
    for (int64_t i = 0; i < args.x.cols; ++i) {
      T y = evaluate<T>(spec, x[i]).value;
      if (weight) y = y * weight[i];
      if (bias) y = y + bias[i];
      store(args.y, r, i, y);
    }
  }
}

// A scalar's gradient: rows by section 1, then the rows' sums by section 5, which stay f64.
template <typename T, typename Term>
void store_scalar_gradient(const PointwiseBackward& args, void* result, const Term& term) {
  if (result == nullptr) return;
  const int64_t rows = args.dy.cols > 0 ? args.dy.rows : 0;
  const double sum = column_sum<double>(rows, [&](int64_t r) {
    return row_sum<T>(args.dy.cols, [&](int64_t i) { return term(r, i); });
  });
  *static_cast<T*>(result) = static_cast<T>(sum);
}

template <typename T, typename Term>
void store_column_sums(const PointwiseBackward& args, const VectorView& result, const Term& term) {
  for (int64_t i = 0; result.data != nullptr && i < args.dy.cols; ++i) {
    store(result.data, result.dtype, i,
          column_sum<T>(args.dy.rows, [&](int64_t r) { return term(r, i); }));
  }
}

template <typename T>
void backward(const PointwiseSpec& spec, const PointwiseBackward& args) {
  const auto weight = elements<T>(args.weight);
  const auto x = [&](int64_t r, int64_t i) { return row<T>(args.x, r)[i]; };
  const auto dy = [&](int64_t r, int64_t i) { return row<T>(args.dy, r)[i]; };
  const auto slope = [&](int64_t r, int64_t i) {
    const T u = weight ? dy(r, i) * weight[i] : dy(r, i);
    return u * evaluate<T>(spec, x(r, i)).slope;
  };
  // Before dx, which may be dy itself.
  store_column_sums<T>(args, args.dweight, [&](int64_t r, int64_t i) {
    return dy(r, i) * evaluate<T>(spec, x(r, i)).value;
  });
  store_column_sums<T>(args, args.dbias, dy);
  store_scalar_gradient<T>(args, args.dalpha,
                           [&](int64_t r, int64_t i) { return slope(r, i) * x(r, i); });
  store_scalar_gradient<T>(args, args.dshift, slope);
  if (args.dx.data == nullptr) return;
  for (int64_t r = 0; args.dx.cols > 0 && r < args.dx.rows; ++r) {
    for (int64_t i = 0; i < args.dx.cols; ++i) {
      store(args.dx, r, i, slope(r, i) * static_cast<T>(spec.alpha));
    }
  }
}

}  // namespace

void pointwise_forward(const PointwiseSpec& spec, const PointwiseForward& args) {
  args.x.dtype == DType::kF64 ? forward<double>(spec, args) : forward<float>(spec, args);
}

void pointwise_backward(const PointwiseSpec& spec, const PointwiseBackward& args) {
  args.dy.dtype == DType::kF64 ? backward<double>(spec, args) : backward<float>(spec, args);
}

}  // namespace norma::ref
