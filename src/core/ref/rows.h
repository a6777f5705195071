// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Typed access to the views of a norm call, and the parts that both norms share.
#pragma once

#include <cstdint>
#include <limits>

#include "core/norm_spec.h"
#include "core/ref/order.h"

namespace norma::ref {

template <typename T>
const T* row(const ConstRowsView& view, int64_t r) {
  return static_cast<const T*>(view.data) + r * view.stride;
}
template <typename T>
T* row(const RowsView& view, int64_t r) {
  return static_cast<T*>(view.data) + r * view.stride;
}
template <typename T>
const T* elements(const ConstVectorView& view) {
  return static_cast<const T*>(view.data);
}

template <typename T>
T value_or(const void* values, int64_t r, T absent) {
  return values == nullptr ? absent : static_cast<const T*>(values)[r];
}
template <typename T>
void store_if_present(void* values, int64_t r, T value) {
  if (values != nullptr) static_cast<T*>(values)[r] = value;
}

// A row without elements has no mean of squares; its mean is shown as 0 (PyTorch does the same).
template <typename T>
void store_statistics_of_empty_rows(int64_t rows, const Statistics& statistics) {
  // Rows of no elements can be more than anyone could count.
  const Statistics& s = statistics;
  if (s.mean_hi == nullptr && s.mean_lo == nullptr && s.rstd == nullptr) return;
  for (int64_t r = 0; r < rows; ++r) {
    store_if_present<T>(statistics.mean_hi, r, T(0));
    store_if_present<T>(statistics.mean_lo, r, T(0));
    store_if_present<T>(statistics.rstd, r, std::numeric_limits<T>::quiet_NaN());
  }
}

// Section 3 after xhat: y = xhat * weight, then + bias, each where present.
template <typename T>
T affine(T xhat, const T* weight, const T* bias, int64_t i) {
  T y = xhat;
  if (weight != nullptr) y = y * weight[i];
  if (bias != nullptr) y = y + bias[i];
  return y;
}

// Section 4: dy * weight.
template <typename T>
T weighted(const T* dy, const T* weight, int64_t i) {
  return weight == nullptr ? dy[i] : dy[i] * weight[i];
}

// Section 5; xhat(r, i) is the normalised input.
template <typename T, typename Xhat>
void store_column_sums(const NormBackward& args, const Xhat& xhat) {
  const int64_t rows = args.dy.rows;
  if (T* dweight = static_cast<T*>(args.dweight.data)) {
    for (int64_t i = 0; i < args.dy.cols; ++i) {
      dweight[i] =
          column_sum<T>(rows, [&](int64_t r) { return row<T>(args.dy, r)[i] * xhat(r, i); });
    }
  }
  if (T* dbias = static_cast<T*>(args.dbias.data)) {
    for (int64_t i = 0; i < args.dy.cols; ++i) {
      dbias[i] = column_sum<T>(rows, [&](int64_t r) { return row<T>(args.dy, r)[i]; });
    }
  }
}

}  // namespace norma::ref
