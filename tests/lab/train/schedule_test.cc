// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/schedule.h"

#include <gtest/gtest.h>

namespace norma::lab {
namespace {

TrainingRecipe recipe(const std::string& schedule, int64_t warmup) {
  TrainingRecipe train;
  train.lr = 0.8;
  train.schedule = schedule;
  train.warmup_steps = warmup;
  train.steps = 24;
  return train;
}

TEST(Schedule, WarmUpIsLinearAndReachesThePeak) {
  for (const char* schedule : {"constant", "inverse-sqrt", "cosine"}) {
    const TrainingRecipe train = recipe(schedule, 8);
    EXPECT_DOUBLE_EQ(learning_rate(train, 1), 0.1) << schedule;
    EXPECT_DOUBLE_EQ(learning_rate(train, 4), 0.4) << schedule;
    EXPECT_DOUBLE_EQ(learning_rate(train, 8), 0.8) << schedule;
  }
}

TEST(Schedule, WithoutWarmUpTheFirstStepIsAtThePeak) {
  EXPECT_DOUBLE_EQ(learning_rate(recipe("constant", 0), 1), 0.8);
  EXPECT_DOUBLE_EQ(learning_rate(recipe("inverse-sqrt", 0), 1), 0.8);
  EXPECT_NEAR(learning_rate(recipe("cosine", 0), 1), 0.8, 0.004);
}

TEST(Schedule, AfterTheWarmUp) {
  EXPECT_DOUBLE_EQ(learning_rate(recipe("constant", 8), 24), 0.8);
  EXPECT_DOUBLE_EQ(learning_rate(recipe("inverse-sqrt", 6), 24), 0.4);  // sqrt(6 / 24) = 1/2
  EXPECT_DOUBLE_EQ(learning_rate(recipe("inverse-sqrt", 0), 16), 0.2);  // sqrt(1 / 16) = 1/4
  EXPECT_DOUBLE_EQ(learning_rate(recipe("cosine", 8), 16), 0.4);        // half way down
  EXPECT_NEAR(learning_rate(recipe("cosine", 8), 24), 0.0, 1e-15);
}

}  // namespace
}  // namespace norma::lab
