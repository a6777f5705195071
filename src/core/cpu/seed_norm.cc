// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm beside its RMSNorm, over rows of every type.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/seed_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/elementary-inl.h"
#include "core/cpu/norm_tables.h"
#include "core/cpu/order-inl.h"
#include "core/cpu/seed_norm_kernels.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// The terms of row sums as SumRows wants them, out of at(i, load): the terms of the vector at i.
template <int kTerms, class At>
struct RowTerms {
  static constexpr int kSums = kTerms;
  At at;
  int64_t end;

  template <bool kFull>
  HWY_INLINE void Halved(int64_t i, int64_t j, V (&t)[kSums]) const {
    V a[kSums], b[kSums];
    Terms<kFull>(i, a);
    Terms<kFull>(j, b);
    for (int q = 0; q < kSums; ++q) {
      const Two halves = SplitHalves(a[q], b[q]);
      t[q] = hn::Add(halves.a, halves.b);
    }
  }
  HWY_INLINE void Ask(int64_t, int64_t) const {}
  HWY_INLINE void Group(int64_t i, V (&leaf)[kSums]) const { Fold<true>(i, leaf); }
  HWY_INLINE void Tail(int64_t i, V (&leaf)[kSums]) const { Fold<false>(i, leaf); }

 private:
  template <bool kFull>
  HWY_INLINE void Terms(int64_t i, V (&t)[kSums]) const {
    if (kFull || i + kN <= end) {
      at([i](const auto* row) HWY_ATTR { return Load(row + i); }, t);
      return;
    }
    at([i, n = end](const auto* row) HWY_ATTR { return LoadInside(row, i, n); }, t);
    for (V& v : t) v = hn::IfThenElseZero(FirstLanes(end - i), v);
  }
  template <bool kFull>
  HWY_INLINE void Fold(int64_t i, V (&leaf)[kSums]) const {
    FoldGroup<kSums>([&](int k, V(&t)[kSums])
                         HWY_ATTR { Halved<kFull>(i + First(k) * kN, i + Second(k) * kN, t); },
                     leaf);
  }
};

// sums[q][r] of `count` <= kBatch rows of n elements; at_row(r) makes the terms of one.
template <int kSums, class AtRow>
HWY_INLINE void SumsOfRows(const AtRow& at_row, int64_t count, int64_t n,
                           double (&sums)[kSums][kBatch]) {
  const auto terms = [&](int64_t r) HWY_ATTR {
    const auto at = at_row(r);
    return RowTerms<kSums, decltype(at_row(r))>{at, n};
  };
  if (n > kBlock) {
    for (int64_t r = 0; r < count; ++r) {
      double row[kSums];
      SumLongRow(terms(r), 0, n, row);
      for (int q = 0; q < kSums; ++q) sums[q][r] = row[q];
    }
    return;
  }
  HWY_ALIGN_MAX float eights[kSums][8 * kBatch];
  HWY_ALIGN_MAX float blocks[kBatch];
  SumRows<kSums>(terms, {0, count}, n, eights);
  for (int q = 0; q < kSums; ++q) {
    FoldEights(eights[q], count, blocks);
    for (int64_t r = 0; r < count; ++r) sums[q][r] = static_cast<double>(blocks[r]) + 0.0;
  }
}

HWY_INLINE Slope TanhOf(float v) { return TanhAndSlope(hn::Set(kD, v)); }

template <class T, class P>
void DotsOf(const SeedForwardArgs& args, int64_t first, int64_t count) {
  const P* beta = static_cast<const P*>(args.beta);
  HWY_ALIGN_MAX double sums[1][kBatch];
  for (int64_t r = 0; r < count; r += kBatch) {
    const int64_t some = HWY_MIN(kBatch, count - r);
    const auto at_row = [&](int64_t k) HWY_ATTR {
      return [beta, x = RowOf<T>(args.x, args.x_stride, first + r + k)](const auto& load, V(&t)[1])
                 HWY_ATTR { t[0] = hn::Mul(load(x), load(beta)); };
    };
    SumsOfRows<1>(at_row, some, args.cols, sums);
    for (int64_t k = 0; k < some; ++k) args.dot[r + k] = static_cast<float>(sums[0][k]);
  }
}
template <class T>
void Dots(const SeedForwardArgs& args, int64_t first, int64_t count) {
  args.f32_parameters ? DotsOf<T, float>(args, first, count) : DotsOf<T, T>(args, first, count);
}

template <class T, class P>
void GainsOf(const SeedForwardArgs& args, int64_t first, int64_t count) {
  const P* alpha = static_cast<const P*>(args.alpha);
  const P* gamma = static_cast<const P*>(args.gamma);
  for (int64_t r = 0; r < count; ++r) {
    T* y = RowOf<T>(args.y, args.y_stride, first + r);
    const V t = TanhOf(args.dot[r]).value;
    const auto gain = [&](int64_t i, const auto& load) HWY_ATTR {
      return hn::Mul(hn::Add(hn::Mul(t, load(alpha + i)), load(gamma + i)), load(y + i));
    };
    int64_t i = 0;
    for (; i + kN <= args.cols; i += kN) {
      Store(gain(i, [](const auto* p) HWY_ATTR { return Load(p); }), y + i);
    }
    const int64_t left = args.cols - i;
    if (left == 0) continue;
    StoreFirst(gain(i, [left](const auto* p) HWY_ATTR { return LoadFirst(p, left); }), y + i, left);
  }
}
template <class T>
void Gains(const SeedForwardArgs& args, int64_t first, int64_t count) {
  args.f32_parameters ? GainsOf<T, float>(args, first, count) : GainsOf<T, T>(args, first, count);
}

template <class T>
void Sums(const SeedBackwardArgs& args, Range range, SeedRow* rows) {
  HWY_ALIGN_MAX double sums[2][kBatch];
  const double inv_n = 1.0 / static_cast<double>(args.cols);
  for (int64_t first = range.begin; first < range.end; first += kBatch) {
    const int64_t count = HWY_MIN(kBatch, range.end - first);
    const auto at_row = [&](int64_t k) HWY_ATTR {
      const int64_t r = first + k;
      return [&args, x = RowOf<T>(args.x, args.x_stride, r),
              dy = RowOf<T>(args.dy, args.dy_stride, r), tanh = TanhOf(args.dot[r]).value,
              rstd = hn::Set(kD, args.rstd[r])](const auto& load, V(&t)[2]) HWY_ATTR {
        const V gradient = load(dy), xhat = hn::Mul(load(x), rstd), alpha = load(args.alpha);
        const V w = hn::Mul(gradient, hn::Add(hn::Mul(tanh, alpha), load(args.gamma)));
        t[0] = hn::Mul(w, xhat);
        t[1] = hn::Mul(hn::Mul(gradient, xhat), alpha);
      };
    };
    SumsOfRows<2>(at_row, count, args.cols, sums);
    for (int64_t k = 0; k < count; ++k) {
      const Slope at = TanhOf(args.dot[first + k]);
      rows[first + k - range.begin] = {
          hn::GetLane(at.value), static_cast<float>(sums[0][k] * inv_n),
          static_cast<float>(sums[1][k]) * hn::GetLane(at.slope)};
    }
  }
}

template <class T>
struct SeedSweep {
  const SeedBackwardArgs& args;
  float* HWY_RESTRICT dalpha;
  float* HWY_RESTRICT dbeta;
  float* HWY_RESTRICT dgamma;

  template <class Load, class Store>
  HWY_INLINE void Columns(int64_t r, int64_t i, const SeedRow& row, const Load& load,
                          const Store& store) const {
    const V x = load(RowOf<T>(args.x, args.x_stride, r) + i);
    const V dy = load(RowOf<T>(args.dy, args.dy_stride, r) + i);
    const V t = hn::Set(kD, row.t), e = hn::Set(kD, row.e), rstd = hn::Set(kD, args.rstd[r]);
    const V xhat = hn::Mul(x, rstd), gain = hn::Mul(dy, xhat);
    const auto add = [&](V term, float* sum) HWY_ATTR {
      if (sum != nullptr) store(hn::Add(load(sum + i), term), sum + i);
    };
    add(hn::Mul(t, gain), dalpha);
    add(hn::Mul(e, x), dbeta);
    add(gain, dgamma);
    if (args.dx == nullptr) return;
    const V w = hn::Mul(dy, hn::Add(hn::Mul(t, load(args.alpha + i)), load(args.gamma + i)));
    const V of_norm = hn::Mul(hn::Sub(w, hn::Mul(xhat, hn::Set(kD, row.h))), rstd);
    store(hn::Add(of_norm, hn::Mul(e, load(args.beta + i))),
          RowOf<T>(args.dx, args.dx_stride, r) + i);
  }
};

template <class T>
void Sweep(const SeedBackwardArgs& args, Range range, const SeedRow* rows, float* dalpha,
           float* dbeta, float* dgamma) {
  const SeedSweep<T> sweep{args, dalpha, dbeta, dgamma};
  const auto load = [](const auto* p) HWY_ATTR { return Load(p); };
  const auto store = [](V v, auto* p) HWY_ATTR { Store(v, p); };
  for (int64_t r = range.begin; r < range.end; ++r) {
    const SeedRow& row = rows[r - range.begin];
    int64_t i = 0;
    for (; i + kN <= args.cols; i += kN) sweep.Columns(r, i, row, load, store);
    const int64_t left = args.cols - i;
    if (left == 0) continue;
    sweep.Columns(
        r, i, row, [left](const auto* p) HWY_ATTR { return LoadFirst(p, left); },
        [left](V v, auto* p) HWY_ATTR { StoreFirst(v, p, left); });
  }
}

SeedNormKernels SeedNorms() {
  return {{Dots<float>, Dots<BFloat16>, Dots<Float16>},
          {Gains<float>, Gains<BFloat16>, Gains<Float16>},
          {Sums<float>, Sums<BFloat16>, Sums<Float16>},
          {Sweep<float>, Sweep<BFloat16>, Sweep<Float16>}};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(SeedNormKernels, seed_norm_kernels, SeedNorms)
}  // namespace norma::cpu
#endif
