// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The kernels of GroupNorm. A group is a row of channels * positions elements in the order of
// NCHW; one of NHWC is transposed first, so that both layouts have the same bits.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/group_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/channel_kernels.h"
#include "core/cpu/channel_rows-inl.h"
#include "core/cpu/group_rows-inl.h"
#include "core/cpu/hostile_rows.h"
#include "core/cpu/norm_tables.h"
#include "core/cpu/order-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

constexpr int64_t kPrefetchFloats = kPrefetchBytes / static_cast<int64_t>(sizeof(float));

// Terms of section 2: e and e * e.
struct GroupTerms {
  static constexpr int kSums = 2;
  const float* x;
  int64_t end;
  V pivot;

  HWY_INLINE V Inside(int64_t i) const { return hn::Sub(hn::LoadU(kD, x + i), pivot); }
  HWY_INLINE V Masked(int64_t i) const {
    return hn::IfThenElseZero(FirstLanes(end - i), hn::Sub(LoadInside(x, i, end), pivot));
  }
  static HWY_INLINE void Halved(V e0, V e1, V (&t)[2]) {
    const Two e = SplitHalves(e0, e1);
    t[0] = hn::Add(e.a, e.b);
    t[1] = hn::Add(hn::Mul(e.a, e.a), hn::Mul(e.b, e.b));
  }
  HWY_INLINE void Group(int64_t i, V (&leaf)[2]) const {
    for (int64_t line = 0; line < kGroup; line += 16) {
      hwy::Prefetch(x + i + line + kPrefetchFloats);
    }
    FoldGroup<2>([&](int k, V(&t)[2])
                     HWY_ATTR { Halved(Inside(i + First(k) * kN), Inside(i + Second(k) * kN), t); },
                 leaf);
  }
  HWY_INLINE void Tail(int64_t i, V (&leaf)[2]) const {
    FoldGroup<2>([&](int k, V(&t)[2])
                     HWY_ATTR { Halved(Masked(i + First(k) * kN), Masked(i + Second(k) * kN), t); },
                 leaf);
  }
};

// xhat of a group; kHalf where section 3 works on halves.
template <bool kHalf>
struct GroupXhat {
  V hi, lo, scale;

  HWY_INLINE explicit GroupXhat(const SavedStatistics& s)
      : hi(hn::Set(kD, kHalf ? s.mean_hi / 2 : s.mean_hi)),
        lo(hn::Set(kD, kHalf ? s.mean_lo / 2 : s.mean_lo)),
        scale(hn::Set(kD, kHalf ? 2 * s.rstd : s.rstd)) {}
  HWY_INLINE V operator()(V x) const {
    if (kHalf) x = hn::Mul(x, hn::Set(kD, 0.5f));
    return hn::Mul(hn::Sub(hn::Sub(x, hi), lo), scale);
  }
};

// Terms of section 4: g and g * xhat; with dy for g, those of dbias and dweight.
template <bool kHalf>
struct GroupGradientTerms {
  static constexpr int kSums = 2;
  const float* x;
  const float* g;
  int64_t end;
  GroupXhat<kHalf> xhat;

  HWY_INLINE Two Inside(int64_t i) const {
    const V v = hn::LoadU(kD, g + i);
    return {v, hn::Mul(v, xhat(hn::LoadU(kD, x + i)))};
  }
  HWY_INLINE Two Masked(int64_t i) const {
    const V v = LoadInside(g, i, end), product = hn::Mul(v, xhat(LoadInside(x, i, end)));
    return {v, hn::IfThenElseZero(FirstLanes(end - i), product)};
  }
  static HWY_INLINE void Halved(Two first, Two second, V (&t)[2]) {
    const Two v = SplitHalves(first.a, second.a), product = SplitHalves(first.b, second.b);
    t[0] = hn::Add(v.a, v.b);
    t[1] = hn::Add(product.a, product.b);
  }
  HWY_INLINE void Group(int64_t i, V (&leaf)[2]) const {
    for (int64_t line = 0; line < kGroup; line += 16) {
      hwy::Prefetch(x + i + line + kPrefetchFloats);
      hwy::Prefetch(g + i + line + kPrefetchFloats);
    }
    FoldGroup<2>([&](int k, V(&t)[2])
                     HWY_ATTR { Halved(Inside(i + First(k) * kN), Inside(i + Second(k) * kN), t); },
                 leaf);
  }
  HWY_INLINE void Tail(int64_t i, V (&leaf)[2]) const {
    FoldGroup<2>([&](int k, V(&t)[2])
                     HWY_ATTR { Halved(Masked(i + First(k) * kN), Masked(i + Second(k) * kN), t); },
                 leaf);
  }
};

// Section 1 in full; a row of one block has no tree.
template <class Terms>
HWY_INLINE void SumGroup(const Terms& terms, int64_t n, double (&sums)[2]) {
  if (n > kBlock) return SumLongRow(terms, 0, n, sums);
  HWY_ALIGN_MAX float eights[2][8];
  float* out[2] = {eights[0], eights[1]};
  SumBlock(terms, 0, n, out);
  for (int q = 0; q < 2; ++q) sums[q] = static_cast<double>(FoldEight(eights[q])) + 0.0;
}

// Section 2's pivot: 1/8 of the leaf of medians of x[j % n], x[(j + 8) % n], x[(j + 16) % n].
HWY_INLINE float PivotOf(const float* x, int64_t n) {
  HWY_ALIGN_MAX float wrapped[24], medians[8];
  if (n < 24) {
    for (int64_t j = 0, i = 0; j < 24; ++j, i = i + 1 == n ? 0 : i + 1) wrapped[j] = x[i];
    x = wrapped;
  }
  const hn::CappedTag<float, 8> d;
  for (size_t j = 0; j < 8; j += hn::Lanes(d)) {
    const auto p = hn::LoadU(d, x + j), q = hn::LoadU(d, x + j + 8), r = hn::LoadU(d, x + j + 16);
    hn::Store(hn::Max(hn::Min(p, q), hn::Min(hn::Max(p, q), r)), d, medians + j);
  }
  return FoldEight(medians) * 0.125f;
}

SavedStatistics GroupStatistics(const float* x, int64_t n, double eps) {
  const float pivot = PivotOf(x, n);
  double sums[2];
  SumGroup(GroupTerms{x, n, hn::Set(kD, pivot)}, n, sums);
  const double inv_n = 1.0 / static_cast<double>(n), c = static_cast<double>(pivot);
  const double ebar = sums[0] * inv_n, t = sums[1] * inv_n;
  double var = t - ebar * ebar;
  if (var < 0) var = 0;
  const double v = var + eps;
  const bool accepted = v >= 0x1p-100 && v <= 0x1p100 && t <= 4 * v;
  if (HWY_UNLIKELY(!accepted)) {
    const auto redone = redo_layer_norm(x, {n, n, EpsMode::kInside, eps, 0});
    return {redone.mean_hi, redone.mean_lo, redone.rstd};
  }
  const float hi = static_cast<float>(c + ebar);
  return {hi, static_cast<float>((c - static_cast<double>(hi)) + ebar),
          1.0f / __builtin_sqrtf(static_cast<float>(v))};
}

template <bool kHalf>
HWY_NOINLINE void GradientSums(const float* x, const float* g, int64_t n, const SavedStatistics& s,
                               double (&sums)[2]) {
  SumGroup(GroupGradientTerms<kHalf>{x, g, n, GroupXhat<kHalf>(s)}, n, sums);
}
HWY_INLINE void AnyGradientSums(const float* x, const float* g, int64_t n, const SavedStatistics& s,
                                double (&sums)[2]) {
  needs_halving(s.rstd) ? GradientSums<true>(x, g, n, s, sums)
                        : GradientSums<false>(x, g, n, s, sums);
}

GroupMeans BackwardMeans(const float* x, const float* g, int64_t n, const SavedStatistics& s) {
  double sums[2];
  AnyGradientSums(x, g, n, s, sums);
  const double inv_n = 1.0 / static_cast<double>(n);
  return {static_cast<float>(sums[0] * inv_n), static_cast<float>(sums[1] * inv_n)};
}

void ChannelSums(const float* x, const float* dy, const ChannelRun& run, const SavedStatistics& s,
                 float* dweight, float* dbias) {
  const int64_t n = run.positions;
  for (int64_t c = 0; c < run.channels; ++c) {
    // Without dweight xhat is of dy itself, and goes nowhere.
    const float *channel = dy + c * n, *of_x = dweight == nullptr ? channel : x + c * n;
    double sums[2];
    AnyGradientSums(of_x, channel, n, s, sums);
    if (dbias != nullptr) dbias[c] = static_cast<float>(sums[0]);
    if (dweight != nullptr) dweight[c] = static_cast<float>(sums[1]);
  }
}

// out[i] = f(v[i]) of x and another input, i < n.
template <class Work>
HWY_INLINE void ForElements(int64_t n, const Work& work) {
  ForChannels(
      n, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR { work(i, load, store); });
}

template <bool kHalf, bool kWeight, bool kBias>
HWY_NOINLINE void NormalizeGroup(const float* x, float* y, const ChannelRun& run,
                                 const SavedStatistics& s, const float* weight, const float* bias) {
  const GroupXhat<kHalf> xhat(s);
  for (int64_t c = 0; c < run.channels; ++c, x += run.positions, y += run.positions) {
    const V w = kWeight ? hn::Set(kD, weight[c]) : hn::Zero(kD);
    const V b = kBias ? hn::Set(kD, bias[c]) : hn::Zero(kD);
    ForElements(run.positions, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
      V out = xhat(load(x + i));
      if (kWeight) out = hn::Mul(out, w);
      if (kBias) out = hn::Add(out, b);
      store(out, y + i);
    });
  }
}

template <bool kHalf>
void NormalizeAny(const float* x, float* y, const ChannelRun& run, const SavedStatistics& s,
                  const float* w, const float* b) {
  const ChannelRun whole{1, run.size()};
  w != nullptr   ? b != nullptr ? NormalizeGroup<kHalf, true, true>(x, y, run, s, w, b)
                                : NormalizeGroup<kHalf, true, false>(x, y, run, s, w, b)
    : b != nullptr ? NormalizeGroup<kHalf, false, true>(x, y, run, s, w, b)
                 : NormalizeGroup<kHalf, false, false>(x, y, whole, s, w, b);
}

void NormalizeRun(const float* x, float* y, const ChannelRun& run, const SavedStatistics& s,
                  const float* weight, const float* bias) {
  needs_halving(s.rstd) ? NormalizeAny<true>(x, y, run, s, weight, bias)
                        : NormalizeAny<false>(x, y, run, s, weight, bias);
}

void Weigh(const float* dy, const float* weight, float* g, const ChannelRun& run) {
  for (int64_t c = 0; c < run.channels; ++c, dy += run.positions, g += run.positions) {
    const V w = hn::Set(kD, weight[c]);
    ForElements(run.positions, [&](int64_t i, const auto& load, const auto& store)
                                   HWY_ATTR { store(hn::Mul(load(dy + i), w), g + i); });
  }
}

template <bool kHalf>
HWY_NOINLINE void GradientOfGroup(const float* x, const float* g, float* dx, int64_t n,
                                  const SavedStatistics& s, const GroupMeans& means) {
  const GroupXhat<kHalf> xhat(s);
  const V a = hn::Set(kD, means.a), h = hn::Set(kD, means.h), rstd = hn::Set(kD, s.rstd);
  ForElements(n, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
    const V product = hn::Mul(xhat(load(x + i)), h);
    store(hn::Mul(hn::Sub(hn::Sub(load(g + i), a), product), rstd), dx + i);
  });
}

void GradientOfRun(const float* x, const float* g, float* dx, int64_t n, const SavedStatistics& s,
                   const GroupMeans& means) {
  needs_halving(s.rstd) ? GradientOfGroup<true>(x, g, dx, n, s, means)
                        : GradientOfGroup<false>(x, g, dx, n, s, means);
}

GroupNormKernels GroupNorm() {
  return {GroupStatistics, BackwardMeans,        NormalizeRun, Weigh,           GradientOfRun,
          ChannelSums,     AnyChannelSumsOfRows, Transpose,    RowsOfChannels()};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(GroupNormKernels, group_norm_kernels, GroupNorm)
}  // namespace norma::cpu
#endif
