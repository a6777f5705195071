// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// LayerNorm's own formulas, for the passes that all norms share. Included once for each target.

#if defined(NORMA_CORE_CPU_LAYER_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_LAYER_NORM_INL_H_
#undef NORMA_CORE_CPU_LAYER_NORM_INL_H_
#else
#define NORMA_CORE_CPU_LAYER_NORM_INL_H_
#endif

#include "core/cpu/backward_short-inl.h"
#include "core/cpu/forward-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

struct LayerNorm {
  static constexpr bool kPivot = true, kOneWeight = false, kUnstored = false;
  static constexpr int kForwardSums = 2, kBackwardSums = 2;

  static HWY_INLINE V Term(V x, V pivot) { return hn::Sub(x, pivot); }

  // The first level of the sums of e and e * e: one rearrangement serves both.
  static HWY_INLINE void ForwardHalved(V e0, V e1, V (&t)[2]) {
    const Two e = SplitHalves(e0, e1);
    t[0] = hn::Add(e.a, e.b);
    t[1] = hn::Add(hn::Mul(e.a, e.a), hn::Mul(e.b, e.b));
  }

  template <class T>
  static RowStatistics Redo(const T* x, const StatisticsRule& rule) {
    return redo_layer_norm(x, rule);
  }

  struct Row {
    V hi, lo, rstd;

    Row() = default;
    HWY_INLINE Row(float mean_hi, float mean_lo, float rstd_)
        : hi(hn::Set(kD, mean_hi)), lo(hn::Set(kD, mean_lo)), rstd(hn::Set(kD, rstd_)) {}
    HWY_INLINE Row(const BackwardArgs& args, int64_t r)
        : Row(args.mean_hi[r], args.mean_lo[r], args.rstd[r]) {}

    HWY_INLINE V Xhat(V x) const { return hn::Mul(hn::Sub(hn::Sub(x, hi), lo), rstd); }
    HWY_INLINE V Dx(V g, V xhat, V g_mean, V gx_mean) const {
      return hn::Mul(hn::Sub(hn::Sub(g, g_mean), hn::Mul(xhat, gx_mean)), rstd);
    }
  };

  // Section 3 where the deviation is near the top of the range.
  struct HalvedRow {
    V hi, lo, rstd;

    HWY_INLINE HalvedRow(const BackwardArgs& args, int64_t r)
        : hi(hn::Set(kD, args.mean_hi[r] / 2)),
          lo(hn::Set(kD, args.mean_lo[r] / 2)),
          rstd(hn::Set(kD, 2 * args.rstd[r])) {}

    HWY_INLINE V Xhat(V x) const {
      return hn::Mul(hn::Sub(hn::Sub(hn::Mul(x, hn::Set(kD, 0.5f)), hi), lo), rstd);
    }
  };
};

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
