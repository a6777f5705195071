// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Output and gradient of rows of channels, vectors along the channels: every channel has its own
// statistics, weight and bias. Included once for each target.

#if defined(NORMA_CORE_CPU_CHANNEL_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_CHANNEL_ROWS_INL_H_
#undef NORMA_CORE_CPU_CHANNEL_ROWS_INL_H_
#else
#define NORMA_CORE_CPU_CHANNEL_ROWS_INL_H_
#endif

#include "core/cpu/channel_kernels.h"
#include "core/cpu/order-inl.h"
#include "core/cpu/widen-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// Rows worked together, so that a channel's constants are loaded once for all.
inline constexpr int64_t kTogether = 4;

// ChannelRows of f32.
struct F32Rows {
  int64_t rows, channels;
  const float* x;
  int64_t x_stride;
  const float* dy;
  int64_t dy_stride;
  float* out;
  int64_t out_stride;
};

// Constants of the kN channels from i on. Multiplying by a half of 1 changes no bits, so that one
// formula serves channels on halves and others beside them.
template <bool kHalf>
struct ChannelXhat {
  V half, hi, lo, scale;

  ChannelXhat() = default;
  template <class Load>
  HWY_INLINE ChannelXhat(const ChannelConstants& k, int64_t i, const Load& load)
      : hi(load(k.hi + i)), lo(load(k.lo + i)), scale(load(k.scale + i)) {
    if (kHalf) half = load(k.half + i);
  }
  HWY_INLINE V operator()(V x) const {
    if (kHalf) x = hn::Mul(x, half);
    return hn::Mul(hn::Sub(hn::Sub(x, hi), lo), scale);
  }
};

// body(i, load, store) for every vector of channels; the last may be less than whole.
template <class Body>
HWY_INLINE void ForChannels(int64_t channels, const Body& body) {
  const auto load = [](const float* p) HWY_ATTR { return hn::LoadU(kD, p); };
  const auto store = [](V v, float* p) HWY_ATTR { hn::StoreU(v, kD, p); };
  int64_t i = 0;
  for (; i + kN <= channels; i += kN) body(i, load, store);
  if (i < channels) {
    const int64_t left = channels - i;
    const auto load_first = [left](const float* p) HWY_ATTR { return LoadFirst(p, left); };
    const auto store_first = [left](V v, float* p) HWY_ATTR { StoreFirst(v, p, left); };
    body(i, load_first, store_first);
  }
}

template <bool kHalf, bool kWeight, bool kBias>
HWY_NOINLINE void NormalizeChannels(const ChannelConstants& k, const F32Rows& rows) {
  for (int64_t first = 0; first < rows.rows; first += kTogether) {
    const int64_t end = HWY_MIN(first + kTogether, rows.rows);
    ForChannels(rows.channels, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
      const ChannelXhat<kHalf> xhat(k, i, load);
      V weight, bias;
      if (kWeight) weight = load(k.weight + i);
      if (kBias) bias = load(k.bias + i);
      for (int64_t r = first; r < end; ++r) {
        V y = xhat(load(rows.x + r * rows.x_stride + i));
        if (kWeight) y = hn::Mul(y, weight);
        if (kBias) y = hn::Add(y, bias);
        store(y, rows.out + r * rows.out_stride + i);
      }
    });
  }
}

template <bool kMeans, bool kHalf, bool kWeight>
HWY_NOINLINE void GradientOfChannels(const ChannelConstants& k, const F32Rows& rows) {
  for (int64_t first = 0; first < rows.rows; first += kTogether) {
    const int64_t end = HWY_MIN(first + kTogether, rows.rows);
    ForChannels(rows.channels, [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
      const V rstd = load(k.rstd + i);
      V weight;
      if (kWeight) weight = load(k.weight + i);
      const auto g = [&](int64_t r) HWY_ATTR {
        const V v = load(rows.dy + r * rows.dy_stride + i);
        return kWeight ? hn::Mul(v, weight) : v;
      };
      if constexpr (kMeans) {
        const ChannelXhat<kHalf> xhat(k, i, load);
        const V a = load(k.a + i), h = load(k.h + i);
        for (int64_t r = first; r < end; ++r) {
          const V product = hn::Mul(xhat(load(rows.x + r * rows.x_stride + i)), h);
          store(hn::Mul(hn::Sub(hn::Sub(g(r), a), product), rstd),
                rows.out + r * rows.out_stride + i);
        }
      } else {
        for (int64_t r = first; r < end; ++r) {
          store(hn::Mul(g(r), rstd), rows.out + r * rows.out_stride + i);
        }
      }
    });
  }
}

using ChannelRowsFunction = void (*)(const ChannelConstants&, const F32Rows&);

// The instance for three flags.
template <bool... kFlags>
ChannelRowsFunction SelectNormalize(const bool* flags) {
  if constexpr (sizeof...(kFlags) < 3) {
    return *flags ? SelectNormalize<kFlags..., true>(flags + 1)
                  : SelectNormalize<kFlags..., false>(flags + 1);
  } else {
    return &NormalizeChannels<kFlags...>;
  }
}
template <bool... kFlags>
ChannelRowsFunction SelectGradient(const bool* flags) {
  if constexpr (sizeof...(kFlags) < 3) {
    return *flags ? SelectGradient<kFlags..., true>(flags + 1)
                  : SelectGradient<kFlags..., false>(flags + 1);
  } else {
    return &GradientOfChannels<kFlags...>;
  }
}

// f32 elements of a strip, of x, dy and the output each: 24 KB in all, which an L1 of 32 KB holds.
// The output has its own: in place, a row's last vector would wait for stores of the row before.
inline constexpr int64_t kStripElements = 2048;
inline constexpr int64_t kStripWidth = kStripElements / kTogether;

// `work` on 16-bit rows, strip by strip through f32.
HWY_NOINLINE inline void ByStrips(const ChannelConstants& k, const ChannelRows& rows, bool with_x,
                                  ChannelRowsFunction work) {
  HWY_ALIGN_MAX float x[kStripElements], dy[kStripElements], out[kStripElements];
  const bool with_dy = rows.dy != nullptr;
  const int64_t widest = HWY_MIN(rows.channels, kStripWidth), together = kStripElements / widest;
  for (int64_t r = 0; r < rows.rows; r += together) {
    const int64_t count = HWY_MIN(together, rows.rows - r);
    for (int64_t c = 0; c < rows.channels; c += widest) {
      const int64_t width = HWY_MIN(widest, rows.channels - c);
      const auto widen = [&](const void* data, int64_t stride, float* to) {
        const void* first = element(data, rows.dtype, r * stride + c);
        WidenRows({rows.dtype, first, stride, count, width}, nullptr, to, width);
      };
      if (with_x) widen(rows.x, rows.x_stride, x);
      if (with_dy) widen(rows.dy, rows.dy_stride, dy);
      work(k.from(c), {count, width, x, width, dy, width, out, width});
      NarrowRows(out, count, width, rows.dtype,
                 element(rows.out, rows.dtype, r * rows.out_stride + c), rows.out_stride);
    }
  }
}

inline void OverRows(const ChannelConstants& k, const ChannelRows& rows, bool with_x,
                     ChannelRowsFunction work) {
  if (rows.dtype != DType::kF32) return ByStrips(k, rows, with_x, work);
  work(k, {rows.rows, rows.channels, static_cast<const float*>(rows.x), rows.x_stride,
           static_cast<const float*>(rows.dy), rows.dy_stride, static_cast<float*>(rows.out),
           rows.out_stride});
}

inline void NormalizeRowsOfChannels(const ChannelConstants& k, const ChannelRows& rows) {
  const bool flags[3] = {k.half != nullptr, k.weight != nullptr, k.bias != nullptr};
  OverRows(k, rows, true, SelectNormalize(flags));
}
inline void GradientOfRowsOfChannels(const ChannelConstants& k, const ChannelRows& rows) {
  const bool means = k.a != nullptr;
  const bool flags[3] = {means, means && k.half != nullptr, k.weight != nullptr};
  OverRows(k, rows, means, SelectGradient(flags));
}

inline ChannelRowsKernels RowsOfChannels() {
  return {NormalizeRowsOfChannels, GradientOfRowsOfChannels};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
