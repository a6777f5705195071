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

// A run in f32: as it lies, or, where it has another type or is weighted, a window of one block of
// it at a time, which is in L1 when it is summed.
class WindowOf {
 public:
  WindowOf(const void* data, DType dtype, const ChannelRun& run, const float* weight)
      : data_(data),
        dtype_(dtype),
        is_direct_(dtype == DType::kF32 && weight == nullptr),
        size_(run.size()),
        positions_(run.positions),
        weight_(weight) {}

  // Elements [begin, end) of a block, until the next call.
  HWY_INLINE const float* At(int64_t begin, int64_t end) {
    if (is_direct_) return static_cast<const float*>(data_) + begin;
    if (begin < begin_ || end > end_) Move(begin);
    return window_ + (begin - begin_);
  }

 private:
  HWY_NOINLINE void Move(int64_t begin) {
    begin_ = begin;
    end_ = HWY_MIN(begin + kBlock, size_);
    const int64_t n = end_ - begin_;
    const void* first = element(data_, dtype_, begin);
    if (dtype_ == DType::kF32) return Weigh(static_cast<const float*>(first));
    for (int64_t i = 0; i < n; i += kLine<BFloat16>) {
      hwy::Prefetch(static_cast<const BFloat16*>(first) + i + kBlock);
    }
    float* wide = weight_ == nullptr ? window_ : unweighted_;
    WidenRows({dtype_, first, n, 1, n}, nullptr, wide, n);
    if (weight_ != nullptr) Weigh(unweighted_);
  }
  // window = from * weight.
  void Weigh(const float* from) {
    int64_t channel = begin_ / positions_;
    for (int64_t i = begin_; i < end_; ++channel) {
      const int64_t n = HWY_MIN(end_, (channel + 1) * positions_) - i;
      const V w = hn::Set(kD, weight_[channel]);
      const float* in = from + (i - begin_);
      float* out = window_ + (i - begin_);
      ForChannels(n, [&](int64_t k, const auto& load, const auto& store)
                         HWY_ATTR { store(hn::Mul(load(in + k), w), out + k); });
      i += n;
    }
  }

  const void* data_;
  DType dtype_;
  bool is_direct_;
  int64_t size_, positions_;
  const float* weight_;  // a channel's; null: none
  int64_t begin_ = 0, end_ = 0;
  HWY_ALIGN_MAX float window_[kBlock];
  HWY_ALIGN_MAX float unweighted_[kBlock];
};

// Section 1 in full; a row of one block has no tree. terms_of(begin, end): the terms of a block,
// element `begin` being number 0.
template <class TermsOf>
HWY_INLINE void SumGroup(const TermsOf& terms_of, int64_t n, double (&sums)[2]) {
  const auto sum_block = [&](int64_t begin, int64_t end, float* HWY_RESTRICT(&out)[2])
                             HWY_ATTR { SumBlock(terms_of(begin, end), 0, end - begin, out); };
  if (n > kBlock) return SumBlocks(sum_block, 0, n, sums);
  HWY_ALIGN_MAX float eights[2][8];
  float* HWY_RESTRICT out[2] = {eights[0], eights[1]};
  SumBlock(terms_of(0, n), 0, n, out);
  for (int q = 0; q < 2; ++q) sums[q] = static_cast<double>(FoldEight(eights[q])) + 0.0;
}

// Section 2's pivot: 1/8 of the leaf of medians of x[j % n], x[(j + 8) % n], x[(j + 16) % n]. x:
// the first 24 elements at least, or all n.
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

RowStatistics Redone(const void* x, DType dtype, int64_t n, double eps) {
  const StatisticsRule rule{n, n, EpsMode::kInside, eps, 0};
  if (dtype == DType::kBF16) return redo_layer_norm(static_cast<const BFloat16*>(x), rule);
  if (dtype == DType::kF16) return redo_layer_norm(static_cast<const Float16*>(x), rule);
  return redo_layer_norm(static_cast<const float*>(x), rule);
}

SavedStatistics GroupStatistics(const void* x, DType dtype, int64_t n, double eps) {
  WindowOf window(x, dtype, {1, n}, nullptr);
  const float pivot = PivotOf(window.At(0, HWY_MIN(n, 24)), n);
  double sums[2];
  SumGroup(
      [&](int64_t begin, int64_t end) HWY_ATTR {
        return GroupTerms{window.At(begin, end), end - begin, hn::Set(kD, pivot)};
      },
      n, sums);
  const double inv_n = 1.0 / static_cast<double>(n), c = static_cast<double>(pivot);
  const double ebar = sums[0] * inv_n, t = sums[1] * inv_n;
  double var = t - ebar * ebar;
  if (var < 0) var = 0;
  const double v = var + eps;
  const bool accepted = v >= 0x1p-100 && v <= 0x1p100 && t <= 4 * v;
  if (HWY_UNLIKELY(!accepted)) {
    const RowStatistics redone = Redone(x, dtype, n, eps);
    return {redone.mean_hi, redone.mean_lo, redone.rstd};
  }
  const float hi = static_cast<float>(c + ebar);
  return {hi, static_cast<float>((c - static_cast<double>(hi)) + ebar),
          1.0f / __builtin_sqrtf(static_cast<float>(v))};
}

// Of n elements from `first` on.
template <bool kHalf>
HWY_NOINLINE void GradientSums(WindowOf& x, WindowOf& g, int64_t first, int64_t n,
                               const SavedStatistics& s, double (&sums)[2]) {
  SumGroup(
      [&](int64_t begin, int64_t end) HWY_ATTR {
        return GroupGradientTerms<kHalf>{x.At(first + begin, first + end),
                                         g.At(first + begin, first + end), end - begin,
                                         GroupXhat<kHalf>(s)};
      },
      n, sums);
}
HWY_INLINE void AnyGradientSums(WindowOf& x, WindowOf& g, int64_t first, int64_t n,
                                const SavedStatistics& s, double (&sums)[2]) {
  needs_halving(s.rstd) ? GradientSums<true>(x, g, first, n, s, sums)
                        : GradientSums<false>(x, g, first, n, s, sums);
}

GroupMeans BackwardMeans(const void* x, const void* dy, DType dtype, const ChannelRun& run,
                         const SavedStatistics& s, const float* weight) {
  WindowOf of_x(x, dtype, run, nullptr), g(dy, dtype, run, weight);
  double sums[2];
  AnyGradientSums(of_x, g, 0, run.size(), s, sums);
  const double inv_n = 1.0 / static_cast<double>(run.size());
  return {static_cast<float>(sums[0] * inv_n), static_cast<float>(sums[1] * inv_n)};
}

void ChannelSums(const void* x, const void* dy, DType dtype, const ChannelRun& run,
                 const SavedStatistics& s, float* dweight, float* dbias) {
  // Without dweight xhat is of dy itself, and goes nowhere.
  WindowOf of_x(dweight == nullptr ? dy : x, dtype, run, nullptr), of_dy(dy, dtype, run, nullptr);
  for (int64_t c = 0; c < run.channels; ++c) {
    double sums[2];
    AnyGradientSums(of_x, of_dy, c * run.positions, run.positions, s, sums);
    if (dbias != nullptr) dbias[c] = static_cast<float>(sums[0]);
    if (dweight != nullptr) dweight[c] = static_cast<float>(sums[1]);
  }
}

// work(first channel, its part, where that begins) on strips of a run, each of whole channels or
// of a piece of one, so that a strip in f32 stays in L1.
template <class Work>
HWY_INLINE void ForStrips(const ChannelRun& run, const Work& work) {
  const int64_t positions = HWY_MIN(run.positions, kStripElements);
  const int64_t channels = kStripElements / positions;
  for (int64_t c = 0; c < run.channels; c += channels) {
    const int64_t together = HWY_MIN(channels, run.channels - c);
    for (int64_t p = 0; p < run.positions; p += positions) {
      const ChannelRun strip{together, HWY_MIN(positions, run.positions - p)};
      work(c, strip, c * run.positions + p);
    }
  }
}

template <bool kHalf, bool kWeight, bool kBias>
HWY_NOINLINE void NormalizeGroup(const float* x, float* y, const ChannelRun& run,
                                 const SavedStatistics& s, const float* weight, const float* bias) {
  const GroupXhat<kHalf> xhat(s);
  for (int64_t c = 0; c < run.channels; ++c, x += run.positions, y += run.positions) {
    const V w = kWeight ? hn::Set(kD, weight[c]) : hn::Zero(kD);
    const V b = kBias ? hn::Set(kD, bias[c]) : hn::Zero(kD);
    ForChannels(run.positions, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
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

void NormalizeF32(const float* x, float* y, const ChannelRun& run, const SavedStatistics& s,
                  const float* weight, const float* bias) {
  needs_halving(s.rstd) ? NormalizeAny<true>(x, y, run, s, weight, bias)
                        : NormalizeAny<false>(x, y, run, s, weight, bias);
}

void NormalizeRun(const void* x, void* y, DType dtype, const ChannelRun& run,
                  const SavedStatistics& s, const float* weight, const float* bias) {
  if (dtype == DType::kF32) {
    return NormalizeF32(static_cast<const float*>(x), static_cast<float*>(y), run, s, weight, bias);
  }
  HWY_ALIGN_MAX float wide[kStripElements], out[kStripElements];
  ForStrips(run, [&](int64_t c, const ChannelRun& strip, int64_t first) {
    const int64_t n = strip.size();
    WidenRows({dtype, element(x, dtype, first), n, 1, n}, nullptr, wide, n);
    NormalizeF32(wide, out, strip, s, weight == nullptr ? nullptr : weight + c,
                 bias == nullptr ? nullptr : bias + c);
    NarrowRows(out, 1, n, dtype, element(y, dtype, first), n);
  });
}

template <bool kHalf, bool kWeight>
HWY_NOINLINE void GradientOfGroup(const float* x, const float* dy, float* dx, const ChannelRun& run,
                                  const SavedStatistics& s, const float* weight,
                                  const GroupMeans& means) {
  const GroupXhat<kHalf> xhat(s);
  const V a = hn::Set(kD, means.a), h = hn::Set(kD, means.h), rstd = hn::Set(kD, s.rstd);
  const int64_t n = run.positions;
  for (int64_t c = 0; c < run.channels; ++c, x += n, dy += n, dx += n) {
    const V w = kWeight ? hn::Set(kD, weight[c]) : hn::Zero(kD);
    ForChannels(n, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
      const V product = hn::Mul(xhat(load(x + i)), h);
      V g = load(dy + i);
      if (kWeight) g = hn::Mul(g, w);
      store(hn::Mul(hn::Sub(hn::Sub(g, a), product), rstd), dx + i);
    });
  }
}

template <bool kHalf>
void GradientAny(const float* x, const float* dy, float* dx, const ChannelRun& run,
                 const SavedStatistics& s, const float* weight, const GroupMeans& means) {
  const ChannelRun whole{1, run.size()};
  weight != nullptr ? GradientOfGroup<kHalf, true>(x, dy, dx, run, s, weight, means)
                    : GradientOfGroup<kHalf, false>(x, dy, dx, whole, s, weight, means);
}

void GradientF32(const float* x, const float* dy, float* dx, const ChannelRun& run,
                 const SavedStatistics& s, const float* weight, const GroupMeans& means) {
  needs_halving(s.rstd) ? GradientAny<true>(x, dy, dx, run, s, weight, means)
                        : GradientAny<false>(x, dy, dx, run, s, weight, means);
}

void GradientOfRun(const void* x, const void* dy, void* dx, DType dtype, const ChannelRun& run,
                   const SavedStatistics& s, const float* weight, const GroupMeans& means) {
  if (dtype == DType::kF32) {
    return GradientF32(static_cast<const float*>(x), static_cast<const float*>(dy),
                       static_cast<float*>(dx), run, s, weight, means);
  }
  HWY_ALIGN_MAX float wide_x[kStripElements], wide_dy[kStripElements], out[kStripElements];
  ForStrips(run, [&](int64_t c, const ChannelRun& strip, int64_t first) {
    const int64_t n = strip.size();
    WidenRows({dtype, element(x, dtype, first), n, 1, n}, nullptr, wide_x, n);
    WidenRows({dtype, element(dy, dtype, first), n, 1, n}, nullptr, wide_dy, n);
    GradientF32(wide_x, wide_dy, out, strip, s, weight == nullptr ? nullptr : weight + c, means);
    NarrowRows(out, 1, n, dtype, element(dx, dtype, first), n);
  });
}

GroupNormKernels GroupNorm() {
  return {GroupStatistics, BackwardMeans,        NormalizeRun, GradientOfRun,
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
