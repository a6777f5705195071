// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Values in memory of any type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/ref/rows.h"

namespace norma::test {

// T is float, which holds every value of the 16-bit types, or double.
template <typename T>
class TypedMemory {
 public:
  TypedMemory(const std::vector<T>& values, DType dtype)
      : dtype_(dtype), count_(static_cast<int64_t>(values.size())) {
    bytes_.resize(values.size() * size_of(dtype));
    for (int64_t i = 0; i < count_; ++i) {
      ref::store(bytes_.data(), dtype, i, values[static_cast<size_t>(i)]);
    }
  }
  TypedMemory(int64_t count, DType dtype)
      : TypedMemory(std::vector<T>(static_cast<size_t>(count)), dtype) {}

  void* data() { return bytes_.data(); }
  // Absent where there are no values.
  VectorView vector() { return {count_ == 0 ? nullptr : data(), dtype_, count_}; }
  ConstVectorView const_vector() {
    const VectorView v = vector();
    return {v.data, v.dtype, v.size};
  }
  std::vector<T> values() const {
    const ref::Elements<T> elements(bytes_.data(), dtype_, 0);
    std::vector<T> all;
    for (int64_t i = 0; i < count_; ++i) all.push_back(elements[i]);
    return all;
  }

 private:
  DType dtype_;
  int64_t count_;
  std::vector<char> bytes_;
};

}  // namespace norma::test
