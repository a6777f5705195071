// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the programs of golden hashes work on.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "base/rows_view.h"
#include "core/ref/rows.h"

namespace norma::test {

// Elements of one type in memory of their own.
class Memory {
 public:
  Memory(int64_t count, DType type) : type_(type), words_(static_cast<size_t>(count)) {}
  void set(int64_t i, double value) { ref::store(words_.data(), type_, i, value); }
  void* data() { return words_.data(); }
  RowsView rows(int64_t m, int64_t n) { return {data(), type_, m, n, n}; }
  VectorView vector() { return {data(), type_, static_cast<int64_t>(words_.size())}; }
  // The values, each as the f64 it is; a NaN is only promised to be one.
  void append_to(std::string* bytes) const {
    const ref::Elements<double> elements(words_.data(), type_, 0);
    for (size_t i = 0; i < words_.size(); ++i) {
      const double v = elements[static_cast<int64_t>(i)];
      const uint64_t bits = std::isnan(v) ? 0x7ff8000000000000u : std::bit_cast<uint64_t>(v);
      for (int byte = 0; byte < 8; ++byte) bytes->push_back(static_cast<char>(bits >> 8 * byte));
    }
  }

 private:
  DType type_;
  std::vector<double> words_;  // of 8 bytes, whatever the type needs
};

}  // namespace norma::test
