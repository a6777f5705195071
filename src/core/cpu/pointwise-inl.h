// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The passes that all pointwise functions share. Included once for each target.

#if defined(NORMA_CORE_CPU_POINTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_POINTWISE_INL_H_
#undef NORMA_CORE_CPU_POINTWISE_INL_H_
#else
#define NORMA_CORE_CPU_POINTWISE_INL_H_
#endif

#include <cstdint>

#include "core/cpu/elementary-inl.h"
#include "core/cpu/kernels.h"
#include "core/cpu/order-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

static_assert(kBlock == kSumBlock);

// T is the type of the rows, P that of the parameters.
template <class Function, class T, class P>
HWY_NOINLINE void PointwiseForwardOf(const PointwiseForwardArgs& args, Range rows) {
  const Function function(args.scalars);
  const P* HWY_RESTRICT weight = static_cast<const P*>(args.weight);
  const P* HWY_RESTRICT bias = static_cast<const P*>(args.bias);
  const auto affine = [&](V v, int64_t i, const auto& load) HWY_ATTR {
    V y = function(v).value;
    if (weight != nullptr) y = hn::Mul(y, load(weight + i));
    if (bias != nullptr) y = hn::Add(y, load(bias + i));
    return y;
  };
  const auto load = [](const auto* p) HWY_ATTR { return Load(p); };
  const int64_t n = args.cols;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const T* x = RowOf<T>(args.x, args.x_stride, r);
    T* y = RowOf<T>(args.y, args.y_stride, r);
    int64_t i = 0;
    if (args.stream) {
      for (; i + kN <= n; i += kN) Stream(affine(load(x + i), i, load), y + i);
    } else {
      for (; i + kN <= n; i += kN) Store(affine(load(x + i), i, load), y + i);
    }
    if (i < n) {
      const auto load_first = [left = n - i](const auto* p) HWY_ATTR { return LoadFirst(p, left); };
      StoreFirst(affine(load_first(x + i), i, load_first), y + i, n - i);
    }
  }
  if (args.stream) hwy::FlushStream();
}

template <class Function, class T>
void PointwiseForward(const PointwiseForwardArgs& args, Range rows) {
  args.f32_parameters ? PointwiseForwardOf<Function, T, float>(args, rows)
                      : PointwiseForwardOf<Function, T, T>(args, rows);
}

// Terms that stand in memory, aligned, with zeros up to `end`, a multiple of kN.
template <int kTerms>
struct StoredTerms {
  static constexpr int kSums = kTerms;
  const float* terms[kTerms];
  int64_t end;

  template <bool kFull>
  HWY_INLINE void Halved(int64_t i, int64_t j, V (&t)[kSums]) const {
    for (int q = 0; q < kSums; ++q) {
      const auto at = [&](int64_t k) HWY_ATTR {
        return kFull || k < end ? hn::Load(kD, terms[q] + k) : hn::Zero(kD);
      };
      const Two halves = SplitHalves(at(i), at(j));
      t[q] = hn::Add(halves.a, halves.b);
    }
  }
  HWY_INLINE void Ask(int64_t, int64_t) const {}
  HWY_INLINE void Group(int64_t i, V (&leaf)[kSums]) const { Fold<true>(i, leaf); }
  HWY_INLINE void Tail(int64_t i, V (&leaf)[kSums]) const { Fold<false>(i, leaf); }

 private:
  template <bool kFull>
  HWY_INLINE void Fold(int64_t i, V (&leaf)[kSums]) const {
    FoldGroup<kSums>([&](int k, V(&t)[kSums])
                         HWY_ATTR { Halved<kFull>(i + First(k) * kN, i + Second(k) * kN, t); },
                     leaf);
  }
};

// Terms of the scalars' gradients, of a few rows of one block: half of a 32 KB L1 for each scalar.
inline constexpr int64_t kTermElements = 4096;

template <class Function, class T>
class PointwiseSweep {
 public:
  PointwiseSweep(const PointwiseBackwardArgs& args, float* HWY_RESTRICT dweight,
                 float* HWY_RESTRICT dbias)
      : args_(args), function_(args.scalars), dweight_(dweight), dbias_(dbias) {}

  // Of the columns [begin, begin + n) of a row. kTerms: the terms are kept at terms[q], zeros after
  // them up to a multiple of kN.
  template <bool kTerms>
  HWY_INLINE void Row(int64_t r, int64_t begin, int64_t n,
                      float* const (&terms)[Function::kScalars]) const {
    const T* x = RowOf<T>(args_.x, args_.x_stride, r) + begin;
    const T* dy = RowOf<T>(args_.dy, args_.dy_stride, r) + begin;
    T* dx = args_.dx == nullptr ? nullptr : RowOf<T>(args_.dx, args_.dx_stride, r) + begin;
    const auto load = [](const auto* p) HWY_ATTR { return Load(p); };
    const auto store = [](V v, auto* p) HWY_ATTR { Store(v, p); };
    int64_t i = 0;
    if (args_.stream) {
      const auto stream = [](V v, auto* p) HWY_ATTR { Stream(v, p); };
      for (; i + kN <= n; i += kN) {
        Columns<kTerms>(x + i, dy + i, dx + i, begin + i, kN, terms, i, load, store, stream);
      }
    }
    for (; i + kN <= n; i += kN) {
      T* to = dx == nullptr ? nullptr : dx + i;
      Columns<kTerms>(x + i, dy + i, to, begin + i, kN, terms, i, load, store, store);
    }
    if (i < n) {
      T* to = dx == nullptr ? nullptr : dx + i;
      const int64_t left = n - i;
      const auto load_first = [left](const auto* p) HWY_ATTR { return LoadFirst(p, left); };
      const auto store_first = [left](V v, auto* p) HWY_ATTR { StoreFirst(v, p, left); };
      Columns<kTerms>(x + i, dy + i, to, begin + i, left, terms, i, load_first, store_first,
                      store_first);
    }
  }

 private:
  template <bool kTerms, class Load, class Store, class StoreDx>
  HWY_INLINE void Columns(const T* x, const T* dy, T* dx, int64_t column, int64_t count,
                          float* const (&terms)[Function::kScalars], int64_t i, const Load& load,
                          const Store& store, const StoreDx& store_dx) const {
    const V input = load(x), gradient = load(dy);
    const Slope at = function_(input);
    if (dweight_ != nullptr) {
      const V sum = load(dweight_ + column);
      store(hn::Add(sum, hn::Mul(gradient, at.value)), dweight_ + column);
    }
    if (dbias_ != nullptr) store(hn::Add(load(dbias_ + column), gradient), dbias_ + column);
    V u = gradient;
    if (args_.weight != nullptr) u = hn::Mul(u, load(args_.weight + column));
    const V v = hn::Mul(u, at.slope);
    if (dx != nullptr) store_dx(hn::Mul(v, function_.alpha), dx);
    if constexpr (kTerms) {
      V kept[Function::kScalars];
      Function::Terms(v, input, kept);
      for (int q = 0; q < Function::kScalars; ++q) {
        if (count < kN) kept[q] = hn::IfThenElseZero(FirstLanes(count), kept[q]);
        hn::Store(kept[q], kD, terms[q] + i);
      }
    }
  }

  const PointwiseBackwardArgs& args_;
  const Function function_;
  float* HWY_RESTRICT dweight_;
  float* HWY_RESTRICT dbias_;
};

template <class T>
HWY_NOINLINE void AddRows(const PointwiseBackwardArgs& args, Range rows, Range cols,
                          float* HWY_RESTRICT dbias) {
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const T* dy = RowOf<T>(args.dy, args.dy_stride, r);
    int64_t i = cols.begin;
    for (; i + kN <= cols.end; i += kN) Store(hn::Add(Load(dbias + i), Load(dy + i)), dbias + i);
    const int64_t left = cols.end - i;
    if (left > 0) {
      StoreFirst(hn::Add(LoadFirst(dbias + i, left), LoadFirst(dy + i, left)), dbias + i, left);
    }
  }
}

// Rows first .. first + count - 1 of the block that begins at column `begin`.
template <class Function, class T>
HWY_NOINLINE void SweepWithSums(const PointwiseBackwardArgs& args,
                                const PointwiseSweep<Function, T>& sweep, int64_t first,
                                int64_t count, int64_t begin, int64_t n) {
  constexpr int kSums = Function::kScalars;
  const int64_t padded = (n + kN - 1) / kN * kN;
  HWY_ALIGN_MAX float terms[kSums][kTermElements];
  HWY_ALIGN_MAX float eights[kSums][8 * kBatch];
  HWY_ALIGN_MAX float sums[kBatch];
  for (int64_t r = 0; r < count; ++r) {
    float* row[kSums];
    for (int q = 0; q < kSums; ++q) row[q] = terms[q] + r * padded;
    sweep.template Row<true>(first + r, begin, n, row);
  }
  const auto terms_of = [&](int64_t r) HWY_ATTR {
    StoredTerms<kSums> of;
    for (int q = 0; q < kSums; ++q) of.terms[q] = terms[q] + r * padded;
    of.end = padded;
    return of;
  };
  SumRows<kSums>(terms_of, {0, count}, n, eights);
  float* const results[] = {args.alpha_sums, args.shift_sums};
  for (int q = 0; q < kSums; ++q) {
    if (results[q] == nullptr) continue;
    FoldEights(eights[q], count, sums);
    for (int64_t r = 0; r < count; ++r) {
      results[q][(first + r) * args.blocks + begin / kBlock] = sums[r];
    }
  }
}

template <class Function, class T>
void PointwiseBackward(const PointwiseBackwardArgs& args, Range rows, Range cols, float* dweight,
                       float* dbias) {
  if (args.x == nullptr) return AddRows<T>(args, rows, cols, dbias);
  const PointwiseSweep<Function, T> sweep(args, dweight, dbias);
  const bool with_sums = args.alpha_sums != nullptr || args.shift_sums != nullptr;
  const int64_t widest = HWY_MIN(cols.end - cols.begin, kBlock);
  const int64_t fit = kTermElements / ((widest + kN - 1) / kN * kN);
  const int64_t batch = with_sums ? HWY_MIN(fit, kBatch) : 1;
  for (int64_t first = rows.begin; first < rows.end; first += batch) {
    const int64_t count = HWY_MIN(batch, rows.end - first);
    if (!with_sums) {
      sweep.template Row<false>(first, cols.begin, cols.end - cols.begin, {});
      continue;
    }
    for (int64_t begin = cols.begin; begin < cols.end; begin += kBlock) {
      SweepWithSums(args, sweep, first, count, begin, HWY_MIN(kBlock, cols.end - begin));
    }
  }
  if (args.stream) hwy::FlushStream();
}

template <class Function>
PointwiseTable PointwiseTableOf() {
  return {{{PointwiseForward<Function, float>, PointwiseBackward<Function, float>},
           {PointwiseForward<Function, BFloat16>, PointwiseBackward<Function, BFloat16>},
           {PointwiseForward<Function, Float16>, PointwiseBackward<Function, Float16>}}};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
