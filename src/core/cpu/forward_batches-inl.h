// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The forward pass over batches of rows, so that the latency of one row's statistics hides behind
// other rows' and x is read from L1 again. Included once for each target.

#if defined(NORMA_CORE_CPU_FORWARD_BATCHES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_FORWARD_BATCHES_INL_H_
#undef NORMA_CORE_CPU_FORWARD_BATCHES_INL_H_
#else
#define NORMA_CORE_CPU_FORWARD_BATCHES_INL_H_
#endif

#include "base/cache_size.h"
#include "core/cpu/cost.h"
#include "core/cpu/forward_sums-inl.h"
#include "core/cpu/hostile_rows.h"
#include "core/cpu/kernels.h"
#include "core/cpu/normalize-inl.h"
#include "core/cpu/order-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// Elements of x that a batch of rows may take: half of a 32 KB L1 where they are f32.
inline constexpr int64_t kBatchElements = 4096;
// Rows of a batch: short ones wait for their statistics the less the more there are.
inline constexpr int64_t kMostRows = 64;

// What is known of the rows of a batch. Worked on in whole vectors, so that a last vector has
// values for rows that are not there.
template <int kSums>
struct Batch {
  HWY_ALIGN_MAX float eights[kSums][8 * kMostRows];
  HWY_ALIGN_MAX float pivot[kMostRows];
  HWY_ALIGN_MAX double s[kMostRows];
  HWY_ALIGN_MAX double q[kMostRows];
  HWY_ALIGN_MAX double t[kMostRows];
  HWY_ALIGN_MAX double v[kMostRows];
  HWY_ALIGN_MAX float mean_hi[kMostRows];
  HWY_ALIGN_MAX float mean_lo[kMostRows];
  HWY_ALIGN_MAX float rstd[kMostRows];

  // Of a norm that has none of these.
  void ClearMeans() {
    for (int64_t r = 0; r < kMostRows; ++r) pivot[r] = mean_hi[r] = mean_lo[r] = 0;
    for (int64_t r = 0; r < kMostRows; ++r) s[r] = 0;
  }
};

template <class Norm>
using BatchOf = Batch<Norm::kForwardSums>;

template <class Norm, class T>
HWY_NOINLINE void Pivots(const ForwardArgs& args, int64_t first, int64_t count,
                         BatchOf<Norm>& batch) {
  HWY_ALIGN_MAX float medians[8 * kMostRows];
  for (int64_t r = 0; r < count; ++r) {
    PivotMedians(RowOf<T>(args.x, args.x_stride, first + r), args.rule.cols, medians + 8 * r);
  }
  FoldEights(medians, count, batch.pivot);
  for (int64_t r = 0; r < count; r += kN) {
    hn::Store(hn::Mul(hn::Load(kD, batch.pivot + r), hn::Set(kD, 0.125f)), kD, batch.pivot + r);
  }
}

// Rows `some` of the batch that begins at row `first`, each of one block at most, down to eight
// values a sum. ahead: in rows, 0 where x and y are near.
template <class Norm, class T>
HWY_INLINE void SumSome(const ForwardArgs& args, int64_t first, Range some, int64_t ahead,
                        BatchOf<Norm>& batch) {
  const auto terms = [&](int64_t r) HWY_ATTR {
    auto row = TermsOfRow<Norm, T>(args, first + r, batch.pivot[r]);
    if (ahead > 0) {
      row.x_ahead = row.x + ahead * args.x_stride;
      if (!args.stream) row.y_ahead = RowOf<T>(args.y, args.y_stride, first + r);
    }
    return row;
  };
  SumRows<Norm::kForwardSums>(terms, some, args.rule.cols, batch.eights);
}

// s and q out of what SumSome left.
template <class Norm>
HWY_NOINLINE void BatchSums(int64_t count, BatchOf<Norm>& batch) {
  constexpr int kSums = Norm::kForwardSums;
  // RMSNorm's and the L2 norm's only sum is q.
  double* const sums[2] = {kSums == 2 ? batch.s : batch.q, batch.q};
  HWY_ALIGN_MAX float blocks[kMostRows];
  for (int q = 0; q < kSums; ++q) {
    FoldEights(batch.eights[q], count, blocks);
    RowSums(blocks, count, sums[q]);
  }
}

// rstd out of v where eps stands beside the root: rstd_beside() in vectors.
template <int kSums>
HWY_NOINLINE void BatchRstdBeside(const ForwardArgs& args, int64_t count, Batch<kSums>& batch) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> f;
  const bool outside = args.rule.eps_mode == EpsMode::kOutside;
  const auto eps = hn::Set(d, args.rule.eps_beside);
  for (int64_t r = 0; r < count; r += static_cast<int64_t>(hn::Lanes(d))) {
    const auto s = hn::Sqrt(hn::Load(d, batch.v + r));
    const auto scale = outside ? hn::Add(s, eps) : hn::IfThenElse(hn::Lt(s, eps), eps, s);
    hn::Store(hn::DemoteTo(f, hn::Div(hn::Set(d, 1.0), scale)), f, batch.rstd + r);
  }
}

template <int kSums>
HWY_NOINLINE void BatchSumRstd(int64_t count, Batch<kSums>& batch) {
  for (int64_t r = 0; r < count; ++r) batch.mean_hi[r] = SumRstd(batch.s[r], batch.rstd[r]);
}

// Section 2 after the sums.
template <class Norm, class T>
HWY_NOINLINE void BatchStatistics(const ForwardArgs& args, int64_t first, int64_t count,
                                  BatchOf<Norm>& batch) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> f;
  const auto inv_n = hn::Set(d, 1.0 / static_cast<double>(args.rule.divisor));
  const auto eps = hn::Set(d, args.rule.eps);
  bool accepted = true;
  for (int64_t r = 0; r < count; r += static_cast<int64_t>(hn::Lanes(d))) {
    const auto s = hn::Load(d, batch.s + r);
    const auto q = hn::Load(d, batch.q + r);
    const auto ebar = Norm::kUnstored ? hn::Zero(d) : hn::Mul(s, inv_n);
    const auto t = hn::Mul(Norm::kUnstored ? hn::Add(q, hn::Mul(s, s)) : q, inv_n);
    auto var = hn::Sub(t, hn::Mul(ebar, ebar));
    var = hn::IfThenZeroElse(hn::Lt(var, hn::Zero(d)), var);
    const auto v = hn::Add(var, eps);
    hn::Store(t, d, batch.t + r);
    hn::Store(v, d, batch.v + r);
    const auto in_range = hn::And(hn::Ge(v, hn::Set(d, 0x1p-100)), hn::Le(v, hn::Set(d, 0x1p100)));
    const auto good = hn::And(in_range, hn::Le(t, hn::Mul(hn::Set(d, 4.0), v)));
    accepted = accepted && hn::AllTrue(d, good);
    hn::Store(hn::Div(hn::Set(f, 1.0f), hn::Sqrt(hn::DemoteTo(f, v))), f, batch.rstd + r);
    if (Norm::kPivot) {
      const auto pivot = hn::PromoteTo(d, hn::Load(f, batch.pivot + r));
      const auto hi = hn::DemoteTo(f, hn::Add(pivot, ebar));
      const auto lo = hn::Add(hn::Sub(pivot, hn::PromoteTo(d, hi)), ebar);
      hn::Store(hi, f, batch.mean_hi + r);
      hn::Store(hn::DemoteTo(f, lo), f, batch.mean_lo + r);
    }
  }
  if (HWY_UNLIKELY(args.rule.eps_mode != EpsMode::kInside)) BatchRstdBeside(args, count, batch);
  if (Norm::kUnstored) BatchSumRstd(count, batch);
  if (HWY_LIKELY(accepted)) return;
  for (int64_t r = 0; r < count; ++r) {
    if (Accepted(batch.v[r], batch.t[r])) continue;
    using Stored = typename StoredAs<T>::Type;
    const RowStatistics redone =
        Norm::Redo(RowOf<Stored>(args.x, args.x_stride, first + r), args.rule);
    batch.mean_hi[r] = redone.mean_hi;
    batch.mean_lo[r] = redone.mean_lo;
    batch.rstd[r] = redone.rstd;
  }
}

template <class Norm>
HWY_NOINLINE void StoreStatistics(const ForwardArgs& args, int64_t first, int64_t count,
                                  const BatchOf<Norm>& batch) {
  const auto copy = [&](const float* from, float* to) {
    for (int64_t r = 0; r < count; ++r) to[first + r] = from[r];
  };
  if (args.rstd != nullptr) copy(batch.rstd, args.rstd);
  if ((Norm::kPivot || Norm::kUnstored) && args.mean_hi != nullptr) {
    copy(batch.mean_hi, args.mean_hi);
  }
  if (Norm::kPivot && args.mean_lo != nullptr) copy(batch.mean_lo, args.mean_lo);
  if (args.raw == nullptr) return;
  for (int64_t r = 0; r < count; ++r) {
    args.raw[first + r] = {batch.pivot[r], batch.s[r], batch.q[r]};
  }
}

// The rows of a batch before its first sum.
template <class Norm, class T>
HWY_INLINE void BeginBatch(const ForwardArgs& args, int64_t first, int64_t count,
                           BatchOf<Norm>& batch) {
  if (args.addend != nullptr) StoreSums<T>(args, first, count);
  if (Norm::kPivot) Pivots<Norm, T>(args, first, count, batch);
}
template <class Norm, class T>
HWY_INLINE void FinishBatch(const ForwardArgs& args, int64_t first, int64_t count,
                            BatchOf<Norm>& batch) {
  BatchSums<Norm>(count, batch);
  BatchStatistics<Norm, T>(args, first, count, batch);
  StoreStatistics<Norm>(args, first, count, batch);
}

// How rows are worked on.
struct Way {
  // kNextFirst: one by one, the next summed before one is written. kInterleaved: two batches, with
  // `step` rows written between two looks at the next, and what is `ahead` rows from there is asked
  // for.
  enum class Kind { kBatches, kOneByOne, kNextFirst, kInterleaved };
  Kind kind = Kind::kOneByOne;
  int64_t rows = 1, step = 1, ahead = 0;
};

// What can be best for a call, the first in a core's L2.
inline constexpr int kMostWays = 3;
struct Ways {
  Way way[kMostWays];
  int count;
};

// In a core's L2 batches are best, and mostly in L3; but of LayerNorm's longer rows two at a time
// hide the statistics as well. From memory batches wait, the longer the more instructions lie
// between two lines, as the processor sees some hundreds of them at a time: there rows are best
// that are read and written by turns, which the processor fetches by itself. Short ones wait for
// their own statistics when they are alone, so they go in small batches, or, of LayerNorm, which
// has most to do, interleaved. 16-bit rows have half the bytes to wait for. Times of each way:
// docs/performance.md.
inline constexpr int64_t kMostShort = kBatchElements / 8;  // columns
inline constexpr int64_t kMostBatched = kBlock;
inline constexpr int64_t kLeastAlone = 128, kLeastAlone16 = 192;
inline constexpr int64_t kSmallBatchElements = 512;
inline constexpr int64_t kStepElements = 256;
inline constexpr int64_t kAskedAhead = 8192;  // bytes of x

template <class Norm, class T>
HWY_INLINE Ways WaysOf(const ForwardArgs& args, int64_t rows) {
  using Kind = Way::Kind;
  const int64_t cols = args.cols;
  const bool adds = args.addend != nullptr, is_short = cols <= kMostShort;
  const Way alone{is_short && !adds ? Kind::kNextFirst : Kind::kOneByOne};
  if (!is_short && (cols > kMostBatched || adds || args.stream)) return {{alone}, 1};
  // What is stored past the caches is fetched a batch ahead.
  const int64_t elements = args.stream ? kBatchElements / 4 : kBatchElements;
  Ways ways{{{Kind::kBatches, HWY_MIN(elements / cols, kMostRows)}}, 1};
  if (Norm::kPivot && !is_short) ways.way[0] = {Kind::kNextFirst};
  const int64_t row_bytes = cols * static_cast<int64_t>(sizeof(T));
  const bool is_f32 = sizeof(T) == sizeof(float);
  const int64_t bytes = (adds ? 4 : 2) * rows * row_bytes;
  const int forced = forced_way();
  if (forced == 0 && bytes < second_level_cache_bytes() / 2) return ways;
  if (cols >= (is_f32 ? kLeastAlone : kLeastAlone16)) {
    ways.way[ways.count++] = alone;
  } else {
    if (is_f32) {
      ways.way[ways.count++] = {Kind::kBatches, HWY_MIN(kSmallBatchElements / cols, kBatch)};
    }
    if (Norm::kPivot && !adds) {
      ways.way[ways.count++] = {Kind::kInterleaved, HWY_MIN(kBatchElements / 2 / cols, kBatch),
                                HWY_MAX(kStepElements / cols, 2) / 2 * 2,
                                HWY_MAX(kAskedAhead / row_bytes, 1)};
    }
  }
  if (forced > 0) ways = {{ways.way[HWY_MIN(forced, ways.count) - 1]}, 1};
  return ways;
}

// One batch after the other, each with its sums first.
template <class Norm, class T>
HWY_NOINLINE void ForwardBatches(const ForwardArgs& args, const Normalizer<Norm, T>& normalize,
                                 Range rows, int64_t most) {
  BatchOf<Norm> batch;
  if (!Norm::kPivot) batch.ClearMeans();
  for (int64_t first = rows.begin; first < rows.end; first += most) {
    const int64_t count = HWY_MIN(most, rows.end - first);
    BeginBatch<Norm, T>(args, first, count, batch);
    SumSome<Norm, T>(args, first, {0, count}, 0, batch);
    FinishBatch<Norm, T>(args, first, count, batch);
    normalize(first, count, batch.mean_hi, batch.mean_lo, batch.rstd, most);
  }
}

// While the rows of one batch are written, those of the next are summed between them. SumSome has
// asked for them: none are fetched beside what is streamed. REQUIRES: Norm::kPivot.
template <class Norm, class T>
HWY_NOINLINE void ForwardInterleaved(const ForwardArgs& args, const Normalizer<Norm, T>& normalize,
                                     Range rows, const Way& way) {
  BatchOf<Norm> memory[2];
  BatchOf<Norm>*batch = &memory[0], *next = &memory[1];
  int64_t first = rows.begin, count = HWY_MIN(way.rows, rows.end - first);
  BeginBatch<Norm, T>(args, first, count, *batch);
  SumSome<Norm, T>(args, first, {0, count}, way.ahead, *batch);
  FinishBatch<Norm, T>(args, first, count, *batch);
  while (count > 0) {
    const int64_t after = first + count, coming = HWY_MIN(way.rows, rows.end - after);
    if (coming > 0) BeginBatch<Norm, T>(args, after, coming, *next);
    for (int64_t r = 0; r < count; r += way.step) {
      const int64_t end = HWY_MIN(r + way.step, count);
      normalize(first + r, end - r, batch->mean_hi + r, batch->mean_lo + r, batch->rstd + r, 0);
      if (r >= coming) continue;
      SumSome<Norm, T>(args, after, {r, HWY_MIN(end, coming)}, way.ahead, *next);
    }
    if (coming > 0) FinishBatch<Norm, T>(args, after, coming, *next);
    first = after;
    count = coming;
    BatchOf<Norm>* const done = batch;
    batch = next;
    next = done;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
