// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lab/train/checkpoint.h"
#include "lab/train/task.h"
#include "tests/support/metrics.h"
#include "tests/support/process.h"
#include "tests/support/tiny_training.h"
#include "weights/safetensors.h"

namespace norma::lab {
namespace {

using test::metrics_without_clock;
using ::testing::HasSubstr;

class TrainTest : public test::TinyTraining {};

TEST_F(TrainTest, WritesTheWholeRunFolder) {
  job_.recipe.bleu.sentences = 10;
  job_.recipe.bleu.samples = 3;
  const Result<Json> summary = train(job_, {});
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  const Json& s = summary.value();
  EXPECT_EQ(s["status"], "done");
  EXPECT_TRUE(s["diverged_at_step"].is_null());
  EXPECT_EQ(s["result"]["step"], 12);
  EXPECT_EQ(s["data"]["train_pairs"].get<int>() + s["data"]["valid_pairs"].get<int>(), 300);
  EXPECT_EQ(s["samples"].size(), 3u);
  EXPECT_TRUE(s["result"]["bleu"].is_number());
  EXPECT_EQ(s, read_json(file("summary.json")).value());
  EXPECT_EQ(test::read_text(file("config.toml")), to_toml(job_.recipe));
  EXPECT_EQ(read_json(file("env.json")).value()["machine"], "test");

  const std::vector<Json> lines = metrics_without_clock(job_.folder);
  std::vector<std::string> kinds;
  for (const Json& line : lines) {
    kinds.push_back(line["kind"].get<std::string>() + std::to_string(line["step"].get<int>()));
  }
  EXPECT_THAT(kinds, ::testing::ElementsAre("train4", "valid6", "train8", "train12", "valid12"));
  EXPECT_EQ(lines.back()["loss"], s["result"]["valid_loss"]);
  EXPECT_NEAR(lines.back()["perplexity"].get<double>(),
              std::exp(lines.back()["loss"].get<double>()), 1e-9);

  const Result<TrainedModel> trained = load_model(file("checkpoint.safetensors"));
  ASSERT_TRUE(trained.ok()) << trained.status().message();
  EXPECT_EQ(trained.value().step, 12);
}

TEST_F(TrainTest, ResumingGivesTheSameBits) {
  ASSERT_TRUE(train(job_, {}).ok());
  const std::vector<Json> straight = metrics_without_clock(job_.folder);
  const std::string weights = test::read_text(file("checkpoint.safetensors"));

  // Step 6 lies between lines of metrics, after a checkpoint at 5, within an epoch of 30 batches.
  for (const int64_t steps : {1, 5, 6, 11}) {
    TrainJob stopped = job_;
    stopped.folder = root_ + "/stopped" + std::to_string(steps);
    const Result<Json> first = train(stopped, stop_after(steps));
    ASSERT_TRUE(first.ok()) << first.status().message();
    EXPECT_EQ(first.value()["status"], "interrupted");
    EXPECT_EQ(first.value()["result"]["step"], steps);
    stopped.resume = true;
    const Result<Json> second = train(stopped, {});
    ASSERT_TRUE(second.ok()) << second.status().message();
    EXPECT_EQ(second.value()["status"], "done");
    EXPECT_EQ(metrics_without_clock(stopped.folder), straight) << "stopped after " << steps;
    EXPECT_TRUE(test::read_text(stopped.folder + "/checkpoint.safetensors") == weights)
        << "stopped after " << steps;
  }
}

// Lines after the checkpoint belong to steps that are done again.
TEST_F(TrainTest, ResumingDropsLaterLines) {
  ASSERT_TRUE(train(job_, stop_after(6)).ok());
  std::ofstream(file("metrics.jsonl"), std::ios::app)
      << "{\"kind\":\"train\",\"step\":8,\"loss\":1}\n{\"kind\":\"tra";
  job_.resume = true;
  ASSERT_TRUE(train(job_, {}).ok());
  TrainJob straight = job_;
  straight.folder = root_ + "/straight";
  ASSERT_TRUE(train(straight, {}).ok());
  EXPECT_EQ(metrics_without_clock(job_.folder), metrics_without_clock(straight.folder));
}

TEST_F(TrainTest, DivergenceIsAResultAndSparesTheCheckpoint) {
  job_.recipe.train.lr = 1e3;
  job_.recipe.train.checkpoint_every = 1;
  job_.recipe.model.placement = "none";
  const Result<Json> summary = train(job_, {});
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary.value()["status"], "diverged");
  const int64_t step = summary.value()["diverged_at_step"];
  EXPECT_GT(step, 1) << "the first step is at the initialisation";
  EXPECT_TRUE(summary.value()["result"]["valid_loss"].is_null());
  const std::vector<Json> lines = metrics_without_clock(job_.folder);
  EXPECT_EQ(lines.back()["kind"], "diverged");
  EXPECT_EQ(lines.back()["step"], step);
  EXPECT_TRUE(lines.back()["loss"].is_string());

  const auto saved = weights::SafetensorsFile::open(file("checkpoint.safetensors"));
  ASSERT_TRUE(saved.ok());
  for (const auto& [name, info] : saved.value().tensors()) {
    const auto* values = static_cast<const float*>(info.data);
    for (size_t i = 0; i < info.bytes / 4; ++i) ASSERT_TRUE(std::isfinite(values[i])) << name;
  }
  job_.resume = true;
  const Result<Json> again = train(job_, {});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value(), summary.value()) << "a run that diverged is over";
}

TEST_F(TrainTest, AFinishedRunIsNotRepeated) {
  ASSERT_TRUE(train(job_, {}).ok());
  const std::string before = test::read_text(file("summary.json"));
  const auto time = std::filesystem::last_write_time(file("checkpoint.safetensors"));
  EXPECT_THAT(train(job_, {}).status().message(), HasSubstr("holds a run already"));
  job_.resume = true;
  ASSERT_TRUE(train(job_, {}).ok());
  EXPECT_EQ(test::read_text(file("summary.json")), before);
  EXPECT_EQ(std::filesystem::last_write_time(file("checkpoint.safetensors")), time);
  job_.recipe.train.steps = 13;
  EXPECT_THAT(train(job_, {}).status().message(), HasSubstr("another recipe"));
  EXPECT_EQ(test::read_text(file("summary.json")), before);
}

TEST_F(TrainTest, Learns) {
  job_.recipe.train.steps = 150;
  job_.recipe.model.dropout = 0;
  const Result<Json> summary = train(job_, {});
  ASSERT_TRUE(summary.ok());
  const Result<Task> task = load_task(job_.recipe, "data");
  ASSERT_TRUE(task.ok());
  // Word frequencies alone cannot know which number, colour and thing the source names.
  EXPECT_LT(summary.value()["result"]["valid_loss"].get<double>(),
            unigram_loss(task.value()) - 1.0);
}

TEST_F(TrainTest, LanguageModelsTrainToo) {
  train_on_text();
  job_.recipe.model.family = "gpt";
  job_.recipe.model.init = "gpt2";
  const Result<Json> summary = train(job_, {});
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary.value()["status"], "done");
  EXPECT_GT(summary.value()["data"]["train_tokens"].get<int>(), 1000);
  EXPECT_TRUE(summary.value()["result"]["bleu"].is_null());
}

}  // namespace
}  // namespace norma::lab
