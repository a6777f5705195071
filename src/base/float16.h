// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The two 16-bit types as their bits, with the only two conversions there are: to f32, exact, and
// from f32, rounded to nearest even in integer code, so that no flag and no processor matters. A
// NaN stays one (made quiet), and what is too large becomes an infinity.
#pragma once

#include <bit>
#include <cstdint>

namespace norma {

// f32's upper half: sign, 8 bits of exponent, 7 of fraction.
struct BFloat16 {
  uint16_t bits = 0;
};

// IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
struct Float16 {
  uint16_t bits = 0;
};

inline float to_f32(float v) { return v; }

inline float to_f32(BFloat16 v) {
  return std::bit_cast<float>(static_cast<uint32_t>(v.bits) << 16);
}

inline float to_f32(Float16 v) {
  const uint32_t sign = static_cast<uint32_t>(v.bits & 0x8000) << 16, rest = v.bits & 0x7FFF;
  // Exponents 112 too small for f32, which a product sets right, subnormals too.
  const float magnitude = std::bit_cast<float>(rest << 13) * 0x1p112f;
  const uint32_t infinite = rest >= 0x7C00 ? 0x7F800000 : 0;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | infinite | sign);
}

// T is float, BFloat16 or Float16.
template <typename T>
T from_f32(float v);

template <>
inline float from_f32<float>(float v) {
  return v;
}

template <>
inline BFloat16 from_f32<BFloat16>(float v) {
  const uint32_t u = std::bit_cast<uint32_t>(v);
  if ((u & 0x7FFFFFFF) > 0x7F800000) return {static_cast<uint16_t>(u >> 16 | 0x40)};
  return {static_cast<uint16_t>((u + 0x7FFF + (u >> 16 & 1)) >> 16)};
}

template <>
inline Float16 from_f32<Float16>(float v) {
  const uint32_t u = std::bit_cast<uint32_t>(v), rest = u & 0x7FFFFFFF;
  const uint16_t sign = static_cast<uint16_t>(u >> 16 & 0x8000);
  const auto with_sign = [sign](uint32_t bits) {
    return Float16{static_cast<uint16_t>(bits | sign)};
  };
  if (rest > 0x7F800000) return with_sign(0x7E00);
  if (rest >= 0x477FF000) return with_sign(0x7C00);  // from 65520, half a step above the largest
  if (rest < 0x38800000) {
    // Subnormal, in steps of 2^-24: `shift` bits of f32's fraction, its leading 1 among them, go.
    const uint32_t shift = 126 - (rest >> 23);
    if (shift > 24) return with_sign(0);
    const uint32_t fraction = (rest & 0x7FFFFF) | 0x800000;
    const uint32_t half = 1u << (shift - 1), odd = fraction >> shift & 1;
    return with_sign((fraction + half - 1 + odd) >> shift);
  }
  return with_sign((rest - 0x38000000 + 0xFFF + (rest >> 13 & 1)) >> 13);
}

}  // namespace norma
