// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/overlap.h"

#include <gtest/gtest.h>

#include <bitset>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace norma::test {
namespace {

// Every byte of `a`, marked one by one. REQUIRES: all of them in [-256, 256).
std::bitset<512> bytes(const ByteRows& a) {
  std::bitset<512> set;
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t i = 0; i < a.width; ++i) {
      set.set(static_cast<size_t>(256 + a.begin + r * a.stride + i));
    }
  }
  return set;
}

std::string text(const ByteRows& a) {
  return "{begin " + std::to_string(a.begin) + ", width " + std::to_string(a.width) + ", rows " +
         std::to_string(a.rows) + ", stride " + std::to_string(a.stride) + "}";
}

class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  int64_t operator()(int64_t low, int64_t high) {  // both included
    return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
  }

 private:
  std::mt19937_64 random_;
};

TEST(Overlap, RandomViewsAgainstMarkedBytes) {
  Draw draw(20260);
  int meeting = 0, apart = 0, interleaved = 0;
  for (int trial = 0; trial < 300000; ++trial) {
    const ByteRows a{draw(-40, 40), draw(0, 6), draw(0, 7), draw(-14, 14)};
    ByteRows b{draw(-40, 40), draw(0, 6), draw(0, 7), draw(-14, 14)};
    if (draw(0, 2) == 0) b.stride = draw(0, 1) == 0 ? a.stride : -a.stride;
    const bool meet = (bytes(a) & bytes(b)).any();
    ASSERT_EQ(overlap(a, b), meet) << text(a) << " and " << text(b);
    ASSERT_EQ(overlap(b, a), meet) << text(b) << " and " << text(a);
    ++(meet ? meeting : apart);
    // Neither ends before the other begins, and still they share nothing.
    if (!meet && a.rows > 1 && b.rows > 1 && a.width > 0 && b.width > 0) {
      const auto low = [](const ByteRows& v) {
        return v.begin + (v.stride < 0 ? (v.rows - 1) * v.stride : 0);
      };
      const auto high = [](const ByteRows& v) {
        return v.begin + v.width + (v.stride > 0 ? (v.rows - 1) * v.stride : 0);
      };
      interleaved += low(a) < high(b) && low(b) < high(a);
    }
  }
  // The trial is worth something only where all of these occur.
  EXPECT_GT(meeting, 30000);
  EXPECT_GT(apart, 30000);
  EXPECT_GT(interleaved, 3000);
}

TEST(Overlap, HalvesOfARowAndAlternateRowsAreApart) {
  const ByteRows left{0, 8, 5, 16}, right{8, 8, 5, 16};
  EXPECT_FALSE(overlap(left, right));
  EXPECT_TRUE(overlap({0, 9, 5, 16}, right));
  const ByteRows even{0, 16, 3, 32}, odd{16, 16, 3, 32};
  EXPECT_FALSE(overlap(even, odd));
  EXPECT_FALSE(overlap(even, {80, 16, 3, -32})) << "the odd rows from the last one up";
  EXPECT_TRUE(overlap(even, {64, 16, 3, -32})) << "the even rows from the last one up";
}

TEST(Overlap, NothingMeetsAnEmptyView) {
  const ByteRows all{-100, 400, 1, 0};
  for (const ByteRows& none : {ByteRows{0, 0, 3, 8}, ByteRows{0, 8, 0, 8}, ByteRows{}}) {
    EXPECT_FALSE(overlap(all, none));
    EXPECT_FALSE(overlap(none, all));
  }
}

TEST(Overlap, RowsInMemoryAsBytes) {
  const auto* data = reinterpret_cast<const float*>(uintptr_t{4096});
  const ByteRows rows = bytes_of(ConstRowsView{data, DType::kF32, 3, 5, -7});
  EXPECT_EQ(text(rows), "{begin 4096, width 20, rows 3, stride -28}");
  EXPECT_EQ(text(bytes_of(ConstRowsView{data, DType::kBF16, 3, 5, 9})),
            "{begin 4096, width 10, rows 3, stride 18}");
  EXPECT_EQ(text(bytes_of(data, DType::kF64, 6)), "{begin 4096, width 48, rows 1, stride 0}");
  EXPECT_EQ(bytes_of(ConstRowsView{nullptr, DType::kF32, 3, 5, 5}).rows, 0) << "absent";
  EXPECT_EQ(bytes_of(nullptr, DType::kF32, 5).rows, 0) << "absent";
}

// The stride of a single row and rows of no columns are of no account, however large.
TEST(Overlap, CountsThatNoMemoryHasDoNotOverflow) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const auto* data = reinterpret_cast<const float*>(uintptr_t{1} << 46);
  for (const int64_t stride : {kHuge, -kHuge, std::numeric_limits<int64_t>::min()}) {
    const ByteRows one = bytes_of(ConstRowsView{data, DType::kF64, 1, 2, stride});
    EXPECT_TRUE(overlap(one, bytes_of(data + 3, DType::kF32, 1)));
    EXPECT_FALSE(overlap(one, bytes_of(data + 4, DType::kF32, 1)));
    EXPECT_TRUE(overlap(one, one));
  }
  const ByteRows none = bytes_of(ConstRowsView{data, DType::kF32, kHuge, 0, kHuge});
  EXPECT_FALSE(overlap(none, bytes_of(data, DType::kF32, 1)));
}

// Answered at once, whatever the counts: rows that interleave, more than any memory has.
TEST(Overlap, RowsBeyondCountingAreCounted) {
  constexpr int64_t kMany = int64_t{1} << 40;
  const ByteRows even{0, 4, kMany, 16};
  EXPECT_FALSE(overlap(even, {4, 4, kMany / 2, 32})) << "between the rows";
  EXPECT_FALSE(overlap(even, {8, 8, kMany / 2 - 1, 32}));
  EXPECT_TRUE(overlap(even, {8, 9, kMany / 2 - 1, 32})) << "a byte into the next row";
  // 16 i = 4 + 10 j at i = 4, j = 6, which is there, or not.
  EXPECT_FALSE(overlap({0, 1, kMany, 16}, {4, 1, 6, 10}));
  EXPECT_TRUE(overlap({0, 1, kMany, 16}, {4, 1, 7, 10}));
  // Strides of 3 and 2^20 + 1 meet for the first time where both have come round.
  EXPECT_TRUE(overlap({0, 1, kMany, 3}, {1, 1, 3, (int64_t{1} << 20) + 1}));
  EXPECT_FALSE(overlap({0, 1, kMany, 3}, {1, 1, 1, (int64_t{1} << 20) + 1}));
}

}  // namespace
}  // namespace norma::test
