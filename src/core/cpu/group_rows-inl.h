// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What GroupNorm does with a sample that lies as rows of channels (NHWC): the sums of its channels,
// a channel in each lane, and the transpose that makes a group a row. Included once for each
// target.

#if defined(NORMA_CORE_CPU_GROUP_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_GROUP_ROWS_INL_H_
#undef NORMA_CORE_CPU_GROUP_ROWS_INL_H_
#else
#define NORMA_CORE_CPU_GROUP_ROWS_INL_H_
#endif

#include "core/cpu/channel_kernels.h"
#include "core/cpu/channel_rows-inl.h"
#include "core/cpu/order-inl.h"
#include "core/cpu/widen-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// Section 1 down the rows, a channel in each lane of the vectors.
template <bool kDweight, bool kHalf>
struct ColumnsOfTerms {
  const ChannelConstants& constants;
  const ChannelRows& rows;
  int64_t i;  // the first channel

  // The leaf of rows r .. r + 7, +0 from `end` on.
  template <class Load>
  HWY_INLINE Two Leaf(int64_t r, int64_t end, const ChannelXhat<kHalf>& xhat,
                      const Load& load) const {
    HWY_ALIGN_MAX float memory[2][8 * kN];
    const int64_t count = HWY_MIN(end - r, 8);
    const F32Array dy = Rows8(rows.dy, rows.dy_stride, r, count, memory[0]);
    F32Array x{};
    if (kDweight) x = Rows8(rows.x, rows.x_stride, r, count, memory[1]);
    V v[8], product[8];
    for (int64_t j = 0; j < 8; ++j) {
      v[j] = product[j] = hn::Zero(kD);
      if (j >= count) continue;
      v[j] = load(dy.data + j * dy.stride);
      if (kDweight) product[j] = hn::Mul(v[j], xhat(load(x.data + j * x.stride)));
    }
    return {Add8(v), kDweight ? Add8(product) : hn::Zero(kD)};
  }
  struct F32Array {
    const float* data;
    int64_t stride;
  };
  // The vectors of rows r .. r + count - 1: f32 where they lie, anything else out of `memory`.
  HWY_INLINE F32Array Rows8(const void* data, int64_t stride, int64_t r, int64_t count,
                            float (&memory)[8 * kN]) const {
    const void* first = element(data, rows.dtype, r * stride + i);
    if (rows.dtype == DType::kF32) return {static_cast<const float*>(first), stride};
    WidenRows({rows.dtype, first, stride, count, HWY_MIN(kN, rows.channels - i)}, nullptr, memory,
              kN);
    return {memory, kN};
  }
  static HWY_INLINE V Add8(const V* e) {
    return hn::Add(hn::Add(hn::Add(e[0], e[4]), hn::Add(e[2], e[6])),
                   hn::Add(hn::Add(e[1], e[5]), hn::Add(e[3], e[7])));
  }

  // One block of rows from `begin` on.
  template <class Load>
  HWY_INLINE Two Block(int64_t begin, int64_t end, const ChannelXhat<kHalf>& xhat,
                       const Load& load) const {
    constexpr int64_t kLanes = 32;
    Two lanes[kLanes];
    const int64_t used = HWY_MIN(kLanes, (end - begin + 7) / 8);
    for (int64_t t = 0; t < used; ++t) lanes[t] = Leaf(begin + 8 * t, end, xhat, load);
    int64_t r = begin + kChunk;
    for (; r < end; r += kChunk) {
      for (int64_t t = 0; t < used && r + 8 * t < end; ++t) {
        const Two leaf = Leaf(r + 8 * t, end, xhat, load);
        lanes[t] = {hn::Add(lanes[t].a, leaf.a), hn::Add(lanes[t].b, leaf.b)};
      }
    }
    // Lanes past the last are +0: to add one changes the sign of a zero at most.
    for (int64_t k = kLanes / 2; k >= 1; k /= 2) {
      for (int64_t t = 0; t < k && t + k < used; ++t) {
        lanes[t] = {hn::Add(lanes[t].a, lanes[t + k].a), hn::Add(lanes[t].b, lanes[t + k].b)};
      }
    }
    return lanes[0];
  }
};

template <bool kDweight, bool kHalf>
HWY_NOINLINE void ChannelSumsOfRows(const ChannelConstants& k, const ChannelRows& rows,
                                    float* dweight, float* dbias) {
  ForChannels(rows.channels, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
    const ColumnsOfTerms<kDweight, kHalf> columns{k, rows, i};
    ChannelXhat<kHalf> xhat;
    if (kDweight) xhat = ChannelXhat<kHalf>(k, i, load);
    const auto done = [&](V sum, float* to) HWY_ATTR {
      if (to != nullptr) store(hn::Add(sum, hn::Zero(kD)), to + i);
    };
    if (rows.rows <= kBlock) {
      const Two sums = columns.Block(0, rows.rows, xhat, load);
      done(sums.a, dbias);
      return done(sums.b, dweight);
    }
    HWY_ALIGN_MAX float block[2][kN];
    PairTree trees[2][kN];
    for (int64_t begin = 0; begin < rows.rows; begin += kBlock) {
      const int64_t end = HWY_MIN(begin + kBlock, rows.rows);
      const Two sums = columns.Block(begin, end, xhat, load);
      hn::Store(sums.a, kD, block[0]);
      hn::Store(sums.b, kD, block[1]);
      for (int q = 0; q < 2; ++q) {
        for (int64_t j = 0; j < kN; ++j) trees[q][j].Push(static_cast<double>(block[q][j]));
      }
    }
    for (int q = 0; q < 2; ++q) {
      for (int64_t j = 0; j < kN; ++j) block[q][j] = static_cast<float>(trees[q][j].Sum());
    }
    done(hn::Load(kD, block[0]), dbias);
    done(hn::Load(kD, block[1]), dweight);
  });
}

inline void AnyChannelSumsOfRows(const ChannelConstants& k, const ChannelRows& rows, float* dweight,
                                 float* dbias) {
  if (dweight == nullptr) return ChannelSumsOfRows<false, false>(k, rows, dweight, dbias);
  k.half != nullptr ? ChannelSumsOfRows<true, true>(k, rows, dweight, dbias)
                    : ChannelSumsOfRows<true, false>(k, rows, dweight, dbias);
}

// Four rows of four channels.
template <bool kWeight>
HWY_INLINE void Transpose4(const float* from, int64_t stride, const float* weight, float* to,
                           int64_t to_stride) {
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  const auto row = [&](int64_t r) HWY_ATTR {
    const auto v = hn::LoadU(d, from + r * stride);
    return kWeight ? hn::Mul(v, hn::LoadU(d, weight)) : v;
  };
  const auto r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3);
  const auto low01 = hn::BitCast(wide, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(wide, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(wide, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(wide, hn::InterleaveUpper(d, r2, r3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, low01, low23)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23)), d, to + to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, high01, high23)), d, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23)), d, to + 3 * to_stride);
}

// Tiles of 16 x 16: a cache line is written whole before the next, which may want its place in the
// cache where the rows are a power of two.
constexpr int64_t kTile = 16;

// One tile of height x width elements, which begins at `from` and ends up at `to`.
template <bool kWeight>
HWY_INLINE void TransposeTile(const float* from, int64_t stride, int64_t height, int64_t width,
                              const float* weight, float* to, int64_t to_stride) {
  const auto one = [&](int64_t r, int64_t c) {
    const float v = from[r * stride + c];
    to[c * to_stride + r] = kWeight ? v * weight[c] : v;
  };
  int64_t c = 0;
  for (; c + 4 <= width; c += 4) {
    int64_t r = 0;
    for (; r + 4 <= height; r += 4) {
      Transpose4<kWeight>(from + r * stride + c, stride, kWeight ? weight + c : nullptr,
                          to + c * to_stride + r, to_stride);
    }
    for (; r < height; ++r) {
      for (int64_t k = 0; k < 4; ++k) one(r, c + k);
    }
  }
  for (; c < width; ++c) {
    for (int64_t r = 0; r < height; ++r) one(r, c);
  }
}

template <bool kWeight>
HWY_NOINLINE void TransposeOf(const void* from, DType dtype, int64_t rows, int64_t stride,
                              int64_t channels, const float* weight, float* to) {
  HWY_ALIGN_MAX float memory[kTile * kTile];
  for (int64_t c = 0; c < channels; c += kTile) {
    for (int64_t r = 0; r < rows; r += kTile) {
      const int64_t height = HWY_MIN(kTile, rows - r), width = HWY_MIN(kTile, channels - c);
      const void* first = element(from, dtype, r * stride + c);
      const bool is_f32 = dtype == DType::kF32;
      if (!is_f32) WidenRows({dtype, first, stride, height, width}, nullptr, memory, kTile);
      TransposeTile<kWeight>(is_f32 ? static_cast<const float*>(first) : memory,
                             is_f32 ? stride : kTile, height, width, kWeight ? weight + c : nullptr,
                             to + c * rows + r, rows);
    }
  }
}

inline void Transpose(const void* from, DType dtype, int64_t rows, int64_t stride, int64_t channels,
                      const float* weight, float* to) {
  weight != nullptr ? TransposeOf<true>(from, dtype, rows, stride, channels, weight, to)
                    : TransposeOf<false>(from, dtype, rows, stride, channels, weight, to);
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
