// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Vectors of f32 from and to memory of any type that rows have: promoted exactly on load, rounded
// to nearest even on store. Included once for each target.

#if defined(NORMA_CORE_CPU_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_VECTORS_INL_H_
#undef NORMA_CORE_CPU_VECTORS_INL_H_
#else
#define NORMA_CORE_CPU_VECTORS_INL_H_
#endif

#include <cstdint>

#include "base/float16.h"
#include "core/cpu/cost.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;
inline constexpr D kD{};
inline constexpr hn::RebindToUnsigned<D> kBits{};
inline constexpr hn::RebindToSigned<D> kSigned{};
inline constexpr int64_t kN = HWY_LANES(float);
static_assert(kN == 4 || kN == 8 || kN == 16, "the folds are written for these widths");

// Asks for the line at p. Past the end of an array it does no harm.
HWY_INLINE void Fetch(const void* p) {
  if (fetch_into_l1) {
    __builtin_prefetch(p, /*rw=*/0, /*locality=*/3);
  } else {
    __builtin_prefetch(p, /*rw=*/0, /*locality=*/2);
  }
}

// As many 16-bit elements as a vector has lanes.
using D16 = hn::Rebind<uint16_t, D>;
using V16 = hn::Vec<D16>;
inline constexpr D16 k16{};

HWY_INLINE M FirstLanes(int64_t n) {
  return hn::FirstN(kD, static_cast<size_t>(n < 0 ? 0 : n > kN ? kN : n));
}

HWY_INLINE V Promote(BFloat16, V16 v) {
#if HWY_MAX_BYTES == 64
  // Each to the upper half of its lane, by one instruction instead of two.
  alignas(64) static constexpr uint16_t kUpper[32] = {
      0, 0, 0, 1, 0, 2,  0, 3,  0, 4,  0, 5,  0, 6,  0, 7,
      0, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0, 13, 0, 14, 0, 15};
  return V{_mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(
      0xAAAAAAAA, _mm512_load_si512(kUpper), _mm512_castsi256_si512(v.raw)))};
#else
  return hn::BitCast(kD, hn::ShiftLeft<16>(hn::PromoteTo(kBits, v)));
#endif
}
HWY_INLINE V16 Demote(BFloat16, V v) {
  const auto u = hn::BitCast(kBits, v);
  const auto odd = hn::And(hn::ShiftRight<16>(u), hn::Set(kBits, 1));
  const auto rounded = hn::Add(u, hn::Add(odd, hn::Set(kBits, 0x7FFF)));
  const auto quiet = hn::Or(u, hn::Set(kBits, 0x400000));
  const auto is_nan = hn::RebindMask(kBits, hn::IsNaN(v));
  const auto bits = hn::ShiftRight<16>(hn::IfThenElse(is_nan, quiet, rounded));
  return hn::DemoteTo(k16, hn::BitCast(kSigned, bits));
}

// The type that an element has for code that is not compiled for each target.
template <class T>
struct StoredAs {
  using Type = T;
};

#if HWY_TARGET == HWY_AVX3
// bf16 where the processor has AVX512_BF16: the kernels of Target::kAvx512Bf16.
struct NativeBFloat16 : BFloat16 {};
template <>
struct StoredAs<NativeBFloat16> {
  using Type = BFloat16;
};
// Of zeros and numbers below the normal ones. The instruction takes the latter for 0; it is enough
// that both go the other way. NaNs become quiet in both.
HWY_INLINE __mmask16 BelowNormal(V v) {
  return _mm512_testn_epi32_mask(hn::BitCast(kBits, v).raw, hn::Set(kBits, 0x7F800000).raw);
}
HWY_INLINE V16 DemoteNormal(V v) {
  V16 out;
  // Not by its intrinsic, which would ask for the target's flag in every function around it.
  asm("vcvtneps2bf16 %1, %0" : "=v"(out.raw) : "v"(v.raw));
  return out;
}
HWY_INLINE V16 Demote(NativeBFloat16, V v) {
  if (HWY_UNLIKELY(BelowNormal(v) != 0)) return Demote(BFloat16(), v);
  return DemoteNormal(v);
}
#endif

#if HWY_TARGET == HWY_SSE4
// No instruction here; base/float16.h says it one element at a time.
HWY_INLINE V Promote(Float16, V16 v) {
  const auto h = hn::PromoteTo(kBits, v);
  const auto rest = hn::And(h, hn::Set(kBits, 0x7FFF));
  const auto sign = hn::ShiftLeft<16>(hn::Xor(h, rest));
  const V magnitude = hn::Mul(hn::BitCast(kD, hn::ShiftLeft<13>(rest)), hn::Set(kD, 0x1p112f));
  const auto infinite = hn::IfThenElseZero(
      hn::RebindMask(kBits, hn::Gt(hn::BitCast(kSigned, rest), hn::Set(kSigned, 0x7BFF))),
      hn::Set(kBits, 0x7F800000));
  return hn::BitCast(kD, hn::Or(hn::BitCast(kBits, magnitude), hn::Or(infinite, sign)));
}
HWY_INLINE V16 Demote(Float16, V v) {
  const auto u = hn::BitCast(kBits, v);
  const auto rest = hn::And(u, hn::Set(kBits, 0x7FFFFFFF));
  const auto sign = hn::ShiftRight<16>(hn::Xor(u, rest));
  const auto above = [&](int32_t limit) HWY_ATTR {
    return hn::RebindMask(kBits, hn::Gt(hn::BitCast(kSigned, rest), hn::Set(kSigned, limit - 1)));
  };
  const auto odd = hn::And(hn::ShiftRight<13>(rest), hn::Set(kBits, 1));
  const auto normal =
      hn::ShiftRight<13>(hn::Add(hn::Sub(rest, hn::Set(kBits, 0x38000000 - 0xFFF)), odd));
  // 0.5 has a step of 2^-24 in f32: the sum rounds as f16's subnormals do.
  const auto subnormal =
      hn::Sub(hn::BitCast(kBits, hn::Add(hn::BitCast(kD, rest), hn::Set(kD, 0.5f))),
              hn::Set(kBits, 0x3F000000));
  auto bits = hn::IfThenElse(above(0x38800000), normal, subnormal);
  bits = hn::IfThenElse(above(0x477FF000), hn::Set(kBits, 0x7C00), bits);
  bits = hn::IfThenElse(above(0x7F800001), hn::Set(kBits, 0x7E00), bits);
  return hn::DemoteTo(k16, hn::BitCast(kSigned, hn::Or(bits, sign)));
}
#else
inline constexpr hn::Rebind<hwy::float16_t, D> kHalf{};
HWY_INLINE V Promote(Float16, V16 v) { return hn::PromoteTo(kD, hn::BitCast(kHalf, v)); }
HWY_INLINE V16 Demote(Float16, V v) { return hn::BitCast(k16, hn::DemoteTo(kHalf, v)); }
#endif

HWY_INLINE const uint16_t* Bits(const BFloat16* p) { return &p->bits; }
HWY_INLINE const uint16_t* Bits(const Float16* p) { return &p->bits; }
HWY_INLINE uint16_t* Bits(BFloat16* p) { return &p->bits; }
HWY_INLINE uint16_t* Bits(Float16* p) { return &p->bits; }

// v as it would come back from memory of type T.
template <class T>
HWY_INLINE V Rounded(V v) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return v;
  } else {
    return Promote(T(), Demote(T(), v));
  }
}

// kN elements.
HWY_INLINE V Load(const float* p) { return hn::LoadU(kD, p); }
template <class T>
HWY_INLINE V Load(const T* p) {
  return Promote(T(), hn::LoadU(k16, Bits(p)));
}
HWY_INLINE void Store(V v, float* p) { hn::StoreU(v, kD, p); }
template <class T>
HWY_INLINE void Store(V v, T* p) {
  hn::StoreU(Demote(T(), v), k16, Bits(p));
}
// Past the caches; p is aligned to what is stored.
HWY_INLINE void Stream(V v, float* p) { hn::Stream(v, kD, p); }
template <class T>
HWY_INLINE void Stream(V v, T* p) {
#if HWY_MAX_BYTES == 16
  Store(v, p);  // eight bytes, which no such store takes
#else
  hn::Stream(Demote(T(), v), k16, Bits(p));
#endif
}

// 2 kN elements.
template <class T>
HWY_INLINE void StoreTwo(V a, V b, T* p) {
  Store(a, p);
  Store(b, p + kN);
}
template <class T>
HWY_INLINE void StreamTwo(V a, V b, T* p) {
  Stream(a, p);
  Stream(b, p + kN);
}
#if HWY_TARGET == HWY_AVX3
// Where none is below the normal numbers, both by one instruction, and stored as one line.
HWY_INLINE bool DemoteTwoNormal(V a, V b, __m512i* both) {
  if (HWY_UNLIKELY(!_mm512_kortestz(BelowNormal(a), BelowNormal(b)))) return false;
  asm("vcvtne2ps2bf16 %2, %1, %0" : "=v"(*both) : "v"(b.raw), "v"(a.raw));
  return true;
}
HWY_INLINE void StoreTwo(V a, V b, NativeBFloat16* p) {
  __m512i both;
  if (HWY_LIKELY(DemoteTwoNormal(a, b, &both))) return _mm512_storeu_si512(p, both);
  Store(a, p);
  Store(b, p + kN);
}
HWY_INLINE void StreamTwo(V a, V b, NativeBFloat16* p) {
  __m512i both;
  // Rows that are streamed begin lines; a guard for those who might cut them otherwise.
  if (HWY_LIKELY(reinterpret_cast<uintptr_t>(p) % 64 == 0 && DemoteTwoNormal(a, b, &both))) {
    return _mm512_stream_si512(reinterpret_cast<__m512i*>(p), both);
  }
  Stream(a, p);
  Stream(b, p + kN);
}
#endif

template <class T>
HWY_INLINE const T* RowOf(const void* rows, int64_t stride, int64_t r) {
  return static_cast<const T*>(rows) + r * stride;
}
template <class T>
HWY_INLINE T* RowOf(void* rows, int64_t stride, int64_t r) {
  return static_cast<T*>(rows) + r * stride;
}

// p[0, n) and zeros after it, n < kN; reads nothing past n.
HWY_INLINE V LoadFirst(const float* p, int64_t n) {
#if HWY_MAX_BYTES == 16
  HWY_ALIGN float lanes[4] = {0, 0, 0, 0};
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
  return hn::Load(kD, lanes);
#else
  return hn::MaskedLoad(FirstLanes(n), kD, p);
#endif
}
template <class T>
HWY_INLINE V LoadFirst(const T* p, int64_t n) {
#if HWY_MAX_BYTES == 64
  return Promote(T(), hn::MaskedLoad(hn::FirstN(k16, static_cast<size_t>(n)), k16, Bits(p)));
#else
  HWY_ALIGN uint16_t lanes[kN] = {};
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i].bits;
  return Promote(T(), hn::Load(k16, lanes));
#endif
}

// Writes nothing past n.
HWY_INLINE void StoreFirst(V v, float* p, int64_t n) {
#if HWY_MAX_BYTES == 16
  HWY_ALIGN float lanes[4];
  hn::Store(v, kD, lanes);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
#else
  hn::BlendedStore(v, FirstLanes(n), kD, p);
#endif
}
template <class T>
HWY_INLINE void StoreFirst(V v, T* p, int64_t n) {
#if HWY_MAX_BYTES == 64
  hn::BlendedStore(Demote(T(), v), hn::FirstN(k16, static_cast<size_t>(n)), k16, Bits(p));
#else
  HWY_ALIGN uint16_t lanes[kN];
  hn::Store(Demote(T(), v), k16, lanes);
  for (int64_t i = 0; i < n; ++i) p[i].bits = lanes[i];
#endif
}

// Vector at element i of a row that ends at `end`: zeros past the end.
template <class T>
HWY_INLINE V LoadInside(const T* row, int64_t i, int64_t end) {
  if (i + kN <= end) return Load(row + i);
  return i < end ? LoadFirst(row + i, end - i) : hn::Zero(kD);
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
