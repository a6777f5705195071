// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/overlap.h"

#include <algorithm>

namespace norma {
namespace {

bool empty(const ByteRows& a) { return a.rows <= 0 || a.width <= 0; }

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

ByteRows with_rising_rows(ByteRows a) {
  if (a.stride < 0) {
    a.begin += (a.rows - 1) * a.stride;
    a.stride = -a.stride;
  }
  return a;
}

// Whether [begin, begin + width) meets a row of b, whose stride is not negative.
bool run_meets(int64_t begin, int64_t width, const ByteRows& b) {
  if (b.stride == 0) return begin < b.begin + b.width && b.begin < begin + width;
  const int64_t first = floor_div(begin - b.begin - b.width, b.stride) + 1;
  const int64_t last = floor_div(begin + width - b.begin - 1, b.stride);
  return std::max<int64_t>(first, 0) <= std::min(last, b.rows - 1);
}

// Elements as bytes. Counts that no memory can have (rows of no columns, the stride of a single
// row) stop at 2^62, so that an address plus one of them still fits.
int64_t in_bytes(int64_t elements, DType dtype) {
  constexpr int64_t kMost = int64_t{1} << 62;
  const auto size = static_cast<int64_t>(size_of(dtype));
  return std::clamp(elements, -kMost / size, kMost / size) * size;
}

}  // namespace

ByteRows bytes_of(const ConstRowsView& view) {
  const int64_t rows = view.data == nullptr ? 0 : view.rows;
  return {reinterpret_cast<int64_t>(view.data), in_bytes(view.cols, view.dtype), rows,
          in_bytes(view.stride, view.dtype)};
}

ByteRows bytes_of(const void* data, DType dtype, int64_t size) {
  return {reinterpret_cast<int64_t>(data), in_bytes(size, dtype), data == nullptr ? 0 : 1, 0};
}

bool overlap(const ByteRows& first, const ByteRows& second) {
  if (empty(first) || empty(second)) return false;
  const ByteRows a = with_rising_rows(first), b = with_rising_rows(second);
  const auto end = [](const ByteRows& s) { return s.begin + (s.rows - 1) * s.stride + s.width; };
  if (end(a) <= b.begin || end(b) <= a.begin) return false;
  if (a.stride == b.stride) {
    // Row i of a meets row j of b as row 0 of a meets row j - i.
    ByteRows differences = b;
    differences.begin -= (a.rows - 1) * b.stride;
    differences.rows += a.rows - 1;
    return run_meets(a.begin, a.width, differences);
  }
  const bool a_is_shorter = a.rows <= b.rows;
  const ByteRows& few = a_is_shorter ? a : b;
  const ByteRows& many = a_is_shorter ? b : a;
  for (int64_t r = 0; r < few.rows; ++r) {
    if (run_meets(few.begin + r * few.stride, few.width, many)) return true;
  }
  return false;
}

}  // namespace norma
