// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace norma::lab {
namespace {

constexpr char kTrain[] =
    "{\"kind\":\"train\",\"step\":10,\"loss\":6.5,\"lr\":0.1,\"tokens\":900,\"seconds\":3}\n";
constexpr char kValid[] = "{\"kind\":\"valid\",\"step\":10,\"loss\":5.5,\"seconds\":3}\n";

class WatchTest : public ::testing::Test {
 protected:
  std::optional<Progress> look(const std::string& metrics) const {
    folder_.write("metrics.jsonl", metrics);
    return last_progress(folder_.path(), 40);
  }

  test::TempFolder folder_;
};

TEST_F(WatchTest, TheLastTrainLineSaysHowFarARunIs) {
  const std::string before =
      "{\"kind\":\"train\",\"step\":5,\"loss\":9.5,\"lr\":0.1,\"tokens\":400,\"seconds\":1}\n";
  for (const std::string& text :
       {std::string(kTrain), before + kTrain, before + kTrain + kValid,
        before + kTrain + kValid + "{\"kind\":\"train\",\"step\":15,\"lo"}) {
    const std::optional<Progress> p = look(text);
    ASSERT_TRUE(p.has_value()) << text;
    EXPECT_EQ(p->step, 10);
    EXPECT_EQ(p->steps, 40);
    EXPECT_EQ(p->loss, 6.5);
    EXPECT_EQ(p->tokens_per_s, 300);
    EXPECT_DOUBLE_EQ(p->seconds_left, 9);
  }
}

TEST_F(WatchTest, NothingWhereNothingIsWritten) {
  EXPECT_FALSE(last_progress(folder_.path("gone"), 40).has_value());
  const std::vector<std::string> texts = {
      "", "\n", "{\"kind\":\"train\",\"step\":10", "no JSON\n", "[3]\n", "{\"kind\":3}\n",
      std::string(1500, '[') + std::string(1500, ']') + "\n",
      "{\"kind\":\"train\",\"step\":10}\n", kValid,
      "{\"kind\":\"train\",\"step\":9,\"loss\":\"nan\",\"tokens\":1,\"seconds\":1}\n"};
  for (const std::string& text : texts) {
    EXPECT_FALSE(look(text).has_value()) << text;
  }
}

TEST_F(WatchTest, OnlyTheEndOfALongFileIsRead) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += kValid;
  EXPECT_FALSE(look(kTrain + text).has_value());
  EXPECT_TRUE(look(text + kTrain + kValid).has_value());
}

TEST_F(WatchTest, TimeLeftOfAllRuns) {
  const Progress half = {20, 40, 1.0, 100.0, 30.0}, late = {30, 40, 1.0, 100.0, 20.0};
  const Progress translates = {40, 40, 1.0, 100.0, 0.0};
  EXPECT_EQ(seconds_left({}, 4, 2, 0), 0) << "not known";
  EXPECT_DOUBLE_EQ(seconds_left({}, 4, 2, 60), 120);
  EXPECT_DOUBLE_EQ(seconds_left({half}, 0, 1, 0), 30);
  EXPECT_DOUBLE_EQ(seconds_left({half}, 2, 1, 0), 30 + 2 * 60);
  EXPECT_DOUBLE_EQ(seconds_left({half}, 2, 1, 10), 30 + 2 * 10) << "what was measured counts";
  EXPECT_DOUBLE_EQ(seconds_left({half, late}, 2, 2, 0), (30 + 20 + 2 * 70) / 2.0);
  EXPECT_DOUBLE_EQ(seconds_left({half, late}, 0, 2, 0), 30) << "the last to end";
  EXPECT_DOUBLE_EQ(seconds_left({half, translates}, 2, 2, 0), (30 + 2 * 60) / 2.0);
}

}  // namespace
}  // namespace norma::lab
