// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Branches that go the same way in each call of a loop: one operation each, where bits gathered for
// one question at the end took three.
#include "core/plan/plain.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/plan/overlap.h"

namespace norma {
namespace {

// Rows times stride times the bytes of an element stay below 2^63.
constexpr int64_t kMostRows = int64_t{1} << 30;
constexpr int64_t kMostColumns = int64_t{1} << 29;

bool between(int64_t least, int64_t value, int64_t most) {
  // Unsigned: the difference of a hostile value may not fit a signed one.
  return static_cast<uint64_t>(value) - static_cast<uint64_t>(least) <=
         static_cast<uint64_t>(most) - static_cast<uint64_t>(least);
}

uintptr_t address(const void* data) { return reinterpret_cast<uintptr_t>(data); }

bool is_plain_spec(const NormSpec& spec) {
  return between(0, static_cast<int64_t>(spec.kind), 3) &&
         between(0, static_cast<int64_t>(spec.eps_mode), 3) && spec.statistic_cols == 0 &&
         spec.eps >= 0 && spec.eps <= std::numeric_limits<double>::max();
}

bool is_plain_vector(const ConstVectorView& v, DType rows, int64_t cols) {
  return v.data == nullptr || (v.size == cols && (v.dtype == rows || (v.dtype == DType::kF32 &&
                                                                      rows != DType::kF64)));
}

ByteHull hull(const void* data, int64_t bytes) {
  const auto begin = static_cast<int64_t>(address(data));
  return data == nullptr ? ByteHull() : ByteHull{begin, begin + bytes};
}

bool apart(const ByteHull& a, const ByteHull& b) { return a.begin >= b.end || b.begin >= a.end; }

}  // namespace

bool is_plain(const NormSpec& spec, const NormForward& args) {
  const ConstRowsView& x = args.x;
  const RowsView& y = args.y;
  const ConstVectorView &weight = args.weight, &bias = args.bias;
  const Statistics& s = args.statistics;
  if (!is_plain_spec(spec) || !is_known(x.dtype) || y.dtype != x.dtype || y.rows != x.rows ||
      y.cols != x.cols || !between(1, x.rows, kMostRows) || !between(1, x.cols, kMostColumns) ||
      !between(x.cols, x.stride, kMostColumns) || !between(x.cols, y.stride, kMostColumns) ||
      x.data == nullptr || y.data == nullptr || args.residual.data != nullptr ||
      args.sum.data != nullptr || !is_plain_vector(weight, x.dtype, x.cols) ||
      !is_plain_vector(bias, x.dtype, x.cols) ||
      (weight.data != nullptr && bias.data != nullptr && weight.dtype != bias.dtype)) {
    return false;
  }
  const auto size = static_cast<int64_t>(size_of(x.dtype));
  const int64_t statistic = static_cast<int64_t>(size_of(dtype_of_statistics(x.dtype)));
  const uintptr_t addresses = address(x.data) | address(y.data) | address(weight.data) |
                              address(bias.data) | address(s.mean_hi) | address(s.mean_lo) |
                              address(s.rstd);
  // Of the widest type; what is aligned to its own alone is for the rules.
  if ((addresses & static_cast<uintptr_t>(statistic - 1)) != 0) return false;

  const int64_t last = x.rows - 1;
  const ByteHull xs = hull(x.data, (last * x.stride + x.cols) * size);
  const ByteHull ys = hull(y.data, (last * y.stride + x.cols) * size);
  // A vector may be of the wider type.
  const ByteHull weights = hull(weight.data, x.cols * statistic);
  const ByteHull biases = hull(bias.data, x.cols * statistic);
  if (!(apart(ys, xs) || in_place(x, y)) || !apart(ys, weights) || !apart(ys, biases)) return false;
  if ((address(s.mean_hi) | address(s.mean_lo) | address(s.rstd)) == 0) return true;
  const ByteHull saved[] = {hull(s.mean_hi, x.rows * statistic),
                            hull(s.mean_lo, x.rows * statistic),
                            hull(s.rstd, x.rows * statistic)};
  for (const ByteHull& each : saved) {
    if (!apart(each, xs) || !apart(each, ys) || !apart(each, weights) || !apart(each, biases)) {
      return false;
    }
  }
  return apart(saved[0], saved[1]) && apart(saved[0], saved[2]) && apart(saved[1], saved[2]);
}

}  // namespace norma
