// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the order tests of the operators plant, and the views and memory that they call with.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/core/norm_case.h"
#include "tests/core/written_order.h"

namespace norma::test {

inline const int64_t kLengths[] = {1, 2, 3, 8, 9, 17, 31, 33, 64, 100, 256, 300, 1024, 1100};
inline const int64_t kRows[] = {1, 2, 31, 32, 33, 70, 130, 200, 300};

inline std::vector<float> filled(int64_t n, float value) {
  return std::vector<float>(static_cast<size_t>(n), value);
}
inline std::vector<double> as_doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}
inline ConstVectorView vector_of(const std::vector<float>& values) {
  return {values.data(), DType::kF32, static_cast<int64_t>(values.size())};
}
inline VectorView result_in(std::vector<float>& values) {
  return {values.data(), DType::kF32, static_cast<int64_t>(values.size())};
}
inline ConstRowsView rows_in(const std::vector<float>& values, int64_t cols) {
  return {values.data(), DType::kF32, static_cast<int64_t>(values.size()) / cols, cols, cols};
}
inline RowsView rows_in(std::vector<float>& values, int64_t cols) {
  return {values.data(), DType::kF32, static_cast<int64_t>(values.size()) / cols, cols, cols};
}

class Workspace {
 public:
  explicit Workspace(size_t bytes) : lines_(bytes / sizeof(NormCase::Line) + 1) {}
  void* data() { return lines_.data(); }
  size_t bytes() const { return lines_.size() * sizeof(NormCase::Line); }

 private:
  std::vector<NormCase::Line> lines_;
};

// A matrix of which column k has M in row i and -M in row others[k].
template <typename Rest>
std::vector<float> planted_down(int64_t rows, int64_t i, const std::vector<int64_t>& others,
                                const Rest& rest, float large = kLarge) {
  std::vector<float> matrix;
  for (int64_t r = 0; r < rows; ++r) {
    for (const int64_t j : others) matrix.push_back(r == i ? large : r == j ? -large : rest(r));
  }
  return matrix;
}
inline constexpr auto kOnes = [](int64_t) { return 1.0f; };

}  // namespace norma::test
