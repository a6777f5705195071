// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The elementary functions in vectors, operation by operation as src/core/ref/elementary.cc has
// them. Included once for each target.

#if defined(NORMA_CORE_CPU_ELEMENTARY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_ELEMENTARY_INL_H_
#undef NORMA_CORE_CPU_ELEMENTARY_INL_H_
#else
#define NORMA_CORE_CPU_ELEMENTARY_INL_H_
#endif

#include <cstddef>

#include "core/cpu/vectors-inl.h"
#include "core/elementary.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

namespace constants = elementary;

// A function of one argument and its derivative.
struct Slope {
  V value, slope;
};

template <size_t kCount>
HWY_INLINE V Polynomial(const float (&coefficients)[kCount], V v) {
  V sum = hn::Set(kD, coefficients[kCount - 1]);
  HWY_UNROLL(8)
  for (size_t k = kCount - 1; k > 0; --k) {
    sum = hn::Add(hn::Mul(sum, v), hn::Set(kD, coefficients[k - 1]));
  }
  return sum;
}

// exp(-(y + c)); without kTwo c is 0.
template <bool kTwo>
HWY_INLINE V ExpMinus(V y, V c) {
  const V round = hn::Set(kD, constants::kRound);
  const V sum = kTwo ? hn::Add(y, c) : y;
  const V k = hn::Add(hn::Mul(sum, hn::Set(kD, constants::kLog2e)), round);
  const V n = hn::Sub(k, round);
  V g = hn::Add(hn::Sub(hn::Mul(n, hn::Set(kD, constants::kLn2High)), y),
                hn::Mul(n, hn::Set(kD, constants::kLn2Low)));
  if (kTwo) g = hn::Sub(g, c);
  const V p = Polynomial(constants::kExp, g);
  const V m = hn::Add(hn::Set(kD, 1.0f), hn::Add(g, hn::Mul(hn::Mul(g, g), p)));
  const auto i = hn::Sub(hn::BitCast(kBits, k), hn::BitCast(kBits, round));
  const auto half = hn::ShiftRight<1>(i);
  const auto power = [](hn::Vec<decltype(kBits)> e) HWY_ATTR {
    return hn::BitCast(kD, hn::ShiftLeft<23>(hn::Sub(hn::Set(kBits, 127), e)));
  };
  return hn::Mul(hn::Mul(m, power(half)), power(hn::Sub(i, half)));
}

HWY_INLINE V AtMost(V v, float limit) {
  const V most = hn::Set(kD, limit);
  return hn::IfThenElse(hn::Gt(v, most), most, v);  // a NaN stays
}

HWY_INLINE Slope TanhAndSlope(V x) {
  const V a = hn::Abs(x), b = AtMost(a, constants::kTanhMost);
  const V one = hn::Set(kD, 1.0f), two = hn::Set(kD, 2.0f);
  const V e = ExpMinus<false>(hn::Mul(two, b), b);
  const V rest = hn::Div(hn::Mul(two, e), hn::Add(one, e));
  const V z = hn::Mul(a, a);
  const V small = hn::Add(a, hn::Mul(a, hn::Mul(z, Polynomial(constants::kTanh, z))));
  const M is_small = hn::Lt(a, hn::Set(kD, constants::kTanhSmall));
  const V t = hn::IfThenElse(is_small, small, hn::Sub(one, rest));
  return {hn::CopySign(t, x), hn::Mul(rest, hn::Sub(two, rest))};
}

HWY_INLINE V Sigmoid(V x) {
  const V b = AtMost(hn::Abs(x), constants::kSigmoidMost), one = hn::Set(kD, 1.0f);
  const V e = ExpMinus<false>(b, b);
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(kD)), e, one), hn::Add(one, e));
}

HWY_INLINE Slope ErfAndSlope(V x) {
  const V a = AtMost(hn::Abs(x), constants::kErfMost);
  const V high = hn::BitCast(kD, hn::And(hn::BitCast(kBits, a), hn::Set(kBits, 0xFFFFF000)));
  const V c = hn::Mul(hn::Sub(a, high), hn::Add(a, high));
  const V e = ExpMinus<true>(hn::Mul(high, high), c);
  const V z = hn::Mul(a, a);
  const V small = hn::Add(a, hn::Mul(a, Polynomial(constants::kErf, z)));
  const V large = hn::Sub(hn::Set(kD, 1.0f), hn::Mul(e, Polynomial(constants::kErfc, a)));
  const M is_small = hn::Lt(a, hn::Set(kD, constants::kErfSmall));
  const V t = hn::IfThenElse(is_small, small, large);
  return {hn::CopySign(t, x), hn::Mul(hn::Set(kD, constants::kTwoOverRootPi), e)};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
