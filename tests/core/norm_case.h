// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One call of a norm, forward and backward, with its own memory: any stride and alignment, NaN
// between the rows and around them so that a kernel that reads there shows it, and a check that
// nothing was written there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "core/plan/plan.h"
#include "core/ref/rows.h"

namespace norma::test {

// rows x cols elements; row r starts `stride` elements after row r - 1, the first `offset` elements
// past a 64-byte boundary. Values go in and out as f32, which holds those of bf16 and f16.
class PaddedRows {
 public:
  PaddedRows(int64_t rows, int64_t cols, int64_t stride = 0, int64_t offset = 0,
             DType dtype = DType::kF32)
      : dtype_(dtype), rows_(rows), cols_(cols), stride_(stride == 0 ? cols : stride) {
    const int64_t size = static_cast<int64_t>(size_of(dtype)), line = 64 / size;
    const int64_t reach = rows > 1 ? (rows - 1) * (stride_ < 0 ? -stride_ : stride_) : 0;
    // Room for the alignment, and for a stray vector store on either side.
    memory_.resize(static_cast<size_t>((reach + cols + offset + 5 * line) * size));
    for (int64_t i = 0; i < count(); ++i) ref::store(memory_.data(), dtype_, i, padding());
    const auto base = static_cast<int64_t>(reinterpret_cast<uintptr_t>(memory_.data())) / size;
    first_ = (line - base % line) % line + offset + line;
    if (stride_ < 0) first_ += reach;
    fill(0.0f);
  }

  void* data() { return memory_.data() + first_ * static_cast<int64_t>(size_of(dtype_)); }
  const void* data() const { return const_cast<PaddedRows*>(this)->data(); }
  // REQUIRES: f32.
  float* row(int64_t r) { return static_cast<float*>(data()) + r * stride_; }
  const float* row(int64_t r) const { return const_cast<PaddedRows*>(this)->row(r); }
  void fill(float value) {
    for (int64_t r = 0; r < rows_; ++r) {
      for (int64_t i = 0; i < cols_; ++i) ref::store(view(), r, i, value);
    }
  }
  void assign(const std::vector<float>& dense) {
    for (int64_t r = 0; r < rows_; ++r) {
      for (int64_t i = 0; i < cols_; ++i) {
        ref::store(view(), r, i, dense[static_cast<size_t>(r * cols_ + i)]);
      }
    }
  }
  std::vector<float> dense() const {
    std::vector<float> values;
    for (int64_t r = 0; r < rows_; ++r) {
      const ref::Elements<float> row(data(), dtype_, r * stride_);
      for (int64_t i = 0; i < cols_; ++i) values.push_back(row[i]);
    }
    return values;
  }
  RowsView view() { return {data(), dtype_, rows_, cols_, stride_}; }

  // Whether every element that is not part of a row still has the padding's bits.
  bool padding_is_untouched() const {
    std::vector<bool> used(static_cast<size_t>(count()), false);
    for (int64_t r = 0; r < rows_; ++r) {
      for (int64_t i = 0; i < cols_; ++i) {
        used[static_cast<size_t>(first_ + r * stride_ + i)] = true;
      }
    }
    const size_t size = size_of(dtype_);
    char want[8];
    ref::store(want, dtype_, 0, padding());
    for (size_t i = 0; i < used.size(); ++i) {
      if (!used[i] && std::memcmp(&memory_[i * size], want, size) != 0) return false;
    }
    return true;
  }

 private:
  static float padding() { return std::numeric_limits<float>::quiet_NaN(); }
  int64_t count() const {
    return static_cast<int64_t>(memory_.size()) / static_cast<int64_t>(size_of(dtype_));
  }

  DType dtype_;
  int64_t rows_, cols_, stride_, first_ = 0;
  std::vector<char> memory_;
};

struct NormCase {
  NormCase(NormSpec spec_, int64_t rows_, int64_t cols_, int64_t stride = 0, int64_t offset = 0)
      : spec(spec_), rows(rows_), cols(cols_), x(rows_, cols_, stride, offset),
        dy(rows_, cols_, stride, offset), y(rows_, cols_, stride, offset),
        dx(rows_, cols_, stride, offset), mean_hi(static_cast<size_t>(rows_)),
        mean_lo(mean_hi), rstd(mean_hi), dweight(static_cast<size_t>(cols_)), dbias(dweight) {}

  ConstVectorView parameter(const std::vector<float>& values) const {
    return {values.empty() ? nullptr : values.data(), DType::kF32,
            static_cast<int64_t>(values.size())};
  }
  NormForward forward_args() {
    return {x.view(), parameter(weight), parameter(bias), y.view(),
            {mean_hi.data(), mean_lo.data(), rstd.data()}};
  }
  NormBackward backward_args() {
    return {x.view(), dy.view(), parameter(weight), {mean_hi.data(), mean_lo.data(), rstd.data()},
            dx.view(),
            {dweight.data(), DType::kF32, weight.size() == 1 ? 1 : cols},
            {dbias.data(), DType::kF32, cols}};
  }

  Status forward(const Executor& executor) { return norm_forward(spec, forward_args(), executor); }
  Status backward(const Executor& executor) {
    const NormBackward args = backward_args();
    size_t bytes = 0;
    NORMA_RETURN_IF_ERROR(norm_backward_workspace_size(spec, args, executor, &bytes));
    workspace.resize(bytes / sizeof(Line) + 1);
    return norm_backward(spec, args, workspace.data(), bytes, executor);
  }
  Status run(const Executor& executor) {
    NORMA_RETURN_IF_ERROR(forward(executor));
    return backward(executor);
  }

  struct alignas(64) Line {
    char bytes[64];
  };

  NormSpec spec;
  int64_t rows, cols;
  PaddedRows x, dy, y, dx;
  std::vector<float> weight, bias;  // empty: absent
  std::vector<float> mean_hi, mean_lo, rstd, dweight, dbias;
  std::vector<Line> workspace;
};

}  // namespace norma::test
