// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs that go on: in every kind of training to the same bits, and never on other ground than they
// stood on.
// Spans: lab/train

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/train/folder_lock.h"
#include "tests/support/metrics.h"
#include "tests/support/process.h"
#include "tests/support/tiny_training.h"

namespace norma::lab {
namespace {

using ::testing::HasSubstr;

class ResumeTest : public test::TinyTraining {
 protected:
  // Stopped after 7 of 12 steps, between two checkpoints and within an epoch, and gone through.
  void expect_the_same_bits(const char* what) const {
    TrainJob straight = job_, stopped = job_;
    straight.folder = root_ + "/straight " + what;
    stopped.folder = root_ + "/stopped " + what;
    const Result<Json> whole = train(straight, {});
    ASSERT_TRUE(whole.ok()) << what << ": " << whole.status().message();
    ASSERT_EQ(train(stopped, stop_after(7)).value()["status"], "interrupted") << what;
    stopped.resume = true;
    const Result<Json> resumed = train(stopped, {});
    ASSERT_TRUE(resumed.ok()) << what << ": " << resumed.status().message();
    EXPECT_EQ(resumed.value()["status"], "done") << what;
    EXPECT_EQ(test::metrics_without_clock(stopped.folder),
              test::metrics_without_clock(straight.folder))
        << what;
    EXPECT_TRUE(test::read_text(stopped.folder + "/checkpoint.safetensors") ==
                test::read_text(straight.folder + "/checkpoint.safetensors"))
        << what;
  }
};

TEST_F(ResumeTest, EveryKindOfTrainingGoesOnToTheSameBits) {
  const TrainRecipe plain = job_.recipe;
  job_.recipe.train.threads = 2;
  expect_the_same_bits("two threads");
  job_.recipe = plain;
  job_.recipe.train.optimizer = "adamw";
  job_.recipe.train.weight_decay = 0.1;
  job_.recipe.train.clip = 0.5;
  expect_the_same_bits("adamw");
  job_.recipe = plain;
  job_.recipe.train.schedule = "cosine";
  job_.recipe.train.warmup_steps = 3;
  job_.recipe.train.label_smoothing = 0.1;
  expect_the_same_bits("cosine");
  job_.recipe = plain;
  job_.recipe.train.max_tokens = 60;
  expect_the_same_bits("max_tokens");
  job_.recipe = plain;
  job_.recipe.model.norm = "rmsnorm";
  job_.recipe.model.placement = "post";
  expect_the_same_bits("rmsnorm post");
}

TEST_F(ResumeTest, LanguageModelsGoOnToTheSameBits) {
  train_on_text();
  for (const char* family : {"gpt", "llama"}) {
    job_.recipe.model.family = family;
    expect_the_same_bits(family);
  }
}

TEST_F(ResumeTest, ChangedDataAreRefusedAndTheFolderStaysAsItIs) {
  ASSERT_TRUE(train(job_, stop_after(6)).ok());
  const std::string vocabulary = test::read_text(file("tokenizer.json"));
  const std::string metrics = test::read_text(file("metrics.jsonl"));
  std::ofstream(root_ + "/pairs.tsv", std::ios::app) << "an entirely new pair\tein neues paar\n";
  job_.resume = true;
  job_.environment = {{"machine", "another"}};
  const Status refused = train(job_, {}).status();
  EXPECT_THAT(refused.message(), HasSubstr(file("state.safetensors") + " was trained on other"));
  EXPECT_THAT(refused.message(), HasSubstr("Restore the data, or choose another --out."));
  EXPECT_EQ(test::read_text(file("tokenizer.json")), vocabulary);
  EXPECT_EQ(test::read_text(file("metrics.jsonl")), metrics);
  EXPECT_EQ(read_json(file("env.json")).value()["machine"], "test");
  test::write_tiny_pairs(root_ + "/pairs.tsv");
  EXPECT_EQ(train(job_, {}).value()["status"], "done");
  EXPECT_EQ(read_json(file("env.json")).value()["machine"], "another");
}

TEST_F(ResumeTest, OneNormaAtATimeInAFolder) {
  ASSERT_TRUE(train(job_, stop_after(6)).ok());
  job_.resume = true;
  {
    FolderLock other;
    ASSERT_TRUE(other.take(job_.folder).ok());
    std::ofstream(file("state.safetensors.tmp.7")) << "being written";
    EXPECT_THAT(train(job_, {}).status().message(), HasSubstr("is in use by another norma"));
    EXPECT_TRUE(std::filesystem::exists(file("state.safetensors.tmp.7")));
  }
  ASSERT_TRUE(train(job_, {}).ok());
  EXPECT_FALSE(std::filesystem::exists(file("state.safetensors.tmp.7")))
      << "nobody can be writing it";
  FolderLock other;
  ASSERT_TRUE(other.take(job_.folder).ok());
  EXPECT_EQ(train(job_, {}).value()["status"], "done") << "a result can be had at any time";
}

// Held for the whole run, and no longer.
TEST_F(ResumeTest, HoldsTheFolderWhileItTrains) {
  int64_t asked = 0;
  TrainHooks hooks;
  hooks.stop = [&] {
    FolderLock other;
    EXPECT_THAT(other.take(job_.folder).message(), HasSubstr("in use"));
    return ++asked > 2;
  };
  ASSERT_TRUE(train(job_, hooks).ok());
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(FolderLock().take(job_.folder).ok());
}

TEST_F(ResumeTest, ASummaryThatIsNoObjectIsNamed) {
  ASSERT_TRUE(train(job_, {}).ok());
  job_.resume = true;
  const std::string deep =
      "{\"status\": " + std::string(100000, '[') + std::string(100000, ']') + "}";
  for (const char* text : {"3", "[]", "\"done\"", "null", "{", deep.c_str()}) {
    std::ofstream(file("summary.json")) << text;
    EXPECT_EQ(train(job_, {}).status().message(),
              file("summary.json") + " is no JSON object. Remove it and run again.");
  }
  std::ofstream(file("summary.json")) << "{\"status\": 3}";
  EXPECT_EQ(train(job_, {}).value()["status"], "done") << "not over, so it is run to the end";
}

}  // namespace
}  // namespace norma::lab
