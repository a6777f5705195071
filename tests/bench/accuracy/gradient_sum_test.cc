// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A sum is judged against what its terms allow together, and names the column that is off by more.
#include "bench/accuracy/gradient_sum.h"

#include <gtest/gtest.h>

#include <vector>

namespace norma::accuracy {
namespace {

// 3 - 1 of terms of the sizes 3 and 1, with rooms of 1/8 and 1/8 and 1/4 lost.
GradientSum two() {
  GradientSum sum;
  sum.add(3, 3, 0.125, 0.25);
  sum.add(-1, 1, 0.125, 0);
  return sum;
}

TEST(GradientSum, ExcessIsOfTheTermsAndShareOfTheBound) {
  Seen seen;
  two().judge(2, DType::kF32, 0, &seen);
  EXPECT_EQ(seen.worst_share, 0);
  two().judge(2.375f, DType::kF32, 0, &seen);
  EXPECT_EQ(seen.worst_excess, 0.125 / 4);
  EXPECT_EQ(seen.worst_share, 0.75);
  EXPECT_EQ(seen.broken, "");
}

TEST(GradientSum, WhatIsOffByMoreIsNamed) {
  Seen seen;
  judge_columns({two(), two(), two()}, {2.5f, 1.5f, 1.25f}, DType::kF32, &seen);
  EXPECT_EQ(seen.count, 3);
  EXPECT_EQ(seen.broken, "column 2: 0x1.4p+0, exactly 0x1p+1, 1.5 of the bound");
  Seen scalar;
  two().judge(1.25f, DType::kF32, -1, &scalar);
  EXPECT_EQ(scalar.broken, "0x1.4p+0, exactly 0x1p+1, 1.5 of the bound");
}

// Half an ulp of bf16 at 2 is 2^-7.
TEST(GradientSum, SixteenBitsMayCostAStore) {
  Seen seen;
  two().judge(static_cast<float>(2.5 + 0x1p-7), DType::kBF16, 0, &seen);
  EXPECT_EQ(seen.worst_share, 1);
  two().judge(static_cast<float>(2.5 + 0x1p-6), DType::kBF16, 1, &seen);
  EXPECT_GT(seen.worst_share, 1);
}

// Terms that are all 0 leave nothing to divide by; a sum that is not 0 is wrong then.
TEST(GradientSum, NothingToAdd) {
  const GradientSum none;
  Seen seen;
  none.judge(0, DType::kF32, 0, &seen);
  EXPECT_EQ(seen.broken, "");
  none.judge(0x1p-149f, DType::kF32, 0, &seen);
  EXPECT_NE(seen.broken, "");
}

}  // namespace
}  // namespace norma::accuracy
