// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "models/not_finite.h"

namespace norma::models {
namespace {

std::vector<double> frequencies(const std::vector<float>& logits, double temperature,
                                double top_p) {
  SplitMix64 random(5);
  std::vector<double> count(logits.size());
  constexpr int kDraws = 40000;
  for (int i = 0; i < kDraws; ++i) {
    count[sample_token(logits, temperature, top_p, random)] += 1.0 / kDraws;
  }
  return count;
}

// Five standard deviations of a share of 40000 draws: 5 * 0.5 / 200.
constexpr double kShare = 0.0125;

const std::vector<float> kLogits = {std::log(0.1f), std::log(0.5f), std::log(0.15f),
                                    std::log(0.25f)};

TEST(Sampling, TemperatureZeroIsTheBest) {
  SplitMix64 random(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sample_token(kLogits, 0.0, 0.9, random), 1);
}

TEST(Sampling, FollowsTheDistribution) {
  const std::vector<double> share = frequencies(kLogits, 1.0, 1.0);
  EXPECT_NEAR(share[0], 0.1, kShare);
  EXPECT_NEAR(share[1], 0.5, kShare);
  EXPECT_NEAR(share[2], 0.15, kShare);
  EXPECT_NEAR(share[3], 0.25, kShare);
}

TEST(Sampling, TemperatureDividesTheLogits) {
  const std::vector<double> share = frequencies(kLogits, 0.5, 1.0);  // squares, renormalised
  EXPECT_NEAR(share[1], 0.25 / (0.01 + 0.25 + 0.0225 + 0.0625), kShare);
}

TEST(Sampling, TopPKeepsTheFewestTokens) {
  const std::vector<double> share = frequencies(kLogits, 1.0, 0.7);  // 0.5 + 0.25 reach 0.7
  EXPECT_EQ(share[0], 0.0);
  EXPECT_EQ(share[2], 0.0);
  EXPECT_NEAR(share[1], 0.5 / 0.75, kShare);
  EXPECT_NEAR(share[3], 0.25 / 0.75, kShare);
}

TEST(Sampling, LogitsOfAnySizeAreSafe) {
  SplitMix64 random(1);
  EXPECT_EQ(sample_token(std::vector<float>{-1e30f, 3e38f, 0.0f}, 1.0, 0.9, random), 1);
  EXPECT_EQ(sample_token(std::vector<float>{-INFINITY, 0.0f}, 1.0, 1.0, random), 1);
}

TEST(Sampling, WhereThereIsNoDistributionNothingIsDrawn) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  SplitMix64 random(1);
  for (const std::vector<float>& logits :
       {std::vector<float>{kNan, kNan, kNan}, std::vector<float>{0.0f, 1.0f, kNan},
        std::vector<float>{kNan, 1.0f, 0.0f}, std::vector<float>{0.0f, INFINITY, 0.0f},
        std::vector<float>{-INFINITY, -INFINITY}}) {
    for (const double temperature : {0.0, 1.0}) {
      for (const double top_p : {0.9, 1.0}) {
        EXPECT_THROW(sample_token(logits, temperature, top_p, random), NotFinite)
            << logits[0] << " " << logits[1] << " " << temperature << " " << top_p;
      }
    }
  }
}

}  // namespace
}  // namespace norma::models
