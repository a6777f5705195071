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

// A row in f32, block by block: as it lies, or, where it has another type or is weighted, in memory
// for one block, which is in L1 when it is summed.
class BlocksOf {
 public:
  BlocksOf(const void* data, DType dtype) : data_(data), dtype_(dtype) {}
  BlocksOf(const void* data, DType dtype, int64_t positions, const float* weight)
      : data_(data), dtype_(dtype), positions_(positions), weight_(weight) {}

  // Elements [begin, end), until the next call.
  HWY_INLINE const float* At(int64_t begin, int64_t end) {
    const void* first = element(data_, dtype_, begin);
    if (dtype_ == DType::kF32) {
      if (weight_ == nullptr) return static_cast<const float*>(first);
      Weigh(static_cast<const float*>(first), begin, end);
    } else {
      const int64_t bytes = (end - begin) * static_cast<int64_t>(sizeof(uint16_t));
      for (int64_t line = 0; line < bytes; line += 64) {
        hwy::Prefetch(static_cast<const char*>(first) + line + kPrefetchBytes);
      }
      WidenRows({dtype_, first, end - begin, 1, end - begin}, nullptr, memory_, end - begin);
      if (weight_ != nullptr) Weigh(memory_, begin, end);
    }
    return memory_;
  }

 private:
  // memory = from * weight, from[0] being element `begin`; `from` may be the memory itself.
  HWY_NOINLINE void Weigh(const float* from, int64_t begin, int64_t end) {
    int64_t channel = begin / positions_;
    for (int64_t i = begin; i < end; ++channel) {
      const int64_t n = HWY_MIN(end, (channel + 1) * positions_) - i;
      const V w = hn::Set(kD, weight_[channel]);
      const float* in = from + (i - begin);
      float* out = memory_ + (i - begin);
      ForChannels(n, [&](int64_t k, const auto& load, const auto& store)
                         HWY_ATTR { store(hn::Mul(load(in + k), w), out + k); });
      i += n;
    }
  }

  const void* data_;
  DType dtype_;
  int64_t positions_ = 0;
  const float* weight_ = nullptr;  // a channel's; null: none
  HWY_ALIGN_MAX float memory_[kBlock];
};

// Section 1 in full; a row of one block has no tree. terms_of(begin, end): the terms of a block,
// element `begin` being number 0.
template <class TermsOf>
HWY_INLINE void SumGroup(const TermsOf& terms_of, int64_t n, double (&sums)[2]) {
  const auto sum_block = [&](int64_t begin, int64_t end, float* HWY_RESTRICT(&out)[2])
                             HWY_ATTR { SumBlock(terms_of(begin, end), 0, end - begin, out); };
  if (n > kBlock) return SumBlocks(sum_block, n, sums);
  HWY_ALIGN_MAX float eights[2][8];
  float* HWY_RESTRICT out[2] = {eights[0], eights[1]};
  sum_block(0, n, out);
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
  BlocksOf blocks(x, dtype);
  const float pivot = PivotOf(blocks.At(0, HWY_MIN(n, 24)), n);
  double sums[2];
  SumGroup(
      [&](int64_t begin, int64_t end) HWY_ATTR {
        return GroupTerms{blocks.At(begin, end), end - begin, hn::Set(kD, pivot)};
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

template <bool kHalf>
HWY_NOINLINE void GradientSums(BlocksOf& x, BlocksOf& g, int64_t n, const SavedStatistics& s,
                               double (&sums)[2]) {
  SumGroup(
      [&](int64_t begin, int64_t end) HWY_ATTR {
        return GroupGradientTerms<kHalf>{x.At(begin, end), g.At(begin, end), end - begin,
                                         GroupXhat<kHalf>(s)};
      },
      n, sums);
}
HWY_INLINE void AnyGradientSums(BlocksOf& x, BlocksOf& g, int64_t n, const SavedStatistics& s,
                                double (&sums)[2]) {
  needs_halving(s.rstd) ? GradientSums<true>(x, g, n, s, sums)
                        : GradientSums<false>(x, g, n, s, sums);
}

GroupMeans BackwardMeans(const void* x, const void* dy, DType dtype, const ChannelRun& run,
                         const SavedStatistics& s, const float* weight) {
  BlocksOf blocks_of_x(x, dtype), g(dy, dtype, run.positions, weight);
  double sums[2];
  AnyGradientSums(blocks_of_x, g, run.size(), s, sums);
  const double inv_n = 1.0 / static_cast<double>(run.size());
  return {static_cast<float>(sums[0] * inv_n), static_cast<float>(sums[1] * inv_n)};
}

void ChannelSums(const void* x, const void* dy, DType dtype, const ChannelRun& run,
                 const SavedStatistics& s, float* dweight, float* dbias) {
  const int64_t n = run.positions;
  for (int64_t c = 0; c < run.channels; ++c) {
    // Without dweight xhat is of dy itself, and goes nowhere.
    BlocksOf channel(element(dy, dtype, c * n), dtype);
    BlocksOf of_x(element(dweight == nullptr ? dy : x, dtype, c * n), dtype);
    double sums[2];
    AnyGradientSums(of_x, channel, n, s, sums);
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
  HWY_ALIGN_MAX float memory[kStripElements];
  ForStrips(run, [&](int64_t c, const ChannelRun& strip, int64_t first) {
    const int64_t n = strip.size();
    WidenRows({dtype, element(x, dtype, first), n, 1, n}, nullptr, memory, n);
    NormalizeF32(memory, memory, strip, s, weight == nullptr ? nullptr : weight + c,
                 bias == nullptr ? nullptr : bias + c);
    NarrowRows(memory, 1, n, dtype, element(y, dtype, first), n);
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
  HWY_ALIGN_MAX float memory[2][kStripElements];
  ForStrips(run, [&](int64_t c, const ChannelRun& strip, int64_t first) {
    const int64_t n = strip.size();
    WidenRows({dtype, element(x, dtype, first), n, 1, n}, nullptr, memory[0], n);
    WidenRows({dtype, element(dy, dtype, first), n, 1, n}, nullptr, memory[1], n);
    GradientF32(memory[0], memory[1], memory[1], strip, s,
                weight == nullptr ? nullptr : weight + c, means);
    NarrowRows(memory[1], 1, n, dtype, element(dx, dtype, first), n);
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
