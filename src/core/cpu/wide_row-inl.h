// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One row in parts: the passes of forward-inl.h and backward-inl.h, a range of columns at a time.
// Included once for each target.

#if defined(NORMA_CORE_CPU_WIDE_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_WIDE_ROW_INL_H_
#undef NORMA_CORE_CPU_WIDE_ROW_INL_H_
#else
#define NORMA_CORE_CPU_WIDE_ROW_INL_H_
#endif

#include "core/cpu/backward-inl.h"
#include "core/cpu/forward-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// The sum of parts that are nodes of the row's tree.
inline PartSums SumOfParts(const PartSums* parts, int64_t count) {
  PairTree s, q;
  for (int64_t p = 0; p < count; ++p) {
    s.Push(parts[p].s);
    q.Push(parts[p].q);
  }
  return {s.Sum(), q.Sum()};
}

template <class Norm, class T>
struct WideRow {
  static WideRowKernels Kernels() {
    return {Add, PivotOfRow<Norm, T>, Sums, Statistics, NormalizeColumns, BackwardSums, Means};
  }

 private:
  static void Add(const ForwardArgs& args, int64_t row, Range cols) {
    StoreSums<T>(OfColumns<T>(args, cols), row, 1);
  }

  static PartSums Sums(const ForwardArgs& args, int64_t row, float pivot, Range cols) {
    double sums[Norm::kForwardSums];
    LongRowSums<Norm, T>(args, row, pivot, cols, sums);
    return {Norm::kForwardSums == 2 ? sums[0] : 0, sums[Norm::kForwardSums - 1]};
  }

  static RowStatistics Statistics(const ForwardArgs& args, int64_t row, float pivot,
                                  const PartSums* parts, int64_t count) {
    const PartSums sums = SumOfParts(parts, count);
    const RowStatistics s = StatisticsOfSums<Norm, T>(args, row, pivot, sums.s, sums.q);
    StoreRowStatistics<Norm>(args, row, s);
    return s;
  }

  static void NormalizeColumns(const ForwardArgs& args, int64_t row, Range cols,
                               const RowStatistics& s) {
    const ForwardArgs part = OfColumns<T>(args, cols);
    const Normalizer<Norm, T> normalize(part, 1);
    normalize(row, 1, &s.mean_hi, &s.mean_lo, &s.rstd, 1);
    if (args.stream) hwy::FlushStream();
  }

  template <bool kWeight>
  static PartSums BackwardSumsOf(const BackwardArgs& args, int64_t row, Range cols) {
    double sums[Norm::kBackwardSums];
    if (Norm::kPivot && HWY_UNLIKELY(needs_halving(args.rstd[row]))) {
      LongBackwardSums<Norm, T, typename Norm::HalvedRow, kWeight>(args, row, cols, sums);
    } else {
      LongBackwardSums<Norm, T, typename Norm::Row, kWeight>(args, row, cols, sums);
    }
    return {Norm::kBackwardSums == 2 ? sums[0] : 0, sums[Norm::kBackwardSums - 1]};
  }
  static PartSums BackwardSums(const BackwardArgs& args, int64_t row, Range cols) {
    return args.weight != nullptr ? BackwardSumsOf<true>(args, row, cols)
                                  : BackwardSumsOf<false>(args, row, cols);
  }

  static void Means(const BackwardArgs& args, int64_t row, const PartSums* parts, int64_t count,
                    RowMeans means) {
    const PartSums sums = SumOfParts(parts, count);
    StoreMeans(args, row, 1, &sums.s, &sums.q, means);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
