// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A limit on the size of files stands for a disk that is full.
// Spans: cli

#include "tests/cli/program.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FullDisk : public Program {
 protected:
  ProcessEnd limited(const Words& words, int64_t bytes) const {
    Process p = process(words);
    p.file_size_limit = bytes;
    return run_process(p);
  }
  // No file of the run is a temporary one.
  void expect_no_litter(const std::string& run) const {
    for (const auto& entry : std::filesystem::directory_iterator(path(run))) {
      EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".tmp")));
    }
  }
};

TEST_F(FullDisk, ATrainingFailsAndGoesOnOnceThereIsSpace) {
  const Words words = Words{"train", "--data", "pairs.tsv", "--out", "run"} + tiny_training();
  expect_done(train("whole"));
  // The vocabulary fits and the first checkpoint does not.
  const auto vocabulary = std::filesystem::file_size(path("whole/tokenizer.json"));
  const auto checkpoint = std::filesystem::file_size(path("whole/checkpoint.safetensors"));
  ASSERT_LT(vocabulary + 1000, checkpoint);
  expect_error(limited(words, static_cast<int64_t>(vocabulary + 1000)), 1,
               {"run/state.safetensors", "Free some space"});
  EXPECT_FALSE(exists("run/summary.json"));
  EXPECT_FALSE(exists("run/checkpoint.safetensors"));
  expect_no_litter("run");
  expect_done(norma({"train", "--resume", "--out", "run"}));
  EXPECT_EQ(metrics("run"), metrics("whole"));
}

// The state is larger than the model: the state of step 10 fits, the file system fills up, and
// what stood at step 5 stays whole.
TEST_F(FullDisk, TheLastCheckpointStaysWhole) {
  Process p = process(Words{"train", "--data", "pairs.tsv", "--out", "run"} + tiny_training());
  p.environment = {{"NORMA_FAIL_POINT", "before_rename:6"}};  // of the second state
  EXPECT_EQ(run_process(p).exit_code, 99);
  const std::string state = read_text(path("run/state.safetensors"));
  const std::string model = read_text(path("run/checkpoint.safetensors"));
  const auto limit = static_cast<int64_t>(model.size() / 2);
  expect_error(limited({"train", "--resume", "--out", "run"}, limit), 1, {"Free some space"});
  EXPECT_TRUE(read_text(path("run/state.safetensors")) == state);
  EXPECT_TRUE(read_text(path("run/checkpoint.safetensors")) == model);
  expect_done(norma({"train", "--resume", "--out", "run"}));
  expect_done(train("straight"));
  EXPECT_EQ(metrics("run"), metrics("straight"));
}

TEST_F(FullDisk, AFinishedRunKeepsItsReport) {
  expect_done(train("run"));
  expect_done(norma({"report", "run"}));
  const std::string page = read_text(path("run/report.html"));
  expect_error(limited({"report", "run"}, 2000), 1, {"run/report.html", "Free some space"});
  EXPECT_TRUE(read_text(path("run/report.html")) == page);
  expect_no_litter("run");
}

TEST_F(FullDisk, NoResultIsLostInSilence) {
  Process p;
  p.folder = folder_.path();
  for (const std::string words : {"--help", "data pairs.tsv", "doctor"}) {
    p.command = {"/bin/sh", "-c", std::string(NORMA_PROGRAM) + " " + words + " > /dev/full"};
    expect_error(run_process(p), 1, {"standard output", "Free some space"});
  }
}

}  // namespace
}  // namespace norma::test
