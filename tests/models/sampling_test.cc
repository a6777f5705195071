// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// Holtzman et al. 2020 as it is written, all tokens sorted: the same additions in float64, so that
// draws are the same to the last bit.
int32_t draw_of_all_sorted(const std::vector<float>& logits, double temperature, double top_p,
                           SplitMix64& random) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  std::vector<std::pair<double, int32_t>> order;
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    order.emplace_back(std::exp((logits[i] - highest) / temperature), static_cast<int32_t>(i));
    total += order.back().first;
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  double kept = 0;
  size_t count = 0;
  while (count < order.size() && kept < top_p * total) kept += order[count++].first;
  const double coin = static_cast<double>(random.next() >> 11) * 0x1p-53 * kept;
  double below = 0;
  for (size_t i = 0; i < count; ++i) {
    below += order[i].first;
    if (coin < below) return order[i].second;
  }
  return order[count - 1].second;
}

TEST(Sampling, LeavingLightTokensOutOfTheSortChangesNoDraw) {
  SplitMix64 numbers(3), ours(7), theirs(7);
  for (const double spread : {0.0, 0.5, 3.0, 20.0}) {
    std::vector<float> logits(500);
    for (float& x : logits) {
      // Steps of an eighth, so that many are equal.
      const double even = static_cast<double>(numbers.next() >> 11) * 0x1p-53;
      x = static_cast<float>(std::round(spread * 8 * even) / 8);
    }
    for (const double top_p : {1e-9, 0.1, 0.5, 0.9, 0.95, 0.999999}) {
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(sample_token(logits, 0.8, top_p, ours),
                  draw_of_all_sorted(logits, 0.8, top_p, theirs))
            << spread << " " << top_p;
      }
    }
  }
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
