// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Arrays from any type that rows have to f32 and back. A kernel that works in f32 alone takes
// 16-bit elements through a buffer in L1: what it finds there is exactly what it would have
// promoted, so that its bits are those of f32, and it is compiled once. Included once for each
// target.

#if defined(NORMA_CORE_CPU_WIDEN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMA_CORE_CPU_WIDEN_INL_H_
#undef NORMA_CORE_CPU_WIDEN_INL_H_
#else
#define NORMA_CORE_CPU_WIDEN_INL_H_
#endif

#include <cstdint>

#include "base/dtype.h"
#include "core/cpu/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

// to[i] = from[i], i < n. The last vector covers elements that another has done: to load and store
// a few elements by themselves takes longer than several whole vectors.
template <class From, class To>
HWY_INLINE void Convert(const From* HWY_RESTRICT from, To* HWY_RESTRICT to, int64_t n) {
  if (n < kN) return StoreFirst(LoadFirst(from, n), to, n);
  for (int64_t i = 0; i < n - kN; i += kN) Store(Load(from + i), to + i);
  Store(Load(from + (n - kN)), to + (n - kN));
}

// Elements of bf16 or f16, (r, c) at r * stride + c.
struct TypedRows {
  DType dtype;
  const void* data;
  int64_t stride, rows, width;
};

// A row whose byte of the mask is 0 is left out; a null mask has none.
template <class T>
HWY_NOINLINE void WidenRowsOf(const TypedRows& from, const uint8_t* mask, float* to,
                              int64_t to_stride) {
  const T* row = static_cast<const T*>(from.data);
  if (mask == nullptr && from.stride == from.width && to_stride == from.width) {
    return Convert(row, to, from.rows * from.width);
  }
  for (int64_t r = 0; r < from.rows; ++r, row += from.stride, to += to_stride) {
    if (mask == nullptr || mask[r] != 0) Convert(row, to, from.width);
  }
}
inline void WidenRows(const TypedRows& from, const uint8_t* mask, float* to, int64_t to_stride) {
  from.dtype == DType::kBF16 ? WidenRowsOf<BFloat16>(from, mask, to, to_stride)
                             : WidenRowsOf<Float16>(from, mask, to, to_stride);
}

// Dense rows of f32, each element rounded once.
template <class T>
HWY_NOINLINE void NarrowRowsOf(const float* from, int64_t rows, int64_t width, void* to,
                               int64_t stride) {
  T* row = static_cast<T*>(to);
  if (stride == width) return Convert(from, row, rows * width);
  for (int64_t r = 0; r < rows; ++r, row += stride, from += width) Convert(from, row, width);
}
inline void NarrowRows(const float* from, int64_t rows, int64_t width, DType dtype, void* to,
                       int64_t stride) {
  dtype == DType::kBF16 ? NarrowRowsOf<BFloat16>(from, rows, width, to, stride)
                        : NarrowRowsOf<Float16>(from, rows, width, to, stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
