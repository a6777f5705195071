// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Section 1 of norma-1 in vectors. A group is eight vectors, which hold as many leaves as a vector
// has lanes; folding it transposes, so that one vector comes out with a leaf sum in each lane.
// Included once for each target.

#if defined(NORMA_CORE_CPU_ORDER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_ORDER_INL_H_
#undef NORMA_CORE_CPU_ORDER_INL_H_
#else
#define NORMA_CORE_CPU_ORDER_INL_H_
#endif

#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

inline constexpr int64_t kBlock = kSumBlock;
inline constexpr int64_t kChunk = 256;
inline constexpr int64_t kGroup = 8 * kN;  // elements
inline constexpr int64_t kGroupsInChunk = kChunk / kGroup;
inline constexpr int64_t kBatch = 16;  // rows or blocks whose sums are folded together
// What is summed is asked for this far ahead. Hardware prefetchers stop at a page, and a row of
// sums is slow enough.
inline constexpr int64_t kPrefetchBytes = 2048;
template <class T>
inline constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(T));  // elements

struct Two {
  V a, b;
};

// The three levels of a leaf, e[j] with e[j+4], e[j+2], e[j+1], each of two vectors at once: sums
// come out of a + b. The first keeps 128-bit blocks whole, the others stay inside them.
HWY_INLINE Two SplitHalves(V v0, V v1) {
#if HWY_MAX_BYTES == 64
  return {V{_mm512_shuffle_f32x4(v0.raw, v1.raw, 0x88)},
          V{_mm512_shuffle_f32x4(v0.raw, v1.raw, 0xDD)}};
#elif HWY_MAX_BYTES == 32
  return {hn::ConcatLowerLower(kD, v1, v0), hn::ConcatUpperUpper(kD, v1, v0)};
#else
  return {v0, v1};
#endif
}

HWY_INLINE V AddQuarters(V v0, V v1) {
  const hn::RepartitionToWide<D> wide;
  const auto w0 = hn::BitCast(wide, v0), w1 = hn::BitCast(wide, v1);
  return hn::Add(hn::BitCast(kD, hn::InterleaveLower(wide, w0, w1)),
                 hn::BitCast(kD, hn::InterleaveUpper(wide, w0, w1)));
}

HWY_INLINE V AddPairs(V v0, V v1) {
#if HWY_MAX_BYTES == 64
  return hn::Add(V{_mm512_shuffle_ps(v0.raw, v1.raw, 0x88)},
                 V{_mm512_shuffle_ps(v0.raw, v1.raw, 0xDD)});
#elif HWY_MAX_BYTES == 32
  return hn::Add(V{_mm256_shuffle_ps(v0.raw, v1.raw, 0x88)},
                 V{_mm256_shuffle_ps(v0.raw, v1.raw, 0xDD)});
#else
  return hn::Add(hn::ConcatEven(kD, v1, v0), hn::ConcatOdd(kD, v1, v0));
#endif
}

// Which two of a group's vectors are split together, so that the leaves come out in NaturalOrder's
// input order.
HWY_INLINE constexpr int First(int i) { return kN == 8 ? i : 2 * i; }
HWY_INLINE constexpr int Second(int i) { return kN == 8 ? i + 4 : 2 * i + 1; }

// kSums sums at once. halved(i, t) sets t[q] to the first level of vectors First(i), Second(i).
template <int kSums, class Halved>
HWY_INLINE void FoldGroup(const Halved& halved, V (&leaf)[kSums]) {
  V t0[kSums], t1[kSums], t2[kSums], t3[kSums];
  halved(0, t0);
  halved(1, t1);
  halved(2, t2);
  halved(3, t3);
  for (int q = 0; q < kSums; ++q) {
    leaf[q] = AddPairs(AddQuarters(t0[q], t1[q]), AddQuarters(t2[q], t3[q]));
  }
}

// Lane t = leaf t.
HWY_INLINE V NaturalOrder(V leaf) {
#if HWY_MAX_BYTES == 64
  HWY_ALIGN static constexpr int32_t kIndex[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                   2, 6, 10, 14, 3, 7, 11, 15};
  return hn::TableLookupLanes(leaf, hn::SetTableIndices(kD, kIndex));
#else
  return leaf;
#endif
}

// Sums of `count` runs of eight values, each in the order of a leaf: sums[i] of eights[8 * i ..].
// Both are written up to the next multiple of kN runs.
HWY_INLINE void FoldEights(float* HWY_RESTRICT eights, int64_t count, float* HWY_RESTRICT sums) {
  const int64_t padded = (count + kN - 1) / kN * kN;
  for (int64_t i = 8 * count; i < 8 * padded; i += 8) {
    const hn::CappedTag<float, 8> d;
    for (int64_t j = 0; j < 8; j += kN) hn::Store(hn::Zero(d), d, eights + i + j);
  }
  for (int64_t i = 0; i < padded; i += kN) {
    V leaf[1];
    FoldGroup<1>(
        [p = eights + 8 * i](int k, V(&t)[1]) HWY_ATTR {
          const Two two =
              SplitHalves(hn::Load(kD, p + First(k) * kN), hn::Load(kD, p + Second(k) * kN));
          t[0] = hn::Add(two.a, two.b);
        },
        leaf);
    hn::Store(NaturalOrder(leaf[0]), kD, sums + i);
  }
}

// FoldEights of one run, when there is no other to work beside it.
HWY_INLINE float FoldEight(const float* HWY_RESTRICT eight) {
  const hn::FixedTag<float, 4> d;
  const auto fours = hn::Add(hn::LoadU(d, eight), hn::LoadU(d, eight + 4));
  const auto pairs = hn::Add(fours, hn::Shuffle1032(fours));
  return hn::GetLane(hn::Add(pairs, hn::Shuffle2301(pairs)));
}

// The sums of rows of one block, out of FoldEights. In vectors, as they are read again: a load of
// several scalar stores waits until they are in the cache.
HWY_INLINE void RowSums(const float* HWY_RESTRICT blocks, int64_t count,
                        double* HWY_RESTRICT sums) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> f;
  for (int64_t r = 0; r < count; r += static_cast<int64_t>(hn::Lanes(d))) {
    hn::Store(hn::Add(hn::PromoteTo(d, hn::Load(f, blocks + r)), hn::Zero(d)), d, sums + r);
  }
}

// Eight lanes of a block, after the fold by 8 where a vector holds more of them.
HWY_INLINE void StoreEight(const V* lanes, float* HWY_RESTRICT eight) {
#if HWY_MAX_BYTES == 64
  const hn::Half<D> half;
  const V natural = NaturalOrder(lanes[0]);
  hn::Store(hn::Add(hn::LowerHalf(half, natural), hn::UpperHalf(half, natural)), half, eight);
#else
  for (int64_t g = 0; g * kN < 8; ++g) hn::Store(lanes[g], kD, eight + g * kN);
#endif
}

// The sums of one block, down to eight values each: lanes folded by 16 and by 8. Terms has kSums,
// and Group(i, leaf), Tail(i, leaf) that fold the group at element i of the row, Tail with +0 past
// the end. For SumRows it has Halved<kFull>(i, j, t), too, the first level of the vectors at i and
// j, and Ask(i, n), which may fetch what is worked on later.
template <class Terms>
HWY_INLINE void SumBlock(const Terms& terms, int64_t begin, int64_t end,
                         float* HWY_RESTRICT (&eights)[Terms::kSums]) {
  constexpr int kSums = Terms::kSums;
  V lanes[kSums][kGroupsInChunk];
  for (auto& sum : lanes) {
    for (V& v : sum) v = hn::Zero(kD);
  }
  const auto add = [&lanes](int64_t g, const V(&leaf)[kSums]) HWY_ATTR {
    for (int q = 0; q < kSums; ++q) lanes[q][g] = hn::Add(lanes[q][g], leaf[q]);
  };
  int64_t i = begin;
  V leaf[kSums];
  for (; i + kChunk <= end; i += kChunk) {
    for (int64_t g = 0; g < kGroupsInChunk; ++g) {
      terms.Group(i + g * kGroup, leaf);
      add(g, leaf);
    }
  }
  for (int64_t g = 0; i < end; ++g, i += kGroup) {
    i + kGroup <= end ? terms.Group(i, leaf) : terms.Tail(i, leaf);
    add(g, leaf);
  }
  for (int q = 0; q < kSums; ++q) {
    for (int64_t k = kGroupsInChunk / 2; k * kN >= 8; k /= 2) {
      for (int64_t g = 0; g < k; ++g) lanes[q][g] = hn::Add(lanes[q][g], lanes[q][g + k]);
    }
    StoreEight(lanes[q], eights[q]);
  }
}

// Two rows of at most half a group, one after the other in one. kFull: exactly half.
template <bool kFull, class Terms>
HWY_INLINE void FoldRowPair(const Terms& first, const Terms& second, V (&leaf)[Terms::kSums]) {
  FoldGroup<Terms::kSums>(
      [&](int k, V(&t)[Terms::kSums]) HWY_ATTR {
        const Terms& row = k < 2 ? first : second;
        row.template Halved<kFull>(First(k % 2) * kN, Second(k % 2) * kN, t);
      },
      leaf);
}

// SumBlock of rows of n elements, n not more than a block; the first row is even. Short rows leave
// out to add +0: only the sign of a zero sum could tell, and the last + 0.0 settles that. There is
// room for eight values of each row in eights, and for one more row where their number is odd.
template <int kSums, size_t kEights, class TermsOfRow>
HWY_NOINLINE void SumRows(const TermsOfRow& terms, Range rows, int64_t n,
                          float (&eights)[kSums][kEights]) {
  V leaf[kSums];
  if (kN == 16 && n <= kGroup / 2) {
    for (int64_t r = rows.begin; r < rows.end; r += 2) {
      const auto a = terms(r), b = terms(HWY_MIN(r + 1, rows.end - 1));
      a.Ask(0, kGroup / 2);
      b.Ask(0, kGroup / 2);
      n == kGroup / 2 ? FoldRowPair<true>(a, b, leaf) : FoldRowPair<false>(a, b, leaf);
      for (int q = 0; q < kSums; ++q) hn::Store(NaturalOrder(leaf[q]), kD, eights[q] + 8 * r);
    }
  } else if (kN >= 8 && n <= kGroup) {
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      n == kGroup ? terms(r).Group(0, leaf) : terms(r).Tail(0, leaf);
      for (int q = 0; q < kSums; ++q) StoreEight(&leaf[q], eights[q] + 8 * r);
    }
  } else {
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      float* out[kSums];
      for (int q = 0; q < kSums; ++q) out[q] = eights[q] + 8 * r;
      SumBlock(terms(r), 0, n, out);
    }
  }
}

// Adds block values pushed from left to right as a tree of adjacent pairs. Padding with +0 changes
// no bits but the sign of a zero, which the last + 0.0 settles.
class PairTree {
 public:
  void Push(double value) {
    for (int64_t k = pushed_; k & 1; k >>= 1) value = stack_[--top_] + value;
    stack_[top_++] = value;
    ++pushed_;
  }
  double Sum() {
    double value = stack_[--top_];
    while (top_ > 0) value = stack_[--top_] + value;
    return value + 0.0;
  }

 private:
  double stack_[64];
  int top_ = 0;
  int64_t pushed_ = 0;
};

// The sums of columns [begin, n) of a row, whatever their number: section 1 in full for a row, or
// for a part of one that begins at a block. sum_block(begin, end, out) does what SumBlock does.
template <int kSums, class OfBlock>
HWY_INLINE void SumBlocks(const OfBlock& sum_block, int64_t begin, int64_t n,
                          double (&sums)[kSums]) {
  HWY_ALIGN_MAX float eights[kSums][8 * kBatch];
  HWY_ALIGN_MAX float blocks[kSums][kBatch];
  PairTree tree[kSums];
  while (begin < n) {
    int64_t count = 0;
    for (; count < kBatch && begin < n; ++count, begin += kBlock) {
      float* out[kSums];
      for (int q = 0; q < kSums; ++q) out[q] = eights[q] + 8 * count;
      sum_block(begin, HWY_MIN(begin + kBlock, n), out);
    }
    for (int q = 0; q < kSums; ++q) {
      FoldEights(eights[q], count, blocks[q]);
      for (int64_t b = 0; b < count; ++b) tree[q].Push(static_cast<double>(blocks[q][b]));
    }
  }
  for (int q = 0; q < kSums; ++q) sums[q] = tree[q].Sum();
}

// Of the row that Terms describes.
template <class Terms>
HWY_INLINE void SumLongRow(const Terms& terms, int64_t begin, int64_t n,
                           double (&sums)[Terms::kSums]) {
  SumBlocks(
      [&terms](int64_t first, int64_t end, float* HWY_RESTRICT(&out)[Terms::kSums])
          HWY_ATTR { SumBlock(terms, first, end, out); },
      begin, n, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
