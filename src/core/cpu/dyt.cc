// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// DyT over rows of every type.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/dyt.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/norm_tables.h"
#include "core/cpu/pointwise-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

struct Dyt {
  static constexpr int kScalars = 1;
  V alpha;

  HWY_INLINE explicit Dyt(const PointwiseScalars& scalars) : alpha(hn::Set(kD, scalars.alpha)) {}
  HWY_INLINE Slope operator()(V x) const { return TanhAndSlope(hn::Mul(alpha, x)); }
  // Of dalpha; v = dy * weight * slope.
  static HWY_INLINE void Terms(V v, V x, V (&terms)[kScalars]) { terms[0] = hn::Mul(v, x); }
};

PointwiseTable DytTable() { return PointwiseTableOf<Dyt>(); }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(PointwiseTable, dyt_kernels, DytTable)
}  // namespace norma::cpu
#endif
