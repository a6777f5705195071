// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/overlap.h"

#include <algorithm>

namespace norma {
namespace {

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

}  // namespace

bool overlap(const ByteRows& first, const ByteRows& second) {
  if (!overlap(hull_of(first), hull_of(second))) return false;
  const ByteRows a = with_rising_rows(first), b = with_rising_rows(second);
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
