// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The backward pass of a norm: row sums, then one sweep that writes dx and adds to the column sums.
// Included once for each target.

#if defined(NORMA_CORE_CPU_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_BACKWARD_INL_H_
#undef NORMA_CORE_CPU_BACKWARD_INL_H_
#else
#define NORMA_CORE_CPU_BACKWARD_INL_H_
#endif

#include "core/cpu/hostile_rows.h"
#include "core/cpu/kernels.h"
#include "core/cpu/order-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// Of x and dy each, as kPrefetchBytes: a batch of f32 rows, so that they are asked for while the
// batch before them is swept.
inline constexpr int64_t kBackwardPrefetchBytes = 4096;

// Rows swept together, so that weight, dweight and dbias are loaded once for all: as many as the
// registers hold the constants of.
inline constexpr int kSweepRows = kN == 16 ? 4 : 2;

// T is the type of the rows, Row Norm::Row or Norm::HalvedRow.
template <class Norm, class T, class Row, bool kWeight>
struct BackwardTerms {
  static constexpr int kSums = Norm::kBackwardSums;
  const T* x;
  const T* dy;
  const float* weight;
  int64_t end;
  Row row;

  HWY_INLINE Two Inside(int64_t i) const {
    V g = Load(dy + i);
    if (kWeight) g = hn::Mul(g, Load(weight + i));
    return {g, hn::Mul(g, row.Xhat(Load(x + i)))};
  }
  HWY_INLINE Two Masked(int64_t i) const {
    V g = LoadInside(dy, i, end);
    if (kWeight) g = hn::Mul(g, LoadInside(weight, i, end));
    const V product = hn::Mul(g, row.Xhat(LoadInside(x, i, end)));
    return {g, hn::IfThenElseZero(FirstLanes(end - i), product)};
  }
  static HWY_INLINE void FirstLevel(Two first, Two second, V (&t)[kSums]) {
    if constexpr (kSums == 2) {
      const Two g = SplitHalves(first.a, second.a);
      t[0] = hn::Add(g.a, g.b);
    }
    const Two product = SplitHalves(first.b, second.b);
    t[kSums - 1] = hn::Add(product.a, product.b);
  }
  // The first level of the vectors at i and j; kFull: both lie inside the row.
  template <bool kFull>
  HWY_INLINE void Halved(int64_t i, int64_t j, V (&t)[kSums]) const {
    kFull ? FirstLevel(Inside(i), Inside(j), t) : FirstLevel(Masked(i), Masked(j), t);
  }
  HWY_INLINE void Ask(int64_t, int64_t) const {}  // Group does
  HWY_INLINE void Group(int64_t i, V (&leaf)[kSums]) const {
    FetchAhead(i, i + kGroup);
    Fold<true>(i, leaf);
  }
  HWY_INLINE void Tail(int64_t i, V (&leaf)[kSums]) const {
    FetchAhead(i, end);
    Fold<false>(i, leaf);
  }

 private:
  static HWY_INLINE void FetchAheadOf(const T* first, const T* last) {
    constexpr int64_t kAhead = kBackwardPrefetchBytes / static_cast<int64_t>(sizeof(T));
    for (; first < last; first += kLine<T>) Fetch(first + kAhead);
  }
  HWY_INLINE void FetchAhead(int64_t i, int64_t until) const {
    FetchAheadOf(x + i, x + until);
    FetchAheadOf(dy + i, dy + until);
  }
  template <bool kFull>
  HWY_INLINE void Fold(int64_t i, V (&leaf)[kSums]) const {
    FoldGroup<kSums>([&](int k, V(&t)[kSums])
                         HWY_ATTR { Halved<kFull>(i + First(k) * kN, i + Second(k) * kN, t); },
                     leaf);
  }
};

template <class Norm, class T, class Row, bool kWeight>
HWY_INLINE BackwardTerms<Norm, T, Row, kWeight> TermsOfRow(const BackwardArgs& args, int64_t r) {
  return {RowOf<T>(args.x, args.x_stride, r), RowOf<T>(args.dy, args.dy_stride, r), args.weight,
          args.cols, Row(args, r)};
}

// The sums of columns of a row that begin at a block. A row whose xhat is halved takes this instead
// of the batch.
template <class Norm, class T, class Row, bool kWeight>
HWY_NOINLINE void LongBackwardSums(const BackwardArgs& args, int64_t r, Range cols,
                                   double (&sums)[Norm::kBackwardSums]) {
  SumLongRow(TermsOfRow<Norm, T, Row, kWeight>(args, r), cols.begin, cols.end, sums);
}

// The sums of rows first .. first + count - 1, count <= kBatch, into g and gx.
template <class Norm, class T, bool kWeight>
HWY_INLINE void BatchBackwardSums(const BackwardArgs& args, int64_t first, int64_t count,
                                  double* HWY_RESTRICT g, double* HWY_RESTRICT gx) {
  constexpr int kSums = Norm::kBackwardSums;
  const int64_t n = args.cols;
  double* const sums[2] = {kSums == 2 ? g : gx, gx};
  const auto terms = [&](int64_t r) HWY_ATTR {
    return TermsOfRow<Norm, T, typename Norm::Row, kWeight>(args, first + r);
  };
  if (n > kBlock) {
    for (int64_t r = 0; r < count; ++r) {
      double row[kSums];
      LongBackwardSums<Norm, T, typename Norm::Row, kWeight>(args, first + r, {0, n}, row);
      for (int q = 0; q < kSums; ++q) sums[q][r] = row[q];
    }
  } else {
    HWY_ALIGN_MAX float eights[kSums][8 * kBatch];
    HWY_ALIGN_MAX float blocks[kBatch];
    SumRows<kSums>(terms, {0, count}, n, eights);
    for (int q = 0; q < kSums; ++q) {
      FoldEights(eights[q], count, blocks);
      RowSums(blocks, count, sums[q]);
    }
  }
  for (int64_t r = 0; Norm::kPivot && r < count; ++r) {
    if (HWY_LIKELY(!needs_halving(args.rstd[first + r]))) continue;
    double row[kSums];
    LongBackwardSums<Norm, T, typename Norm::HalvedRow, kWeight>(args, first + r, {0, n}, row);
    for (int q = 0; q < kSums; ++q) sums[q][r] = row[q];
  }
}

// Section 4's a and h of rows first .. first + count - 1.
inline void StoreMeans(const BackwardArgs& args, int64_t first, int64_t count,
                       const double* HWY_RESTRICT g, const double* HWY_RESTRICT gx,
                       RowMeans means) {
  const double inv_n = 1.0 / static_cast<double>(args.rule.divisor);
  for (int64_t r = 0; r < count; ++r) {
    means.g[r] = static_cast<float>(g[r] * inv_n);
    means.gx[r] = static_cast<float>(gx[r] * inv_n);
    if (args.raw != nullptr) args.raw[first + r] = {0, g[r], gx[r]};
  }
  if (HWY_LIKELY(args.rule.eps_mode == EpsMode::kInside)) return;
  for (int64_t r = 0; r < count; ++r) {
    const double share = share_of_deviation(args.rule, args.rstd[first + r]);
    means.gx[r] = static_cast<float>(gx[r] * inv_n * share);
  }
}

template <class Norm, class T, bool kWeight>
HWY_NOINLINE void BackwardSumsOf(const BackwardArgs& args, Range rows, RowMeans means) {
  HWY_ALIGN_MAX double g[kBatch] = {}, gx[kBatch];
  for (int64_t first = rows.begin; first < rows.end; first += kBatch) {
    const int64_t count = HWY_MIN(kBatch, rows.end - first);
    BatchBackwardSums<Norm, T, kWeight>(args, first, count, g, gx);
    const int64_t done = first - rows.begin;
    StoreMeans(args, first, count, g, gx, {means.g + done, means.gx + done});
  }
}

template <class Norm, class T>
void BackwardSums(const BackwardArgs& args, Range rows, RowMeans means) {
  args.weight != nullptr ? BackwardSumsOf<Norm, T, true>(args, rows, means)
                         : BackwardSumsOf<Norm, T, false>(args, rows, means);
}

// kRows rows swept together. Load, Store and StoreDx treat a whole vector, or less at the end of a
// row.
template <class Norm, class T, int kRows, bool kWeight, bool kDx, bool kDweight, bool kDbias>
struct Sweep {
  const float* weight;
  const T* x[kRows];
  const T* dy[kRows];
  T* dx[kRows];
  typename Norm::Row row[kRows];
  V g_mean[kRows], gx_mean[kRows];

  template <class Load, class Store, class StoreDx>
  HWY_INLINE void Columns(int64_t i, float* HWY_RESTRICT dweight, float* HWY_RESTRICT dbias,
                          const Load& load, const Store& store, const StoreDx& store_dx) const {
    V w, sum_w, sum_b;
    if (kDx && kWeight) w = load(weight + i);
    if (kDweight) sum_w = load(dweight + i);
    if (kDbias) sum_b = load(dbias + i);
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      const V v = load(dy[r] + i);
      if (kDx || kDweight) {
        const V xhat = row[r].Xhat(load(x[r] + i));
        if (kDweight) sum_w = hn::Add(sum_w, hn::Mul(v, xhat));
        if (kDx) {
          const V g = kWeight ? hn::Mul(v, w) : v;
          store_dx(row[r].Dx(g, xhat, g_mean[r], gx_mean[r]), dx[r] + i);
        }
      }
      if (kDbias) sum_b = hn::Add(sum_b, v);
    }
    if (kDweight) store(sum_w, dweight + i);
    if (kDbias) store(sum_b, dbias + i);
  }
};

template <class Norm, class T, int kRows, bool kWeight, bool kDx, bool kDweight, bool kDbias>
HWY_NOINLINE void SweepRows(const BackwardArgs& args, int64_t first, Range cols,
                            const float* g_mean, const float* gx_mean, float* dweight,
                            float* dbias) {
  Sweep<Norm, T, kRows, kWeight, kDx, kDweight, kDbias> sweep;
  sweep.weight = args.weight;
  for (int r = 0; r < kRows; ++r) {
    sweep.dy[r] = RowOf<T>(args.dy, args.dy_stride, first + r);
    if (kDx || kDweight) {
      sweep.x[r] = RowOf<T>(args.x, args.x_stride, first + r);
      sweep.row[r] = typename Norm::Row(args, first + r);
    }
    if (kDx) {
      sweep.dx[r] = RowOf<T>(args.dx, args.dx_stride, first + r);
      sweep.g_mean[r] = hn::Set(kD, g_mean[r]);
      sweep.gx_mean[r] = hn::Set(kD, gx_mean[r]);
    }
  }
  const auto load = [](const auto* p) HWY_ATTR { return Load(p); };
  const auto store = [](V v, auto* p) HWY_ATTR { Store(v, p); };
  const auto stream = [](V v, auto* p) HWY_ATTR { Stream(v, p); };
  int64_t i = cols.begin;
  if (kDx && args.stream) {
    // What is stored does not come back, so that there is room for the rows that are summed next.
    for (; i + kN <= cols.end; i += kN) {
      for (int r = 0; r < kRows; ++r) {
        Fetch(sweep.x[r] + args.ahead * args.x_stride + i);
        Fetch(sweep.dy[r] + args.ahead * args.dy_stride + i);
      }
      sweep.Columns(i, dweight, dbias, load, store, stream);
    }
  } else if (kDx) {
    // Stores come in bursts, between which rows are summed: more than wait to be done at a time.
    for (; i + kN <= cols.end; i += kN) {
      for (int r = 0; r < kRows; ++r) {
        Fetch(sweep.dx[r] + args.ahead * args.dx_stride + i);
      }
      sweep.Columns(i, dweight, dbias, load, store, store);
    }
  }
  for (; i + kN <= cols.end; i += kN) sweep.Columns(i, dweight, dbias, load, store, store);
  if (i < cols.end) {
    const int64_t left = cols.end - i;
    const auto load_first = [left](const auto* p) HWY_ATTR { return LoadFirst(p, left); };
    const auto store_first = [left](V v, auto* p) HWY_ATTR { StoreFirst(v, p, left); };
    sweep.Columns(i, dweight, dbias, load_first, store_first, store_first);
  }
}

using SweepFunction = void (*)(const BackwardArgs&, int64_t, Range, const float*, const float*,
                               float*, float*);

// What a sweep computes.
struct SweepParts {
  bool weight, dx, dweight, dbias;
};

template <class Norm, class T, int kRows, bool kWeight, bool kDx>
SweepFunction SelectSweep(const SweepParts& parts) {
  return parts.dweight ? parts.dbias ? SweepRows<Norm, T, kRows, kWeight, kDx, true, true>
                                     : SweepRows<Norm, T, kRows, kWeight, kDx, true, false>
         : parts.dbias ? SweepRows<Norm, T, kRows, kWeight, kDx, false, true>
                       : SweepRows<Norm, T, kRows, kWeight, kDx, false, false>;
}

// Sweeps without dx have no use for the weight; rare, they are not made for more than two rows.
template <class Norm, class T, int kRows>
SweepFunction SelectSweep(const SweepParts& parts) {
  if (!parts.dx) return SelectSweep<Norm, T, HWY_MIN(kRows, 2), false, false>(parts);
  return parts.weight ? SelectSweep<Norm, T, kRows, true, true>(parts)
                      : SelectSweep<Norm, T, kRows, false, true>(parts);
}

// Rows swept at a time.
template <class T>
int64_t SweptTogether(const BackwardArgs& args) {
  if (args.dx == nullptr) return 2;
  // What is streamed is gathered line by line, best for one row; but where the column sums do not
  // stay in L1, or rows are short, less work with them counts for more.
  if (args.stream) return args.cols >= 2048 ? kSweepRows : args.cols <= 256 ? 2 : 1;
  // Rows a page apart share the sets of L1: fewer of them then, or they push each other out.
  return args.dy_stride * static_cast<int64_t>(sizeof(T)) % 4096 == 0 ? 2 : kSweepRows;
}

template <class Norm, class T>
void BackwardSweep(const BackwardArgs& args, Range rows, Range cols, RowMeans means, float* dweight,
                   float* dbias) {
  const bool dx = args.dx != nullptr, with_x = dx || dweight != nullptr;
  const SweepParts parts{args.weight != nullptr, dx, dweight != nullptr, dbias != nullptr};
  const int64_t together = SweptTogether<T>(args);
  const SweepFunction sweep = together == 1   ? SelectSweep<Norm, T, 1>(parts)
                              : together == 2 ? SelectSweep<Norm, T, 2>(parts)
                                              : SelectSweep<Norm, T, kSweepRows>(parts);
  const SweepFunction sweep_one = SelectSweep<Norm, T, 1>(parts);
  const auto halved = [&](int64_t r) {
    return Norm::kPivot && with_x && HWY_UNLIKELY(needs_halving(args.rstd[r]));
  };
  for (int64_t r = rows.begin; r < rows.end;) {
    int64_t count = 0;
    while (count < together && r + count < rows.end && !halved(r + count)) ++count;
    const float* g = dx ? means.g + (r - rows.begin) : nullptr;
    const float* gx = dx ? means.gx + (r - rows.begin) : nullptr;
    if (count == together) {
      sweep(args, r, cols, g, gx, dweight, dbias);
      r += together;
    } else if (count > 0) {
      sweep_one(args, r, cols, g, gx, dweight, dbias);
      r += 1;
    } else {
      sweep_halved<typename StoredAs<T>::Type>(args, r, cols, dx ? *g : 0, dx ? *gx : 0, dweight,
                                               dbias);
      r += 1;
    }
  }
  if (dx && args.stream) hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
