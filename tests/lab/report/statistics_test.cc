// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace norma::lab::report {
namespace {

TEST(Statistics, MeanAndSpreadByHand) {
  // Deviations of 2, 4, 9 from their mean 5: 9 + 1 + 16 = 26, over n - 1 = 2.
  const Summary s = summarize({2, 4, 9});
  EXPECT_EQ(s.n, 3u);
  EXPECT_DOUBLE_EQ(s.mean, 5);
  EXPECT_DOUBLE_EQ(s.sd, std::sqrt(13.0));
  EXPECT_EQ(s.low, 2);
  EXPECT_EQ(s.high, 9);
  // 4.302653 * sqrt(13) / sqrt(3).
  EXPECT_NEAR(interval_half_width(s), 8.956686, 1e-6);
}

TEST(Statistics, OneValueHasNoInterval) {
  EXPECT_TRUE(std::isinf(interval_half_width(summarize({3}))));
  EXPECT_EQ(summarize({3}).sd, 0);
  EXPECT_EQ(summarize({}).n, 0u);
}

// Printed tables of Student's t, two-sided 95 %. Six digits in the table up to 10 degrees of
// freedom; above, the first term that the expansion leaves out is below 3e-4 at 11 and falls with
// the fourth power.
TEST(Statistics, StudentsQuantile) {
  EXPECT_NEAR(student_t_975(1), 12.706205, 1e-6);
  EXPECT_NEAR(student_t_975(2), 4.302653, 1e-6);
  EXPECT_NEAR(student_t_975(10), 2.228139, 1e-6);
  EXPECT_NEAR(student_t_975(11), 2.200985, 3e-4);
  EXPECT_NEAR(student_t_975(30), 2.042272, 1e-5);
  EXPECT_NEAR(student_t_975(1000), 1.962339, 1e-6);
}

}  // namespace
}  // namespace norma::lab::report
