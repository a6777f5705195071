// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The forward pass of a norm over a range of rows: sums, statistics and output of a few rows at a
// time, so that the latency of one row's statistics hides behind the next row's sums and x is read
// from L1 again. Included once for each target.

#if defined(NORMA_CORE_CPU_FORWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_FORWARD_INL_H_
#undef NORMA_CORE_CPU_FORWARD_INL_H_
#else
#define NORMA_CORE_CPU_FORWARD_INL_H_
#endif

#include "base/cache_size.h"
#include "core/cpu/hostile_rows.h"
#include "core/cpu/kernels.h"
#include "core/cpu/normalize-inl.h"
#include "core/cpu/order-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// Elements of x that a batch of rows may take: half of a 32 KB L1 where they are f32.
inline constexpr int64_t kBatchElements = 4096;
static_assert(kBatchElements / 8 <= kBlock);

// What is known of the rows of a batch. Worked on in whole vectors, so that a last vector has
// values for rows that are not there.
struct Batch {
  HWY_ALIGN_MAX float pivot[kBatch];
  HWY_ALIGN_MAX double s[kBatch];
  HWY_ALIGN_MAX double q[kBatch];
  HWY_ALIGN_MAX double t[kBatch];
  HWY_ALIGN_MAX double v[kBatch];
  HWY_ALIGN_MAX float mean_hi[kBatch];
  HWY_ALIGN_MAX float mean_lo[kBatch];
  HWY_ALIGN_MAX float rstd[kBatch];

  // RMSNorm's, which has none of these.
  void ClearMeans() {
    for (int64_t r = 0; r < kBatch; ++r) pivot[r] = mean_hi[r] = mean_lo[r] = 0;
    for (int64_t r = 0; r < kBatch; ++r) s[r] = 0;
  }
};

// The terms of one row.
template <class Norm, class T>
struct ForwardTerms {
  static constexpr int kSums = Norm::kForwardSums;
  const T* x;
  int64_t end;
  V pivot;

  HWY_INLINE V Inside(int64_t i) const { return Norm::Term(Load(x + i), pivot); }
  HWY_INLINE V Masked(int64_t i) const {
    const V term = Norm::Term(LoadInside(x, i, end), pivot);
    return Norm::kPivot ? hn::IfThenElseZero(FirstLanes(end - i), term) : term;
  }
  // The first level of the vectors at i and j; kFull: both lie inside the row.
  template <bool kFull>
  HWY_INLINE void Halved(int64_t i, int64_t j, V (&t)[kSums]) const {
    kFull ? Norm::ForwardHalved(Inside(i), Inside(j), t)
          : Norm::ForwardHalved(Masked(i), Masked(j), t);
  }
  HWY_INLINE void Group(int64_t i, V (&leaf)[kSums]) const {
    for (int64_t line = 0; line < kGroup; line += kLine<T>) {
      hwy::Prefetch(x + i + line + kPrefetchBytes / sizeof(T));
    }
    Fold<true>(i, leaf);
  }
  HWY_INLINE void Tail(int64_t i, V (&leaf)[kSums]) const { Fold<false>(i, leaf); }

 private:
  template <bool kFull>
  HWY_INLINE void Fold(int64_t i, V (&leaf)[kSums]) const {
    FoldGroup<kSums>([&](int k, V(&t)[kSums])
                         HWY_ATTR { Halved<kFull>(i + First(k) * kN, i + Second(k) * kN, t); },
                     leaf);
  }
};

HWY_INLINE const float* First24(const float* x, float*) { return x; }
template <class T>
HWY_INLINE const float* First24(const T* x, float* HWY_RESTRICT promoted) {
  for (int64_t j = 0; j < 24; j += kN) {
    const int64_t i = HWY_MIN(j, 24 - kN);
    hn::StoreU(Load(x + i), kD, promoted + i);
  }
  return promoted;
}

// Medians of three that make up the pivot: m[j] of x[j % n], x[(j + 8) % n], x[(j + 16) % n].
template <class T>
HWY_INLINE void PivotMedians(const T* row, int64_t n, float* HWY_RESTRICT m) {
  HWY_ALIGN_MAX float promoted[24];
  const float* x = promoted;
  if (n < 24) {
    for (int64_t j = 0, i = 0; j < 24; ++j, i = i + 1 == n ? 0 : i + 1)
      promoted[j] = to_f32(row[i]);
  } else {
    x = First24(row, promoted);
  }
  const hn::CappedTag<float, 8> d;
  for (size_t j = 0; j < 8; j += hn::Lanes(d)) {
    const auto p = hn::LoadU(d, x + j), q = hn::LoadU(d, x + j + 8), r = hn::LoadU(d, x + j + 16);
    hn::Store(hn::Max(hn::Min(p, q), hn::Min(hn::Max(p, q), r)), d, m + j);
  }
}

template <class Norm, class T>
HWY_NOINLINE void Pivots(const ForwardArgs& args, int64_t first, int64_t count, Batch& batch) {
  HWY_ALIGN_MAX float medians[8 * kBatch];
  for (int64_t r = 0; r < count; ++r) {
    PivotMedians(RowOf<T>(args.x, args.x_stride, first + r), args.rule.cols, medians + 8 * r);
  }
  FoldEights(medians, count, batch.pivot);
  for (int64_t r = 0; r < count; r += kN) {
    hn::Store(hn::Mul(hn::Load(kD, batch.pivot + r), hn::Set(kD, 0.125f)), kD, batch.pivot + r);
  }
}

template <class Norm, class T>
HWY_INLINE ForwardTerms<Norm, T> TermsOfRow(const ForwardArgs& args, int64_t r, float pivot) {
  return {RowOf<T>(args.x, args.x_stride, r), args.rule.cols, hn::Set(kD, pivot)};
}

// s and q of columns of a row that begin at a block.
template <class Norm, class T>
HWY_NOINLINE void LongRowSums(const ForwardArgs& args, int64_t r, float pivot, Range cols,
                              double (&sums)[Norm::kForwardSums]) {
  SumLongRow(TermsOfRow<Norm, T>(args, r, pivot), cols.begin, cols.end, sums);
}

// s and q of rows first .. first + count - 1. A batch has rows of one block alone.
template <class Norm, class T>
HWY_NOINLINE void BatchSums(const ForwardArgs& args, int64_t first, int64_t count, Batch& batch) {
  constexpr int kSums = Norm::kForwardSums;
  const int64_t n = args.rule.cols;
  const auto terms = [&](int64_t r)
                         HWY_ATTR { return TermsOfRow<Norm, T>(args, first + r, batch.pivot[r]); };
  // RMSNorm's and the L2 norm's only sum is q.
  double* const sums[2] = {kSums == 2 ? batch.s : batch.q, batch.q};
  HWY_ALIGN_MAX float eights[kSums][8 * kBatch];
  SumRows<kSums>(terms, count, n, eights);
  HWY_ALIGN_MAX float blocks[kBatch];
  for (int q = 0; q < kSums; ++q) {
    FoldEights(eights[q], count, blocks);
    RowSums(blocks, count, sums[q]);
  }
}

HWY_INLINE bool Accepted(double v, double t) { return v >= 0x1p-100 && v <= 0x1p100 && t <= 4 * v; }

// rstd out of v where eps stands beside the root: rstd_beside() in vectors.
inline HWY_NOINLINE void BatchRstdBeside(const ForwardArgs& args, int64_t count, Batch& batch) {
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

// The element that CRMSNorm does not store has minus this for xhat.
HWY_INLINE float SumRstd(double s, float rstd) {
  return static_cast<float>(s * static_cast<double>(rstd));
}
inline HWY_NOINLINE void BatchSumRstd(int64_t count, Batch& batch) {
  for (int64_t r = 0; r < count; ++r) batch.mean_hi[r] = SumRstd(batch.s[r], batch.rstd[r]);
}

// Section 2 after the sums.
template <class Norm, class T>
HWY_NOINLINE void BatchStatistics(const ForwardArgs& args, int64_t first, int64_t count,
                                  Batch& batch) {
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
                                  const Batch& batch) {
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
    SumBlock(TermsOfRow<Norm, T>(args, r, pivot), 0, n, out);
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

template <class Norm, class T>
HWY_NOINLINE void ForwardRow(const ForwardArgs& args, const Normalizer<Norm, T>& normalize,
                             int64_t r) {
  const RowStatistics s = StatisticsOfRow<Norm, T>(args, r);
  StoreRowStatistics<Norm>(args, r, s);
  normalize(args, r, 1, &s.mean_hi, &s.mean_lo, &s.rstd);
}

// From how many columns of f32 rows are worked on one by one where a core's L2 does not have them
// both: summed in batches, rows are read for a while and then written for a while, which took up to
// twice the time of reading and writing at once. Shorter rows, and the conversions of 16 bits, gain
// more from a batch.
inline constexpr int64_t kLeastOneByOne = 192;

// Rows summed before the first of them is written. A long row has enough to do to hide its own
// latencies, and the fewer rows lie between reading and writing, the more the two overlap in
// memory: with batches of 4096 elements rows from DRAM took 1.4 times a copy, one by one 0.9.
template <class T>
HWY_INLINE int64_t BatchRows(const ForwardArgs& args, int64_t rows) {
  if (args.cols > kBatchElements / 8) return 1;
  if (sizeof(T) == sizeof(float) && args.cols >= kLeastOneByOne) {
    const int64_t matrices = args.addend != nullptr ? 4 : 2;
    const int64_t bytes = matrices * rows * args.cols * static_cast<int64_t>(sizeof(T));
    if (bytes >= second_level_cache_bytes() / 2) return 1;
  }
  const int64_t elements = args.stream ? kBatchElements / 4 : kBatchElements;
  return HWY_MIN(elements / args.cols, kBatch);
}

template <class Norm, class T>
void Forward(const ForwardArgs& args, Range rows) {
  const Normalizer<Norm, T> normalize(args);
  const int64_t batch_rows = BatchRows<T>(args, rows.end - rows.begin);
  Batch batch;
  if (!Norm::kPivot) batch.ClearMeans();
  for (int64_t first = rows.begin; first < rows.end; first += batch_rows) {
    const int64_t count = HWY_MIN(batch_rows, rows.end - first);
    if (args.addend != nullptr) StoreSums<T>(args, first, count);
    if (count == 1) {
      ForwardRow<Norm, T>(args, normalize, first);
      continue;
    }
    if (Norm::kPivot) Pivots<Norm, T>(args, first, count, batch);
    BatchSums<Norm, T>(args, first, count, batch);
    BatchStatistics<Norm, T>(args, first, count, batch);
    StoreStatistics<Norm>(args, first, count, batch);
    normalize(args, first, count, batch.mean_hi, batch.mean_lo, batch.rstd);
  }
  if (args.stream) hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
