// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/elementary.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "core/elementary.h"
#include "core/fp_environment.h"

namespace norma::ref {
namespace {

namespace constants = elementary;

// Horner's rule.
template <size_t kCount>
float polynomial(const float (&coefficients)[kCount], float v) {
  float sum = coefficients[kCount - 1];
  for (size_t k = kCount - 1; k > 0; --k) sum = sum * v + coefficients[k - 1];
  return sum;
}

// exp(-(y + c)), c small beside y, 0 <= y + c <= 111.
float exp_minus(float y, float c) {
  const float k = (y + c) * constants::kLog2e + constants::kRound;
  const float n = k - constants::kRound;
  const float g = ((n * constants::kLn2High - y) + n * constants::kLn2Low) - c;
  const float m = 1.0f + (g + (g * g) * polynomial(constants::kExp, g));
  // In two steps, as 2^-n may be no number; of a NaN any bits will do.
  const uint32_t i = std::bit_cast<uint32_t>(k) - std::bit_cast<uint32_t>(constants::kRound);
  const uint32_t half = i >> 1;
  const auto power = [](uint32_t p) { return std::bit_cast<float>((127 - p) << 23); };
  return (m * power(half)) * power(i - half);
}

float at_most(float v, float limit) { return v > limit ? limit : v; }  // a NaN stays

}  // namespace

Slope<float> tanh_and_slope(float x) {
  const float a = std::fabs(x), b = at_most(a, constants::kTanhMost);
  const float e = exp_minus(2 * b, 0);
  const float rest = (2 * e) / (1 + e);  // 1 - tanh(a)
  const float z = a * a;
  const float t =
      a < constants::kTanhSmall ? a + a * (z * polynomial(constants::kTanh, z)) : 1 - rest;
  return {std::copysign(t, x), rest * (2 - rest)};
}

float sigmoid(float x) {
  const float e = exp_minus(at_most(std::fabs(x), constants::kSigmoidMost), 0);
  return (x < 0 ? e : 1.0f) / (1 + e);
}

Slope<float> erf_and_slope(float x) {
  const float a = at_most(std::fabs(x), constants::kErfMost);
  // a^2 = high^2 + c, the first exact.
  const float high = std::bit_cast<float>(std::bit_cast<uint32_t>(a) & 0xFFFFF000);
  const float c = (a - high) * (a + high);
  const float e = exp_minus(high * high, c);
  const float z = a * a;
  const float t = a < constants::kErfSmall ? a + a * polynomial(constants::kErf, z)
                                           : 1 - e * polynomial(constants::kErfc, a);
  return {std::copysign(t, x), constants::kTwoOverRootPi * e};
}

Slope<double> tanh_and_slope(double x) {
  const double cosh = std::cosh(x);
  return {std::tanh(x), 1 / cosh / cosh};
}

double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : 1.0) / (1 + e);
}

Slope<double> erf_and_slope(double x) {
  return {std::erf(x), 2 / std::sqrt(std::acos(-1.0)) * std::exp(-x * x)};
}

}  // namespace norma::ref
