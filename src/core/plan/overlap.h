// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Whether two strided sets of bytes share a byte: interleaved rows of one buffer do not.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "core/norm_spec.h"

namespace norma {

// `rows` runs of `width` bytes, the first at `begin`, each `stride` bytes after the one before.
struct ByteRows {
  int64_t begin = 0;
  int64_t width = 0;
  int64_t rows = 0;
  int64_t stride = 0;
};

// Elements as bytes. Counts that no memory can have (rows of no columns, the stride of a single
// row) stop at 2^62, so that an address plus one of them still fits.
inline int64_t in_bytes(int64_t elements, DType dtype) {
  constexpr int64_t kMost = int64_t{1} << 62;
  const int shift = std::countr_zero(size_of(dtype));
  return std::clamp(elements, -kMost >> shift, kMost >> shift) * (int64_t{1} << shift);
}

inline ByteRows bytes_of(const ConstRowsView& view) {
  const int64_t rows = view.data == nullptr ? 0 : view.rows;
  return {reinterpret_cast<int64_t>(view.data), in_bytes(view.cols, view.dtype), rows,
          in_bytes(view.stride, view.dtype)};
}

inline ByteRows bytes_of(const void* data, DType dtype, int64_t size) {
  return {reinterpret_cast<int64_t>(data), in_bytes(size, dtype), data == nullptr ? 0 : 1, 0};
}

// [begin, end) from the first byte of a set to its last. An empty set begins after everything and
// ends before it, so that it overlaps nothing.
struct ByteHull {
  int64_t begin = std::numeric_limits<int64_t>::max();
  int64_t end = std::numeric_limits<int64_t>::min();
};

// Of views whose elements are known to end below 2^63 bytes.
inline ByteHull hull_of(const ConstRowsView& view) {
  if (view.data == nullptr || view.rows <= 0 || view.cols <= 0) return {};
  const int shift = std::countr_zero(size_of(view.dtype));
  const auto begin = reinterpret_cast<int64_t>(view.data);
  const int64_t last = view.rows == 1 ? 0 : ((view.rows - 1) * view.stride) << shift;
  return {begin + (last < 0 ? last : 0), begin + (last > 0 ? last : 0) + (view.cols << shift)};
}
inline ByteHull hull_of(const void* data, DType dtype, int64_t size) {
  if (data == nullptr || size <= 0) return {};
  const auto begin = reinterpret_cast<int64_t>(data);
  return {begin, begin + in_bytes(size, dtype)};
}

inline ByteHull hull_of(const ByteRows& a) {
  if (a.rows <= 0 || a.width <= 0) return {};
  const int64_t last = (a.rows - 1) * a.stride;
  return {a.begin + (last < 0 ? last : 0), a.begin + (last > 0 ? last : 0) + a.width};
}
inline bool overlap(const ByteHull& a, const ByteHull& b) {
  return (a.begin < b.end) & (b.begin < a.end);
}

bool overlap(const ByteRows& a, const ByteRows& b);

// Of two matrices of one shape: whether they are the same memory, row by row.
inline bool in_place(const ConstRowsView& a, const ConstRowsView& b) {
  return a.data == b.data && (a.stride == b.stride || a.rows <= 1);
}

}  // namespace norma
