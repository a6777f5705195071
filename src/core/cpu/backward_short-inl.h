// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The backward pass of rows so short that one stays in registers from its sums to its dx, and the
// column sums of a block of rows beside it: x and dy are read once, and evenly, so that the caches'
// own prefetchers keep up. AVX-512 alone has the registers. Included once for each target.

#if defined(NORMA_CORE_CPU_BACKWARD_SHORT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_BACKWARD_SHORT_INL_H_
#undef NORMA_CORE_CPU_BACKWARD_SHORT_INL_H_
#else
#define NORMA_CORE_CPU_BACKWARD_SHORT_INL_H_
#endif

#include "core/cpu/backward-inl.h"
#include "core/cpu/forward-inl.h"
#include "core/cpu/wide_row-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

#if HWY_MAX_BYTES == 64

inline constexpr int kShortVectors = 4;
inline constexpr int64_t kShortCols = kShortVectors * kN;

// The rows of one block. kFull: they have kShortCols columns, else fewer.
template <class Norm, class T, bool kFull, bool kWeight>
class ShortRows {
 public:
  HWY_INLINE ShortRows(const BackwardArgs& args, float* dweight, float* dbias)
      : args_(args), inv_n_(1.0 / static_cast<double>(args.rule.divisor)) {
    for (int k = 0; k < kShortVectors; ++k) {
      if (kWeight) weight_[k] = LoadAt(args.weight, k);
      dweight_[k] = dweight != nullptr ? LoadAt(dweight, k) : hn::Zero(kD);
      dbias_[k] = dbias != nullptr ? LoadAt(dbias, k) : hn::Zero(kD);
    }
  }

  HWY_INLINE void Sweep(Range rows) {
    int64_t r = rows.begin;
    for (; r + 2 <= rows.end; r += 2) {
      const InRegisters first = Read(r), second = Read(r + 1);
      const Means means = MeansOf(first, second, r, r + 1);
      Write(r, first, means.first);
      Write(r + 1, second, means.second);
    }
    if (r < rows.end) {
      const InRegisters last = Read(r);
      Write(r, last, MeansOf(last, last, r, r).first);
    }
  }

  HWY_INLINE void StoreColumnSums(float* dweight, float* dbias) const {
    for (int k = 0; k < kShortVectors; ++k) {
      if (dweight != nullptr) StoreAt(dweight_[k], dweight, k);
      if (dbias != nullptr) StoreAt(dbias_[k], dbias, k);
    }
  }

 private:
  static constexpr int kSums = Norm::kBackwardSums;
  using Row = typename Norm::Row;
  using Terms = BackwardTerms<Norm, T, Row, kWeight>;
  struct InRegisters {
    Row row;
    V g[kShortVectors], xhat[kShortVectors];
  };
  struct Means {
    Two first, second;  // of g, and of g * xhat
  };

  template <class P>
  HWY_INLINE V LoadAt(const P* row, int k) const {
    return kFull ? Load(row + k * kN) : LoadInside(row, k * kN, args_.cols);
  }
  template <class P>
  HWY_INLINE void StoreAt(V v, P* row, int k) const {
    const int64_t left = args_.cols - k * kN;
    if (kFull || left >= kN) {
      Store(v, row + k * kN);
    } else if (left > 0) {
      StoreFirst(v, row + k * kN, left);
    }
  }

  HWY_INLINE InRegisters Read(int64_t r) {
    const T* x = RowOf<T>(args_.x, args_.x_stride, r);
    const T* dy = RowOf<T>(args_.dy, args_.dy_stride, r);
    InRegisters out;
    out.row = Row(args_, r);
    for (int k = 0; k < kShortVectors; ++k) {
      const V v = LoadAt(dy, k);
      out.xhat[k] = out.row.Xhat(LoadAt(x, k));
      out.g[k] = kWeight ? hn::Mul(v, weight_[k]) : v;
      dweight_[k] = hn::Add(dweight_[k], hn::Mul(v, out.xhat[k]));
      dbias_[k] = hn::Add(dbias_[k], v);
    }
    return out;
  }

  // Section 1 for two rows of one block at most: leaves, then eights, a row in each half of a
  // vector.
  HWY_INLINE Means MeansOf(const InRegisters& first, const InRegisters& second, int64_t r0,
                           int64_t r1) const {
    const auto term = [this](const InRegisters& row, int k) HWY_ATTR {
      const V product = hn::Mul(row.g[k], row.xhat[k]);
      return Two{row.g[k], kFull ? product
                                 : hn::IfThenElseZero(FirstLanes(args_.cols - k * kN), product)};
    };
    V sums[kSums];
    FoldGroup<kSums>(
        [&](int k, V(&t)[kSums]) HWY_ATTR {
          const InRegisters& row = k < 2 ? first : second;
          Terms::FirstLevel(term(row, First(k % 2)), term(row, Second(k % 2)), t);
        },
        sums);
    for (V& sum : sums) {
      sum = NaturalOrder(sum);
      sum = hn::Add(sum, V{_mm512_shuffle_f32x4(sum.raw, sum.raw, 0xB1)});
      sum = hn::Add(sum, hn::Shuffle1032(sum));
      sum = hn::Add(sum, hn::Shuffle2301(sum));
    }
    // Four lanes of each: G of the first row, H of it, then of the second.
    const V both{_mm512_mask_blend_ps(0xF0F0, sums[0].raw, sums[kSums - 1].raw)};
    return {MeansOfRow(hn::LowerHalf(kHalf8, both), r0),
            MeansOfRow(hn::UpperHalf(kHalf8, both), r1)};
  }

  HWY_INLINE Two MeansOfRow(hn::Vec<hn::Half<D>> sums, int64_t r) const {
    const auto in_f64 = hn::Add(hn::PromoteTo(kF64, sums), hn::Zero(kF64));
    if (HWY_UNLIKELY(args_.raw != nullptr)) {
      HWY_ALIGN_MAX double raw[8];
      hn::Store(in_f64, kF64, raw);
      args_.raw[r] = {0, kSums == 2 ? raw[0] : 0, raw[4]};
    }
    const auto means = hn::DemoteTo(kHalf8, hn::Mul(in_f64, hn::Set(kF64, inv_n_)));
    return {V{_mm512_broadcast_f32x4(_mm256_castps256_ps128(means.raw))},
            V{_mm512_broadcast_f32x4(_mm256_extractf128_ps(means.raw, 1))}};
  }

  HWY_INLINE void Write(int64_t r, const InRegisters& in, Two means) const {
    T* dx = RowOf<T>(args_.dx, args_.dx_stride, r);
    for (int k = 0; k < kShortVectors; ++k) {
      StoreAt(in.row.Dx(in.g[k], in.xhat[k], means.a, means.b), dx, k);
    }
  }

  static constexpr hn::Half<D> kHalf8{};
  static constexpr hn::ScalableTag<double> kF64{};
  const BackwardArgs& args_;
  const double inv_n_;
  V weight_[kShortVectors], dweight_[kShortVectors], dbias_[kShortVectors];
};

template <class Norm, class T, bool kFull, bool kWeight>
HWY_NOINLINE void SweepShortRows(const BackwardArgs& args, Range rows, float* dweight,
                                 float* dbias) {
  ShortRows<Norm, T, kFull, kWeight> block(args, dweight, dbias);
  block.Sweep(rows);
  block.StoreColumnSums(dweight, dbias);
}

template <class Norm, class T>
bool ShortBackward(const BackwardArgs& args, Range rows, float* dweight, float* dbias) {
  if (args.cols > kShortCols || args.dx == nullptr || args.stream ||
      args.rule.cols != args.cols || args.rule.eps_mode != EpsMode::kInside) {
    return false;
  }
  for (int64_t r = rows.begin; Norm::kPivot && r < rows.end; ++r) {
    if (HWY_UNLIKELY(needs_halving(args.rstd[r]))) return false;
  }
  const auto sweep =
      args.cols == kShortCols
          ? args.weight != nullptr ? SweepShortRows<Norm, T, true, true>
                                   : SweepShortRows<Norm, T, true, false>
      : args.weight != nullptr ? SweepShortRows<Norm, T, false, true>
                               : SweepShortRows<Norm, T, false, false>;
  sweep(args, rows, dweight, dbias);
  return true;
}

#else

template <class Norm, class T>
bool ShortBackward(const BackwardArgs&, Range, float*, float*) {
  return false;
}

#endif

template <class Norm, class T>
NormKernels KernelsOfNorm() {
  return {Forward<Norm, T>, ShortBackward<Norm, T>, BackwardSums<Norm, T>,
          BackwardSweep<Norm, T>, WideRow<Norm, T>::Kernels()};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
