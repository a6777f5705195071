// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// CrmsNorm's own formulas, for the passes that all norms share. Included once for each target.

#if defined(NORMA_CORE_CPU_CRMS_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_CRMS_NORM_INL_H_
#undef NORMA_CORE_CPU_CRMS_NORM_INL_H_
#else
#define NORMA_CORE_CPU_CRMS_NORM_INL_H_
#endif

#include "core/cpu/backward_short-inl.h"
#include "core/cpu/forward-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

struct CrmsNorm {
  static constexpr bool kPivot = false, kOneWeight = false, kUnstored = true;
  static constexpr int kForwardSums = 2, kBackwardSums = 1;

  static HWY_INLINE V Term(V x, V) { return x; }

  // The first level of the sums of x and x * x: one rearrangement serves both.
  static HWY_INLINE void ForwardHalved(V x0, V x1, V (&t)[2]) {
    const Two x = SplitHalves(x0, x1);
    t[0] = hn::Add(x.a, x.b);
    t[1] = hn::Add(hn::Mul(x.a, x.a), hn::Mul(x.b, x.b));
  }

  template <class T>
  static RowStatistics Redo(const T* x, const StatisticsRule& rule) {
    return redo_crms_norm(x, rule);
  }

  struct Row {
    V sum_rstd, rstd;

    Row() = default;
    HWY_INLINE Row(float sum_rstd_, float, float rstd_)
        : sum_rstd(hn::Set(kD, sum_rstd_)), rstd(hn::Set(kD, rstd_)) {}
    HWY_INLINE Row(const BackwardArgs& args, int64_t r) : Row(args.mean_hi[r], 0, args.rstd[r]) {}

    HWY_INLINE V Xhat(V x) const { return hn::Mul(x, rstd); }
    HWY_INLINE V Dx(V g, V xhat, V, V gx_mean) const {
      return hn::Mul(hn::Sub(g, hn::Mul(hn::Add(xhat, sum_rstd), gx_mean)), rstd);
    }
  };
  using HalvedRow = Row;  // never asked for: x * rstd cannot overflow
};

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
