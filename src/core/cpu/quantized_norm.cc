// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rows of every type to bytes and a scale.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/quantized_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include <bit>
#include <cstring>
#include <limits>

#include "core/cpu/fused_kernels.h"
#include "core/cpu/norm_tables.h"
#include "core/cpu/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

using D8 = hn::Rebind<uint8_t, D>;
inline constexpr D8 k8{};
using Ints = hn::Vec<decltype(kSigned)>;

// The bits of |z|, which as whole numbers have the order of the values, and infinities and NaN
// above all of them.
HWY_INLINE Ints Magnitude(V z) { return hn::BitCast(kSigned, hn::Abs(z)); }

template <class T>
HWY_INLINE float ScaleOf(const T* z, int64_t n, float most) {
  Ints largest = hn::Zero(kSigned), other = largest;
  int64_t i = 0;
  for (; i + 2 * kN <= n; i += 2 * kN) {
    largest = hn::Max(largest, Magnitude(Load(z + i)));
    other = hn::Max(other, Magnitude(Load(z + i + kN)));
  }
  for (; i < n; i += kN) largest = hn::Max(largest, Magnitude(LoadInside(z, i, n)));
  const int32_t bits = hn::GetLane(hn::MaxOfLanes(kSigned, hn::Max(largest, other)));
  if (bits >= 0x7F800000) return std::numeric_limits<float>::quiet_NaN();
  const float scale = std::bit_cast<float>(bits) / most;
  return scale < std::numeric_limits<float>::min() ? std::numeric_limits<float>::min() : scale;
}

struct ToInt8 {
  static constexpr float kMost = 127;
  static constexpr uint8_t kNone = 0;

  HWY_INLINE hn::Vec<D8> operator()(V v) const {
    const V round = hn::Set(kD, 0x1.8p23f);
    const Ints nearest =
        hn::Sub(hn::BitCast(kSigned, hn::Add(v, round)), hn::BitCast(kSigned, round));
    const Ints most = hn::Set(kSigned, 127);
    const Ints inside = hn::Max(hn::Min(nearest, most), hn::Neg(most));
    return hn::BitCast(k8, hn::DemoteTo(hn::Rebind<int8_t, D>(), inside));
  }
};

struct ToE4m3 {
  static constexpr float kMost = 448;
  static constexpr uint8_t kNone = 0x7F;

  HWY_INLINE hn::Vec<D8> operator()(V v) const {
    const auto u = hn::BitCast(kBits, v);
    const auto magnitude = hn::And(u, hn::Set(kBits, 0x7FFFFFFF));
    const auto sign = hn::ShiftRight<24>(hn::Xor(u, magnitude));
    // Below 2^-6 steps are 2^-9, those of f32 from 2^14 on.
    const auto step =
        hn::BitCast(kBits, hn::Add(hn::BitCast(kD, magnitude), hn::Set(kD, 0x1p14f)));
    const auto subnormal = hn::Sub(step, hn::Set(kBits, 0x46800000));
    const auto odd = hn::And(hn::ShiftRight<20>(magnitude), hn::Set(kBits, 1));
    const auto rounded = hn::Add(magnitude, hn::Add(odd, hn::Set(kBits, 0x7FFFF)));
    const auto normal = hn::Sub(hn::ShiftRight<20>(rounded), hn::Set(kBits, 120 << 3));
    const auto is_small = hn::RebindMask(
        kBits, hn::Lt(hn::BitCast(kSigned, magnitude), hn::Set(kSigned, 0x3C800000)));
    const auto nearest = hn::IfThenElse(is_small, subnormal, normal);
    const auto inside = hn::Min(hn::BitCast(kSigned, nearest), hn::Set(kSigned, 0x7E));
    return hn::DemoteTo(k8, hn::Or(inside, hn::BitCast(kSigned, sign)));
  }
};

template <class T, class To>
void QuantizeTo(const QuantArgs& args, int64_t rows) {
  const To to;
  const int64_t n = args.cols;
  for (int64_t r = 0; r < rows; ++r) {
    const T* z = RowOf<T>(args.z.data, args.z.stride, r);
    uint8_t* q = RowOf<uint8_t>(args.q.data, args.q.stride, r);
    const float scale = ScaleOf(z, n, To::kMost);
    args.scale[r] = scale;
    if (HWY_UNLIKELY(scale != scale)) {
      std::memset(q, To::kNone, static_cast<size_t>(n));
      continue;
    }
    const V inverse = hn::Set(kD, 1.0f / scale);
    int64_t i = 0;
    for (; i + kN <= n; i += kN) hn::StoreU(to(hn::Mul(Load(z + i), inverse)), k8, q + i);
    if (i == n) continue;
    HWY_ALIGN uint8_t last[kN];
    hn::Store(to(hn::Mul(LoadFirst(z + i, n - i), inverse)), k8, last);
    for (int64_t k = 0; i < n; ++k, ++i) q[i] = last[k];
  }
}

template <class T>
void Quantize(const QuantArgs& args, int64_t rows) {
  args.e4m3 ? QuantizeTo<T, ToE4m3>(args, rows) : QuantizeTo<T, ToInt8>(args, rows);
}

QuantKernels Quants() { return {{Quantize<float>, Quantize<BFloat16>, Quantize<Float16>}}; }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(QuantKernels, quant_kernels, Quants)
}  // namespace norma::cpu
#endif
