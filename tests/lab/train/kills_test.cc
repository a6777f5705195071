// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Whole runs that are killed: at each write of a file, at any moment. This process itself never
// trains, since torch's autograd does not survive a fork; all runs are children, one after another.
// Spans: lab/train, base

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/support/metrics.h"
#include "tests/support/process.h"
#include "tests/support/tiny_training.h"

namespace norma::lab {
namespace {

using Clock = std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kAtFailPoint = 99, kKilled = 128 + SIGKILL;
constexpr std::chrono::microseconds kNever = std::chrono::hours(1);

class KillsTest : public test::TinyTraining {
 protected:
  void SetUp() override {
    TinyTraining::SetUp();
    job_.recipe.bleu.sentences = 4;
    job_.recipe.train.log_every = 1;
    job_.resume = true;
    const Clock::time_point start = Clock::now();
    ASSERT_EQ(run("straight"), 0);
    whole_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  }

  // train() in a process of its own, which ends at `point`, gets SIGKILL after `life`, or ends with
  // 0 where the run is done.
  int run(const std::string& name, const std::string& point = "",
          std::chrono::microseconds life = kNever) const {
    const Clock::time_point start = Clock::now();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::setenv("NORMA_FAIL_POINT", point.c_str(), 1);
      TrainJob job = job_;
      job.folder = folder(name);
      const Result<Json> summary = train(job, {});
      ::_exit(summary.ok() && summary.value()["status"] == "done" ? 0 : 1);
    }
    int status = 0;
    while (::waitpid(pid, &status, WNOHANG) == 0) {
      if (Clock::now() - start >= life) ::kill(pid, SIGKILL);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string folder(const std::string& name) const { return root_ + "/" + name; }
  std::string content(const std::string& name, const char* file) const {
    return test::read_text(folder(name) + "/" + file);
  }
  int64_t saved_step(const std::string& name) const {
    return test::saved_step(folder(name) + "/state.safetensors");
  }
  // What a kill left is whole: each file is the one of before or the one of after, and no more is
  // lost than the work since the last checkpoint.
  void expect_whole(const std::string& name) const {
    const int64_t step = saved_step(name);
    EXPECT_LE(test::saved_step(folder(name) + "/checkpoint.safetensors"), step)
        << "the state is written first";
    EXPECT_LE(test::steps_told(folder(name)) - step, job_.recipe.train.checkpoint_every);
    for (const char* file : {"env.json", "tokenizer.json", "summary.json"}) {
      const std::string path = folder(name) + "/" + file;
      if (!std::filesystem::exists(path)) continue;
      EXPECT_TRUE(read_json(path).ok()) << path;
    }
  }
  // The run is done, to the last bit as if it had gone through.
  void expect_as_undisturbed(const std::string& name) const {
    EXPECT_EQ(test::metrics_without_clock(folder(name)),
              test::metrics_without_clock(folder("straight")));
    EXPECT_TRUE(content(name, "checkpoint.safetensors") ==
                content("straight", "checkpoint.safetensors"));
    Json summary = read_json(folder(name) + "/summary.json").value();
    Json straight = read_json(folder("straight") + "/summary.json").value();
    for (const char* clock : {"seconds", "tokens_per_s"}) {
      summary["result"].erase(clock);
      straight["result"].erase(clock);
    }
    EXPECT_EQ(summary, straight);
    for (const auto& entry : std::filesystem::directory_iterator(folder(name))) {
      EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".tmp."))) << "left over";
    }
  }

  std::chrono::microseconds whole_{};
};

// Recipe, environment and vocabulary; checkpoints of two files at steps 5, 10 and 12; the model
// once more and the summary.
TEST_F(KillsTest, AtEachWriteOfAFile) {
  constexpr int kWrites = 3 + 3 * 2 + 2;
  for (const std::string point : {"after_temporary_write", "before_rename"}) {
    for (int n = 1; n <= kWrites; ++n) {
      const std::string name = point + ":" + std::to_string(n);
      SCOPED_TRACE(name);
      ASSERT_EQ(run(name, name), kAtFailPoint);
      expect_whole(name);
      EXPECT_FALSE(std::filesystem::exists(folder(name) + "/summary.json")) << "the last file";
      ASSERT_EQ(run(name), 0);
      expect_as_undisturbed(name);
    }
    EXPECT_EQ(run("one more", point + ":" + std::to_string(kWrites + 1)), 0);
    std::filesystem::remove_all(folder("one more"));
  }
}

TEST_F(KillsTest, AtEachWriteOfAResumedRun) {
  ASSERT_EQ(run("stopped", "before_rename:6"), kAtFailPoint) << "the second state";
  // The head again; checkpoints at steps 10 and 12; the model and the summary.
  for (int n = 1; n <= 3 + 2 * 2 + 2; ++n) {
    const std::string name = "again" + std::to_string(n);
    SCOPED_TRACE(name);
    std::filesystem::copy(folder("stopped"), folder(name));
    ASSERT_EQ(run(name, "before_rename:" + std::to_string(n)), kAtFailPoint);
    expect_whole(name);
    ASSERT_EQ(run(name), 0);
    expect_as_undisturbed(name);
  }
}

// Each goes on where the last one was killed, until one gets through. As many rounds as it takes:
// how long a run lives is the machine's to say.
TEST_F(KillsTest, AtRandomMoments) {
  std::mt19937 random(20260131);
  int kills = 0;
  std::chrono::microseconds longest_life = whole_;
  for (int round = 0; round < 6 || kills <= 6; ++round) {
    const std::string name = "run" + std::to_string(round);
    SCOPED_TRACE(name);
    int end = kKilled;
    int64_t saved = 0;
    for (int i = 0; i < 4 && end == kKilled; ++i) {
      end = run(name, "", std::chrono::microseconds(random() % longest_life.count()));
      if (i == 0 && end == 0) longest_life = longest_life / 2 + std::chrono::microseconds(1);
      ASSERT_TRUE(end == kKilled || end == 0) << end;
      kills += end == kKilled;
      expect_whole(name);
      const int64_t step = saved_step(name);
      EXPECT_GE(step, saved) << "a kill takes no checkpoint away";
      saved = step;
    }
    ASSERT_EQ(run(name), 0);
    expect_as_undisturbed(name);
  }
}

TEST_F(KillsTest, AFinishedResultSurvives) {
  const std::vector<const char*> files = {"config.toml", "env.json", "metrics.jsonl",
                                          "summary.json", "checkpoint.safetensors",
                                          "state.safetensors", "tokenizer.json"};
  std::vector<std::string> before;
  for (const char* file : files) before.push_back(content("straight", file));
  std::mt19937 random(7);
  for (int i = 0; i < 10; ++i) {
    const std::string point = (i % 2 ? "before_rename:" : "after_temporary_write:");
    run("straight", point + "1", std::chrono::microseconds(random() % (whole_.count() / 4)));
    for (size_t f = 0; f < files.size(); ++f) {
      EXPECT_TRUE(content("straight", files[f]) == before[f]) << files[f];
    }
  }
}

}  // namespace
}  // namespace norma::lab
