// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The elementary functions against the C library's in long double, whose own error is 2^-38 of
// f32's step.
#include "core/ref/elementary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace norma::ref {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// In steps of f32 at what is true, the least of them 2^-149.
double error_in_ulp(float got, long double want) {
  int exponent;
  std::frexp(want, &exponent);
  const long double ulp = std::ldexp(1.0L, std::max(exponent - 24, -149));
  return static_cast<double>(std::abs(got - want) / ulp);
}

// What docs/pointwise.md promises. The slope is 4 exp(-2|x|) where that is subnormal, and the
// exponential is then rounded to a whole step.
testing::AssertionResult tanh_is_near(float x) {
  const Slope<float> got = tanh_and_slope(x);
  const long double true_x = x, cosh = std::cosh(true_x);
  const double value = error_in_ulp(got.value, std::tanh(true_x));
  const double slope = error_in_ulp(got.slope, 1 / (cosh * cosh));
  if (value <= 1.5 && slope <= 3.5) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "tanh(" << x << "): " << value << " ulp, its slope " << slope;
}

testing::AssertionResult erf_is_near(float x) {
  const Slope<float> got = erf_and_slope(x);
  const long double true_x = x, scale = 2 / std::sqrt(std::acos(-1.0L));
  const double value = error_in_ulp(got.value, std::erf(true_x));
  const double slope = error_in_ulp(got.slope, scale * std::exp(-true_x * true_x));
  if (value <= 1.75 && slope <= 2.5) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "erf(" << x << "): " << value << " ulp, its slope " << slope;
}

// What docs/numerics.md promises of the logistic function, on both sides of 0.
testing::AssertionResult sigmoid_is_near(float x) {
  const long double true_x = x;
  const double right = error_in_ulp(sigmoid(x), 1 / (1 + std::exp(-true_x)));
  const double left = error_in_ulp(sigmoid(-x), 1 / (1 + std::exp(true_x)));
  if (right <= 2.5 && left <= 2.5) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "sigmoid(+-" << x << "): " << right << ", " << left;
}

// Beyond it every value is 1 and every slope 0.
constexpr float kFar = 120;

template <typename Near>
testing::AssertionResult are_near(uint32_t step, const Near& near) {
  for (uint32_t bits = 0; bits < std::bit_cast<uint32_t>(kFar); bits += step) {
    const testing::AssertionResult result = near(std::bit_cast<float>(bits));
    if (!result) return result;
  }
  return testing::AssertionSuccess();
}

TEST(Elementary, TanhIsNearAtAMillionPlaces) { EXPECT_TRUE(are_near(1013, tanh_is_near)); }

TEST(Elementary, ErfIsNearAtAMillionPlaces) { EXPECT_TRUE(are_near(1013, erf_is_near)); }

TEST(Elementary, SigmoidIsNearAtAMillionPlaces) { EXPECT_TRUE(are_near(1013, sigmoid_is_near)); }

// Labelled long: `ctest -L long`.
TEST(Elementary, DISABLED_SigmoidIsNearEverywhere) { EXPECT_TRUE(are_near(1, sigmoid_is_near)); }
TEST(Elementary, DISABLED_TanhIsNearEverywhere) { EXPECT_TRUE(are_near(1, tanh_is_near)); }
TEST(Elementary, DISABLED_ErfIsNearEverywhere) { EXPECT_TRUE(are_near(1, erf_is_near)); }

template <typename Function>
void expect_symmetry_and_ends(const Function& function, uint32_t step) {
  for (uint64_t bits = 0; bits <= std::bit_cast<uint32_t>(kInf); bits += step) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    const Slope<float> right = function(x), left = function(-x);
    ASSERT_EQ(std::bit_cast<uint32_t>(left.value),
              std::bit_cast<uint32_t>(right.value) ^ 0x80000000u)
        << x;
    ASSERT_EQ(left.slope, right.slope) << x;
    ASSERT_TRUE(right.value >= 0 && right.value <= 1 && right.slope >= 0) << x;
    ASSERT_TRUE(x < kFar || (right.value == 1 && right.slope == 0)) << x;
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float x : {nan, -nan, std::bit_cast<float>(0x7f800001u)}) {
    EXPECT_TRUE(std::isnan(function(x).value) && std::isnan(function(x).slope));
  }
  EXPECT_TRUE(function(kInf).value == 1 && function(kInf).slope == 0);
  EXPECT_TRUE(function(-0.0f).value == 0 && std::signbit(function(-0.0f).value));
}

TEST(Elementary, TanhIsOddAndEndsAtOne) {
  expect_symmetry_and_ends([](float x) { return tanh_and_slope(x); }, 1013);
  EXPECT_EQ(tanh_and_slope(0.0f).slope, 1);
  EXPECT_EQ(tanh_and_slope(0x1p-149f).value, 0x1p-149f);
  EXPECT_EQ(tanh_and_slope(9.1f).value, 1);
}

TEST(Elementary, ErfIsOddAndEndsAtOne) {
  expect_symmetry_and_ends([](float x) { return erf_and_slope(x); }, 1013);
  EXPECT_EQ(erf_and_slope(0.0f).slope, 0x1.20dd76p0f);
  EXPECT_EQ(erf_and_slope(3.93f).value, 1);
}

TEST(Elementary, SigmoidEndsAtZeroAndOne) {
  EXPECT_EQ(sigmoid(0.0f), 0.5f);
  EXPECT_EQ(sigmoid(-0.0f), 0.5f);
  EXPECT_EQ(sigmoid(kInf), 1);
  EXPECT_EQ(sigmoid(-kInf), 0);
  EXPECT_EQ(sigmoid(-104.0f), 0);
  EXPECT_GT(sigmoid(-103.0f), 0);
  EXPECT_TRUE(std::isnan(sigmoid(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Elementary, DoublesAreTheLibrarys) {
  for (const double x : {-700.0, -3.0, -1e-300, 0.0, 0.5, 20.0}) {
    const double cosh = std::cosh(x);
    EXPECT_EQ(tanh_and_slope(x).value, std::tanh(x));
    EXPECT_NEAR(tanh_and_slope(x).slope, 1 / (cosh * cosh), 0x1p-50);
    EXPECT_EQ(erf_and_slope(x).value, std::erf(x));
    EXPECT_NEAR(erf_and_slope(x).slope, 1.1283791670955126 * std::exp(-x * x), 0x1p-50);
  }
}

}  // namespace
}  // namespace norma::ref
