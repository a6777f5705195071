// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Equality of bits, where a NaN equals any NaN: norma-1 promises that it is one, not which.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace norma::test {

template <typename T>
bool same_bits(T a, T b) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
}

// Compares got[0, n) with want[0, n) and shows the first that differs.
template <typename T>
testing::AssertionResult same_bits(const T* got, const T* want, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    if (!same_bits(got[i], want[i])) {
      return testing::AssertionFailure()
             << "element " << i << " of " << n << " is " << std::hexfloat << got[i]
             << " and must be " << want[i];
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace norma::test
