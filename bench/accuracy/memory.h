// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a measured call works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rows_view.h"
#include "core/ref/rows.h"

namespace norma::accuracy {

// Elements of a type in memory; values go in and out as f32.
class Memory {
 public:
  Memory(DType dtype, size_t count)
      : dtype_(dtype), count_(count), bytes_(count * size_of(dtype)) {}
  Memory(DType dtype, const std::vector<float>& values) : Memory(dtype, values.size()) {
    for (size_t i = 0; i < count_; ++i) {
      ref::store(bytes_.data(), dtype_, static_cast<int64_t>(i), values[i]);
    }
  }

  RowsView rows(int64_t cols) {
    if (count_ == 0) return {};
    return {bytes_.data(), dtype_, static_cast<int64_t>(count_) / cols, cols, cols};
  }
  VectorView vector() {
    if (count_ == 0) return {};
    return {bytes_.data(), dtype_, static_cast<int64_t>(count_)};
  }
  ConstVectorView constants() {
    const VectorView view = vector();
    return {view.data, view.dtype, view.size};
  }
  std::vector<float> values() const {
    std::vector<float> values(count_);
    const ref::Elements<float> elements(bytes_.data(), dtype_, 0);
    for (size_t i = 0; i < count_; ++i) values[i] = elements[static_cast<int64_t>(i)];
    return values;
  }

 private:
  DType dtype_;
  size_t count_;
  std::vector<char> bytes_;
};

struct alignas(64) Line {
  char bytes[64];
};

// Row r as rows of one.
inline RowsView one_row(RowsView rows, int64_t r) {
  rows.data = static_cast<char*>(rows.data) +
              r * rows.stride * static_cast<int64_t>(size_of(rows.dtype));
  rows.rows = 1;
  return rows;
}

}  // namespace norma::accuracy
