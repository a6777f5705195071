// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the forward pass adds up along a row: its pivot and its terms. Included once for each
// target.

#if defined(NORMA_CORE_CPU_FORWARD_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_FORWARD_SUMS_INL_H_
#undef NORMA_CORE_CPU_FORWARD_SUMS_INL_H_
#else
#define NORMA_CORE_CPU_FORWARD_SUMS_INL_H_
#endif

#include "core/cpu/kernels.h"
#include "core/cpu/order-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// The terms of one row.
template <class Norm, class T>
struct ForwardTerms {
  static constexpr int kSums = Norm::kForwardSums;
  const T* x;
  int64_t end;
  V pivot;
  // What is asked for meanwhile: a row of x that comes, and one of y that will be written. Each may
  // be null.
  const T* x_ahead;
  const T* y_ahead;

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
  // Of the columns i .. i + n - 1.
  HWY_INLINE void Ask(int64_t i, int64_t n) const {
    for (const T* ahead : {x_ahead, y_ahead}) {
      if (ahead == nullptr) continue;
      for (int64_t line = i; line < i + n; line += kLine<T>) Fetch(ahead + line);
    }
  }
  HWY_INLINE void Group(int64_t i, V (&leaf)[kSums]) const {
    Ask(i, kGroup);
    Fold<true>(i, leaf);
  }
  HWY_INLINE void Tail(int64_t i, V (&leaf)[kSums]) const {
    Ask(i, end - i);
    Fold<false>(i, leaf);
  }

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

// ahead: bytes of x, 0 to ask for nothing.
template <class Norm, class T>
HWY_INLINE ForwardTerms<Norm, T> TermsOfRow(const ForwardArgs& args, int64_t r, float pivot,
                                            int64_t ahead = kPrefetchBytes) {
  const T* x = RowOf<T>(args.x, args.x_stride, r);
  return {x, args.rule.cols, hn::Set(kD, pivot),
          ahead == 0 ? nullptr : x + ahead / static_cast<int64_t>(sizeof(T)), nullptr};
}

// s and q of columns of a row that begin at a block.
template <class Norm, class T>
HWY_NOINLINE void LongRowSums(const ForwardArgs& args, int64_t r, float pivot, Range cols,
                              double (&sums)[Norm::kForwardSums]) {
  SumLongRow(TermsOfRow<Norm, T>(args, r, pivot), cols.begin, cols.end, sums);
}

HWY_INLINE bool Accepted(double v, double t) { return v >= 0x1p-100 && v <= 0x1p100 && t <= 4 * v; }

// The element that CRMSNorm does not store has minus this for xhat.
HWY_INLINE float SumRstd(double s, float rstd) {
  return static_cast<float>(s * static_cast<double>(rstd));
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
