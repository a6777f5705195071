// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Derf over rows of every type.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/derf.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/norm_tables.h"
#include "core/cpu/pointwise-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

struct Derf {
  static constexpr int kScalars = 2;
  V alpha, shift;

  HWY_INLINE explicit Derf(const PointwiseScalars& scalars)
      : alpha(hn::Set(kD, scalars.alpha)), shift(hn::Set(kD, scalars.shift)) {}
  HWY_INLINE Slope operator()(V x) const { return ErfAndSlope(hn::Add(hn::Mul(alpha, x), shift)); }
  // Of dalpha and dshift; v = dy * weight * slope.
  static HWY_INLINE void Terms(V v, V x, V (&terms)[kScalars]) {
    terms[0] = hn::Mul(v, x);
    terms[1] = v;
  }
};

PointwiseTable DerfTable() { return PointwiseTableOf<Derf>(); }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(PointwiseTable, derf_kernels, DerfTable)
}  // namespace norma::cpu
#endif
