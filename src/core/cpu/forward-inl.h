// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The forward pass of a norm over a range of rows: sums, statistics and output. Included once for
// each target.

#if defined(NORMA_CORE_CPU_FORWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_FORWARD_INL_H_
#undef NORMA_CORE_CPU_FORWARD_INL_H_
#else
#define NORMA_CORE_CPU_FORWARD_INL_H_
#endif

#include <chrono>

#include "core/cpu/forward_batches-inl.h"
#include "core/cpu/forward_sums-inl.h"
#include "core/cpu/hostile_rows.h"
#include "core/cpu/kernels.h"
#include "core/cpu/normalize-inl.h"
#include "core/cpu/order-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

template <class Norm, class T>
HWY_INLINE float PivotOfRow(const ForwardArgs& args, int64_t r) {
  if (!Norm::kPivot) return 0;
  HWY_ALIGN_MAX float medians[8];
  PivotMedians(RowOf<T>(args.x, args.x_stride, r), args.rule.cols, medians);
  return FoldEight(medians) * 0.125f;
}

// Section 2 of one row after its sums.
template <class Norm, class T>
HWY_INLINE RowStatistics StatisticsOfSums(const ForwardArgs& args, int64_t r, float pivot, double s,
                                          double q) {
  const double c = static_cast<double>(pivot);
  if (args.raw != nullptr) args.raw[r] = {c, s, q};
  const double inv_n = 1.0 / static_cast<double>(args.rule.divisor);
  const double squares = Norm::kUnstored ? q + s * s : q;
  const double ebar = Norm::kUnstored ? 0 : s * inv_n, t = squares * inv_n;
  double var = t - ebar * ebar;
  if (var < 0) var = 0;
  const double v = var + args.rule.eps;
  if (HWY_UNLIKELY(!Accepted(v, t))) {
    return Norm::Redo(RowOf<typename StoredAs<T>::Type>(args.x, args.x_stride, r), args.rule);
  }
  const float rstd = HWY_LIKELY(args.rule.eps_mode == EpsMode::kInside)
                         ? 1.0f / __builtin_sqrtf(static_cast<float>(v))
                         : rstd_beside(args.rule, v);
  if (Norm::kUnstored) return {SumRstd(s, rstd), 0, rstd};
  const float hi = static_cast<float>(c + ebar);
  return {hi, static_cast<float>((c - static_cast<double>(hi)) + ebar), rstd};
}

// The statistics of a row that has no others to hide behind: the same sums and formulas without
// the detour through a batch.
template <class Norm, class T>
HWY_INLINE RowStatistics StatisticsOfRow(const ForwardArgs& args, int64_t r) {
  constexpr int kSums = Norm::kForwardSums;
  const int64_t n = args.rule.cols;
  const float pivot = PivotOfRow<Norm, T>(args, r);
  double sums[kSums];
  if (n > kBlock) {
    LongRowSums<Norm, T>(args, r, pivot, {0, n}, sums);
  } else {
    HWY_ALIGN_MAX float eights[kSums][8];
    float* out[kSums];
    for (int q = 0; q < kSums; ++q) out[q] = eights[q];
    // The processor fetches short rows best by itself.
    SumBlock(TermsOfRow<Norm, T>(args, r, pivot, n <= kMostShort ? 0 : kPrefetchBytes), 0, n,
             out);
    for (int q = 0; q < kSums; ++q) sums[q] = static_cast<double>(FoldEight(eights[q])) + 0.0;
  }
  return StatisticsOfSums<Norm, T>(args, r, pivot, kSums == 2 ? sums[0] : 0, sums[kSums - 1]);
}

template <class Norm>
HWY_INLINE void StoreRowStatistics(const ForwardArgs& args, int64_t r, const RowStatistics& s) {
  if (args.rstd != nullptr) args.rstd[r] = s.rstd;
  if ((Norm::kPivot || Norm::kUnstored) && args.mean_hi != nullptr) args.mean_hi[r] = s.mean_hi;
  if (Norm::kPivot && args.mean_lo != nullptr) args.mean_lo[r] = s.mean_lo;
}

// Rows one by one; next_first: each is summed before the one before it is written, so that its
// statistics are there in time. Of rows past a block two, and what is written, do not stay in L1.
template <class Norm, class T>
HWY_NOINLINE void ForwardRows(const ForwardArgs& args, const Normalizer<Norm, T>& normalize,
                              Range rows, bool next_first) {
  const auto statistics = [&](int64_t r) HWY_ATTR {
    if (args.addend != nullptr) StoreSums<T>(args, r, 1);
    return StatisticsOfRow<Norm, T>(args, r);
  };
  const int64_t ahead = next_first ? 2 : 1;
  RowStatistics s = statistics(rows.begin), next = s;
  for (int64_t r = rows.begin; r < rows.end; ++r, s = next) {
    if (next_first && r + 1 < rows.end) next = statistics(r + 1);
    StoreRowStatistics<Norm>(args, r, s);
    normalize(r, 1, &s.mean_hi, &s.mean_lo, &s.rstd, ahead);
    if (!next_first && r + 1 < rows.end) next = statistics(r + 1);
  }
}

template <class Norm, class T>
HWY_INLINE void ForwardBy(const Way& way, const ForwardArgs& args,
                          const Normalizer<Norm, T>& normalize, Range rows) {
  using Kind = Way::Kind;
  const Kind kind = rows.end - rows.begin == 1 ? Kind::kOneByOne : way.kind;
  if (kind == Kind::kOneByOne || kind == Kind::kNextFirst) {
    ForwardRows<Norm, T>(args, normalize, rows, kind == Kind::kNextFirst);
  } else if (kind == Kind::kBatches) {
    ForwardBatches<Norm, T>(args, normalize, rows, way.rows);
  } else if constexpr (Norm::kPivot) {
    ForwardInterleaved<Norm, T>(args, normalize, rows, way);
  }
}

// Elements of a trial, and how many trials a range has at least.
inline constexpr int64_t kTrialElements = 4096;
inline constexpr int64_t kLeastTrials = 24;

// Whether a call's rows are in L3 or in memory it cannot know. So the first of them are worked on
// in each way, twice, for the first time pays for what the way before has left; the way that was
// quickest is for those that remain, which this returns. All give the same bits.
template <class Norm, class T>
HWY_NOINLINE Range TryWays(const ForwardArgs& args, const Normalizer<Norm, T>& normalize,
                           Range rows, const Ways& ways, Way* quickest) {
  using Clock = std::chrono::steady_clock;
  *quickest = ways.way[0];
  const int64_t some =
      HWY_MIN(kTrialElements / args.cols, (rows.end - rows.begin) / kLeastTrials);
  if (some == 0) return rows;
  Clock::duration least = Clock::duration::max();
  for (int i = 0; i < ways.count; ++i) {
    const Way& way = ways.way[i];
    const int64_t middle = rows.begin + some, end = middle + some;
    ForwardBy<Norm, T>(way, args, normalize, {rows.begin, middle});
    const Clock::time_point start = Clock::now();
    ForwardBy<Norm, T>(way, args, normalize, {middle, end});
    const Clock::duration taken = Clock::now() - start;
    if (taken < least) {
      least = taken;
      *quickest = way;
    }
    rows.begin = end;
  }
  return rows;
}

template <class Norm, class T>
void Forward(const ForwardArgs& args, Range rows) {
  if (rows.begin >= rows.end) return;
  const Normalizer<Norm, T> normalize(args, rows.end - rows.begin);
  const Ways ways = WaysOf<Norm, T>(args, rows.end - rows.begin);
  Way way = ways.way[0];
  if (ways.count > 1) rows = TryWays<Norm, T>(args, normalize, rows, ways, &way);
  ForwardBy<Norm, T>(way, args, normalize, rows);
  if (args.stream) hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
