// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Access to the views of a norm call, whatever their types, and the parts that both norms share.
// Work is the type a norm is worked in: double for f64 rows, float for all others.
#pragma once

#include <cstdint>
#include <limits>

#include "base/float16.h"
#include "core/norm_spec.h"
#include "core/ref/order.h"

namespace norma::ref {

// Elements to read, each promoted exactly to Work.
template <typename Work>
class Elements {
 public:
  Elements(const void* data, DType dtype, int64_t first, int64_t step = 1)
      : data_(data), dtype_(dtype), first_(first), step_(step) {}

  explicit operator bool() const { return data_ != nullptr; }
  Work operator[](int64_t i) const {
    switch (dtype_) {
      case DType::kF32:
        return static_cast<Work>(at<float>(i));
      case DType::kBF16:
        return static_cast<Work>(to_f32(at<BFloat16>(i)));
      case DType::kF16:
        return static_cast<Work>(to_f32(at<Float16>(i)));
      case DType::kF64:
        return static_cast<Work>(at<double>(i));
    }
    return 0;
  }

 private:
  template <typename T>
  const T& at(int64_t i) const {
    return static_cast<const T*>(data_)[first_ + i * step_];
  }

  const void* data_;
  DType dtype_;
  int64_t first_, step_;
};

template <typename Work>
Elements<Work> row(const ConstRowsView& view, int64_t r) {
  // The stride of rows that are absent may be anything.
  return {view.data, view.dtype, view.data == nullptr ? 0 : r * view.stride};
}
// A single one stands for all columns.
template <typename Work>
Elements<Work> elements(const ConstVectorView& view) {
  return {view.data, view.dtype, 0, view.size == 1 ? 0 : 1};
}

// Rounds once more, to the type of the memory.
template <typename Work>
void store(void* data, DType dtype, int64_t i, Work value) {
  switch (dtype) {
    case DType::kF32:
      static_cast<float*>(data)[i] = static_cast<float>(value);
      break;
    case DType::kBF16:
      static_cast<BFloat16*>(data)[i] = from_f32<BFloat16>(static_cast<float>(value));
      break;
    case DType::kF16:
      static_cast<Float16*>(data)[i] = from_f32<Float16>(static_cast<float>(value));
      break;
    case DType::kF64:
      static_cast<double*>(data)[i] = static_cast<double>(value);
      break;
  }
}
template <typename Work>
void store(const RowsView& view, int64_t r, int64_t i, Work value) {
  store(view.data, view.dtype, r * view.stride + i, value);
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

// `value` rounded to a type and promoted back.
template <typename Work>
Work rounded(Work value, DType dtype) {
  double memory = 0;
  store(&memory, dtype, 0, value);
  return Elements<Work>(&memory, dtype, 0)[0];
}

// weight, or Gemma's 1 + weight.
template <typename Work>
Work gain(const NormSpec& spec, const Elements<Work>& weight, int64_t i) {
  return spec.weight_plus_one ? Work(1) + weight[i] : weight[i];
}

// Section 3 after xhat: y = xhat * weight, then + bias, each where present.
template <typename Work>
Work affine(const NormSpec& spec, const NormForward& args, Work xhat, int64_t i) {
  const auto weight = elements<Work>(args.weight), bias = elements<Work>(args.bias);
  Work y = xhat;
  if (weight) {
    if (spec.round_before_weight) y = rounded(y, args.y.dtype);
    y = y * gain(spec, weight, i);
  }
  if (bias) y = y + bias[i];
  return y;
}

// The call on what is normalised: where there is a residual, its sum, which is stored first.
template <typename Work>
NormForward after_residual(NormForward args) {
  // Rows of no elements can be more than anyone could count.
  if (args.residual.data == nullptr || args.x.cols == 0) return args;
  const Work scale = static_cast<Work>(args.residual_scale);
  for (int64_t r = 0; r < args.x.rows; ++r) {
    const Elements<Work> x = row<Work>(args.x, r), residual = row<Work>(args.residual, r);
    for (int64_t i = 0; i < args.x.cols; ++i) {
      store(args.sum, r, i, x[i] + scale * residual[i]);
    }
  }
  args.x = args.sum;
  return args;
}

// After dx: what the sum's other uses give is added, and the residual has its share.
template <typename Work>
void store_residual_gradients(const NormBackward& args) {
  if (args.dx.data == nullptr) return;
  const Work scale = static_cast<Work>(args.residual_scale);
  for (int64_t r = 0; r < args.dx.rows; ++r) {
    const Elements<Work> dx = row<Work>(args.dx, r), dsum = row<Work>(args.dsum, r);
    for (int64_t i = 0; i < args.dx.cols; ++i) {
      if (dsum) store(args.dx, r, i, dx[i] + dsum[i]);
      if (args.dresidual.data != nullptr) store(args.dresidual, r, i, scale * dx[i]);
    }
  }
}

// Section 4: dy * weight.
template <typename Work>
Work weighted(const NormSpec& spec, const Elements<Work>& dy, const Elements<Work>& weight,
              int64_t i) {
  return weight ? dy[i] * gain(spec, weight, i) : dy[i];
}

// Section 5; xhat(r, i) is the normalised input.
template <typename Work, typename Xhat>
void store_column_sums(const NormBackward& args, const Xhat& xhat) {
  const int64_t rows = args.dy.rows;
  const auto dy = [&](int64_t r, int64_t i) { return row<Work>(args.dy, r)[i]; };
  const VectorView &dweight = args.dweight, &dbias = args.dbias;
  const auto dweight_of = [&](int64_t i) {
    return column_sum<Work>(rows, [&](int64_t r) { return dy(r, i) * xhat(r, i); });
  };
  const bool is_one = dweight.size == 1;
  for (int64_t i = 0; dweight.data != nullptr && !is_one && i < args.dy.cols; ++i) {
    store(dweight.data, dweight.dtype, i, dweight_of(i));
  }
  if (dweight.data != nullptr && is_one) {
    // Of all columns, whose sums are added as a row is, in f64.
    const double sum = row_sum<double>(
        args.dy.cols, [&](int64_t i) { return static_cast<double>(dweight_of(i)); });
    store(dweight.data, dweight.dtype, 0, static_cast<Work>(sum));
  }
  for (int64_t i = 0; dbias.data != nullptr && i < args.dy.cols; ++i) {
    store(dbias.data, dbias.dtype, i, column_sum<Work>(rows, [&](int64_t r) { return dy(r, i); }));
  }
}

}  // namespace norma::ref
