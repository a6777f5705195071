// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A training that is stopped: by Ctrl-C, by a kill at any moment, at each write of a file.

#include <chrono>
#include <random>

#include "tests/cli/program.h"
#include "weights/safetensors.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;

constexpr int kKilled = 128 + SIGKILL;

class Train : public Program {
 protected:
  // 200 steps, long enough to be met under way; every step's loss is in metrics.jsonl.
  static constexpr int64_t kSteps = 200, kEvery = 20;
  Words longer(const std::string& out) const {
    return Words{"train", "--data", "pairs.tsv", "--out", out, "--steps", std::to_string(kSteps),
                 "--log-every", "1", "--valid-every", "50",
                 "--checkpoint-every", std::to_string(kEvery)} +
           tiny_model();
  }
  // Steps that metrics.jsonl has a line of; a line that a kill cut off is none.
  int64_t steps_told(const std::string& run) const {
    std::istringstream text(read_text(path(run + "/metrics.jsonl")));
    int64_t steps = 0;
    for (std::string line; std::getline(text, line) && !text.eof();) {
      steps += line.find("\"kind\":\"train\"") != std::string::npos;
    }
    return steps;
  }
  // The step that a checkpoint file is of, 0 where there is none; fails where it is not whole.
  int64_t saved_step(const std::string& file) const {
    if (!exists(file)) return 0;
    const auto opened = weights::SafetensorsFile::open(path(file));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return opened.ok() ? std::stoll(opened.value().metadata().at("step")) : 0;
  }
  void expect_same_run(const std::string& run, const std::string& straight) const {
    EXPECT_EQ(metrics(run), metrics(straight)) << run;
    EXPECT_TRUE(read_text(path(run + "/checkpoint.safetensors")) ==
                read_text(path(straight + "/checkpoint.safetensors")))
        << run;
    EXPECT_EQ(summary(run)["result"]["valid_loss"], summary(straight)["result"]["valid_loss"]);
  }
};

TEST_F(Train, CtrlCKeepsWhatIsDoneAndResumeGoesOnToTheSameBits) {
  expect_done(norma(longer("straight")));
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string run = signal == SIGINT ? "int" : "term";
    Process p = process(longer(run));
    p.signal = signal;
    p.when = [&] { return steps_told(run) >= 30; };
    const ProcessEnd end = run_process(p);
    const int64_t step = saved_step(run + "/state.safetensors");
    expect_error(end, 130, {"interrupted at step " + std::to_string(step) + ".",
                            "norma train --resume --out " + run + "\n"});
    EXPECT_GE(step, 30) << "no finished step is lost";
    EXPECT_LT(step, kSteps);
    EXPECT_EQ(saved_step(run + "/checkpoint.safetensors"), step);
    EXPECT_EQ(summary(run)["status"], "interrupted");
    expect_done(norma({"train", "--resume", "--out", run}));
    expect_same_run(run, "straight");
  }
}

TEST_F(Train, KillsAtAnyMomentLoseAtMostTheWorkSinceTheLastCheckpoint) {
  const auto start = std::chrono::steady_clock::now();
  expect_done(norma(longer("straight")));
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;

  std::mt19937 random(20260131);
  int64_t saved = 0;
  int killed = 0;
  // Each starts again where the last one was killed, so the later ones may finish.
  for (int i = 0; i < 6; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto moment = whole * std::uniform_real_distribution<>(0.2, 0.8)(random);
    Process p = process(longer("run") + Words{"--resume"});
    p.signal = SIGKILL;
    p.when = [&] { return std::chrono::steady_clock::now() - begin > moment; };
    const ProcessEnd end = run_process(p);
    if (end.exit_code == 0) break;
    ASSERT_EQ(end.exit_code, kKilled) << end.err;
    ++killed;
    if (exists("run/summary.json")) break;  // killed between its result and its end
    const int64_t step = saved_step("run/state.safetensors");
    saved_step("run/checkpoint.safetensors");
    EXPECT_GE(step, saved) << "a kill takes no checkpoint away";
    EXPECT_LE(steps_told("run") - step, kEvery);
    saved = step;
  }
  EXPECT_GE(killed, 1);
  expect_done(norma({"train", "--resume", "--out", "run"}));
  expect_same_run("run", "straight");
}

TEST_F(Train, KillsTakeNothingFromAFinishedRun) {
  expect_done(train("run"));
  const auto content = [this] {
    std::vector<std::string> files;
    for (const char* name : {"config.toml", "metrics.jsonl", "summary.json",
                             "checkpoint.safetensors", "state.safetensors", "tokenizer.json"}) {
      files.push_back(read_text(path(std::string("run/") + name)));
    }
    return files;
  };
  const auto before = content();
  std::mt19937 random(7);
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const std::chrono::milliseconds moment(std::uniform_int_distribution<>(1, 400)(random));
    Process p = process({"train", "--resume", "--out", "run"});
    p.signal = SIGKILL;
    p.when = [&] { return std::chrono::steady_clock::now() - begin > moment; };
    run_process(p);
    EXPECT_TRUE(content() == before);
  }
}

// Two names of one moment, told apart so that both are met.
TEST_F(Train, AnEndAtEachWriteOfAFileIsRecoveredFrom) {
  expect_done(train("straight"));
  int write = 1;
  for (;; ++write) {
    const std::string run = "run" + std::to_string(write);
    Process p = process(Words{"train", "--data", "pairs.tsv", "--out", run} + tiny_training());
    p.environment = {{"NORMA_FAIL_POINT",
                      (write % 2 ? "after_temporary_write:" : "before_rename:") +
                          std::to_string(write)}};
    const ProcessEnd end = run_process(p);
    if (end.exit_code == 0) break;
    ASSERT_EQ(end.exit_code, 99) << end.err;
    EXPECT_FALSE(exists(run + "/summary.json")) << "it is the last file";
    const int64_t step = saved_step(run + "/state.safetensors");
    EXPECT_LE(saved_step(run + "/checkpoint.safetensors"), step) << "the state is written first";
    expect_done(train(run, {"--resume"}));
    expect_same_run(run, "straight");
  }
  // Recipe, environment and vocabulary; checkpoints of two files at steps 5, 10 and 12; the model
  // once more and the summary.
  EXPECT_EQ(write - 1, 3 + 3 * 2 + 2);
}

}  // namespace
}  // namespace norma::test
