// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rows are counted, not walked: a request may name more of them than any memory holds, and must be
// refused as quickly as any other.
#include "core/plan/overlap.h"

#include <algorithm>
#include <utility>

namespace norma {
namespace {

// Products of a count and a stride, and sums of as many terms, fit.
__extension__ typedef __int128 Int;

Int ceil_div(Int a, Int b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

ByteRows with_rising_rows(ByteRows a) {
  if (a.stride < 0) {
    a.begin += (a.rows - 1) * a.stride;
    a.stride = -a.stride;
  }
  return a;
}

// Sum of floor((a i + b) / m) over 0 <= i < n; a, b >= 0, m > 0. Euclid's algorithm on a and m:
// lattice points under a line, turned over at each step.
Int floor_sum(Int n, Int m, Int a, Int b) {
  Int sum = 0;
  while (true) {
    sum += (n - 1) * n / 2 * (a / m) + n * (b / m);
    a %= m;
    b %= m;
    const Int top = a * n + b;
    if (top < m) return sum;
    n = top / m;
    b = top % m;
    std::swap(m, a);
  }
}

// Sum over 0 <= i < rows of how many 0 <= j < count have j step <= i stride + offset.
Int pairs_up_to(int64_t rows, int64_t stride, Int offset, int64_t count, int64_t step) {
  const auto first_with = [&](Int least) -> Int {  // the first i that has `least` of them
    const Int missing = (least - 1) * step - offset;
    if (missing <= 0) return 0;
    return stride == 0 ? rows : std::min<Int>(rows, ceil_div(missing, stride));
  };
  const Int some = first_with(1), all = first_with(count);
  const Int between =
      all > some ? floor_sum(all - some, step, stride, some * stride + offset + step) : 0;
  return between + (rows - all) * count;
}

}  // namespace

bool overlap(const ByteRows& first, const ByteRows& second) {
  if (!overlap(hull_of(first), hull_of(second))) return false;
  ByteRows a = with_rising_rows(first), b = with_rising_rows(second);
  if (b.stride == 0) std::swap(a, b);
  if (b.stride == 0) return true;
  // Rows i and j meet where b begins before a's row ends, but not by so much that it ends first.
  const Int apart = static_cast<Int>(a.begin) - b.begin;
  return pairs_up_to(a.rows, a.stride, apart + a.width - 1, b.rows, b.stride) >
         pairs_up_to(a.rows, a.stride, apart - b.width, b.rows, b.stride);
}

}  // namespace norma
