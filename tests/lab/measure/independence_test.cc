// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/independence.h"

#include <gtest/gtest.h>

namespace norma::lab {
namespace {

TEST(Independence, LayerNormDoesNotSeeTheOtherCasesAndBatchNormDoes) {
  for (const int64_t cols : {64, 768}) {
    const Independence measured = measure_independence(cols, 1);
    EXPECT_EQ(measured.layernorm_max_abs_change, 0.0) << "the same bits";
    // Means of 32 standard normals differ by about 0.25 between batches.
    EXPECT_GT(measured.batchnorm_max_abs_change, 0.05);
  }
}

}  // namespace
}  // namespace norma::lab
