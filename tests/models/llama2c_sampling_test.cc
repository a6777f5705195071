// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/llama2c_sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "models/not_finite.h"

namespace norma::models {
namespace {

// Computed with integers of any size from the paper's definition; the first of seed 1 is also the
// paper's own, 0x47E4CE4B896CDD1D.
TEST(XorshiftStar, GivesThePublishedNumbers) {
  const std::pair<uint64_t, std::vector<uint32_t>> streams[] = {
      {1, {0x47E4CE4B, 2882512552, 3117485455}},
      {42, {1456360119, 3359763283, 3393612768}},
      {133742, {3033531262, 2674377904, 2312864567}},
      {UINT64_MAX, {4180462053, 2415166680, 879531507}}};
  for (const auto& [seed, numbers] : streams) {
    XorshiftStar whole(seed), parts(seed);
    for (const uint32_t number : numbers) {
      EXPECT_EQ(whole.next(), number);
      EXPECT_EQ(parts.next_float(), static_cast<float>(number / 256) / 16777216.0f);
    }
  }
}

// The first draws of seed 42 are 0.339, 0.782 and 0.790.
std::vector<int32_t> three_draws(const std::vector<float>& logits, float temperature,
                                 float top_p) {
  XorshiftStar random(42);
  std::vector<int32_t> tokens;
  for (int i = 0; i < 3; ++i) {
    tokens.push_back(sample_token_llama2c(logits, temperature, top_p, random));
  }
  return tokens;
}
using Tokens = std::vector<int32_t>;

const std::vector<float> kLogits = {std::log(0.1f), std::log(0.5f), std::log(0.15f),
                                    std::log(0.25f)};

TEST(Llama2cSampling, TemperatureZeroIsTheBestAndDrawsNothing) {
  XorshiftStar random(42), fresh(42);
  EXPECT_EQ(sample_token_llama2c(kLogits, 0, 0.9f, random), 1);
  EXPECT_EQ(sample_token_llama2c(std::vector<float>{1, 2, 2}, 0, 0.9f, random), 1) << "the first";
  EXPECT_EQ(random.next(), fresh.next());
}

TEST(Llama2cSampling, WithoutTopPByTheRunningSum) {
  for (const float all : {0.0f, 1.0f, 2.0f, -1.0f}) {
    EXPECT_EQ(three_draws({0, 0, std::log(2.0f)}, 1, all), (Tokens{1, 2, 2})) << all;
    EXPECT_EQ(three_draws(kLogits, 1, all), (Tokens{1, 3, 3})) << all;
  }
  // 0.2 and 0.8 become 1/17 and 16/17.
  EXPECT_EQ(three_draws({std::log(0.2f), std::log(0.8f)}, 0.5f, 1), (Tokens{1, 1, 1}));
  EXPECT_EQ(three_draws({std::log(0.4f), std::log(0.6f)}, 1, 1), (Tokens{0, 1, 1}));
  EXPECT_EQ(three_draws({std::log(0.4f), std::log(0.6f)}, 0.5f, 1), (Tokens{1, 1, 1}));
}

TEST(Llama2cSampling, TopPByFallingProbability) {
  // 0.5 and 0.25 are kept: u * 0.75 is 0.254, 0.587, 0.593.
  EXPECT_EQ(three_draws(kLogits, 1, 0.7f), (Tokens{1, 3, 3}));
  // 0.5 alone exceeds 0.4.
  EXPECT_EQ(three_draws(kLogits, 1, 0.4f), (Tokens{1, 1, 1}));
}

TEST(Llama2cSampling, TheSumMustExceedTopP) {
  // Exactly 0.5 each: the first reaches 0.5 but does not exceed it.
  EXPECT_EQ(three_draws({0, 0}, 1, 0.5f), (Tokens{0, 1, 1}));
  EXPECT_EQ(three_draws({0, 0}, 1, 0.4999f), (Tokens{0, 0, 0})) << "one is kept, the first";
}

TEST(Llama2cSampling, EqualProbabilitiesInTheOrderOfTheTokens) {
  // Three of four are kept: u * 0.75 is 0.254, 0.587, 0.593.
  EXPECT_EQ(three_draws({0, 0, 0, 0}, 1, 0.6f), (Tokens{1, 2, 2}));
  EXPECT_EQ(three_draws({-1e30f, 0, 0, 0, 0}, 1, 0.6f), (Tokens{2, 3, 3}));
}

// (1 - 0.1) / 3 = 0.3 is above each of four.
TEST(Llama2cSampling, WhereNoTokenReachesTheCutoffTheBestIs) {
  EXPECT_EQ(three_draws({0, 0, 0, 0}, 1, 0.1f), (Tokens{0, 0, 0}));
  EXPECT_EQ(three_draws({5}, 1, 0.5f), (Tokens{0, 0, 0}));
}

// Five standard deviations of a share of 40000 draws: 5 * 0.5 / 200.
TEST(Llama2cSampling, FollowsTheDistribution) {
  XorshiftStar random(5);
  std::vector<double> share(4);
  for (int i = 0; i < 40000; ++i) {
    share[static_cast<size_t>(sample_token_llama2c(kLogits, 1, 0.88f, random))] += 1 / 40000.0;
  }
  EXPECT_EQ(share[0], 0.0);
  EXPECT_NEAR(share[1], 0.5 / 0.9, 0.0125);
  EXPECT_NEAR(share[2], 0.15 / 0.9, 0.0125);
  EXPECT_NEAR(share[3], 0.25 / 0.9, 0.0125);
}

TEST(Llama2cSampling, LogitsAndTemperaturesOfAnySizeAreSafe) {
  EXPECT_EQ(three_draws({-1e30f, 3e38f, 0}, 1, 0.9f), (Tokens{1, 1, 1}));
  EXPECT_EQ(three_draws({-INFINITY, 0}, 1, 1), (Tokens{1, 1, 1}));
  EXPECT_EQ(three_draws({1, 2}, 1e-45f, 0.9f), (Tokens{1, 1, 1}));
  EXPECT_EQ(three_draws({-2, -1}, 1e-45f, 0.9f), (Tokens{1, 1, 1}));
}

TEST(Llama2cSampling, WhereThereIsNoDistributionNothingIsDrawn) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const std::vector<float>& logits :
       {std::vector<float>{kNan, kNan}, std::vector<float>{0, 1, kNan},
        std::vector<float>{0, INFINITY}, std::vector<float>{-INFINITY, -INFINITY}}) {
    for (const float temperature : {0.0f, 1.0f}) {
      for (const float top_p : {0.9f, 1.0f}) {
        EXPECT_THROW(three_draws(logits, temperature, top_p), NotFinite);
      }
    }
  }
}

}  // namespace
}  // namespace norma::models
