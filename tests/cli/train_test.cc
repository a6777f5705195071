// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A training that is stopped. Kills, which the program has no part in, are met in
// tests/lab/train/kills_test.cc.

#include "tests/cli/program.h"
#include "tests/support/tiny_pictures.h"

namespace norma::test {
namespace {

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
  void expect_same_run(const std::string& run, const std::string& straight) const {
    EXPECT_EQ(metrics(run), metrics(straight)) << run;
    EXPECT_TRUE(read_text(path(run + "/checkpoint.safetensors")) ==
                read_text(path(straight + "/checkpoint.safetensors")))
        << run;
    EXPECT_EQ(summary(run)["result"]["valid_loss"], summary(straight)["result"]["valid_loss"]);
  }
};

TEST_F(Train, AnInterruptThatTheCallerIgnoresIsIgnored) {
  Process p = process(longer("run"));
  p.ignores_interrupts = true;
  p.signal = SIGINT;
  p.when = [&] { return steps_told(path("run")) >= 30; };
  expect_done(run_process(p));
  EXPECT_EQ(summary("run")["status"], "done");
}

// From zero, it would write over what is there.
TEST_F(Train, ACheckpointWithoutItsStateIsNotResumed) {
  Process p = process(longer("run"));
  p.signal = SIGINT;
  p.when = [&] { return steps_told(path("run")) >= 30; };
  EXPECT_EQ(run_process(p).exit_code, 130);
  std::filesystem::remove(path("run/state.safetensors"));
  const std::string before = read_text(path("run/checkpoint.safetensors"));
  expect_error(norma({"train", "--resume", "--out", "run"}), 1,
               {"run/state.safetensors is missing", "--out"});
  EXPECT_EQ(read_text(path("run/checkpoint.safetensors")), before);
}

TEST_F(Train, APerceptronLearnsPicturesAndIsNoLanguageModel) {
  write_tiny_pictures(path("pictures"));
  const Words words = {"train",    "--data",       "pictures", "--family",  "mlp",
                       "--norm",   "batchnorm",    "--lr",     "1e-2",      "--steps",
                       "60",       "--batch-size", "30",       "--d-model", "16",
                       "--out",    "run",          "--decoder-layers",      "2"};
  const ProcessEnd trained = norma(words);
  expect_done(trained);
  EXPECT_THAT(trained.out, ::testing::ContainsRegex("validation loss [0-9.]+, training loss [0-9.]+"
                                                    ", accuracy [0-9.]+ %"));
  // The bright columns stand far above the noise.
  EXPECT_GE(summary("run")["result"]["accuracy"].get<double>(), 0.9);
  EXPECT_FALSE(exists("run/tokenizer.json"));
  EXPECT_THAT(metrics("run").back().dump(), ::testing::HasSubstr("\"accuracy\":"));
  expect_error(norma({"generate", "run"}), 1, {"tells pictures apart and cannot continue a text"});
  expect_error(norma({"translate", "run", "--text", "x"}), 1, {"translates nothing"});
  const ProcessEnd inspected = norma({"inspect", "run"});
  expect_done(inspected);
  EXPECT_THAT(inspected.out, ::testing::HasSubstr("2 hidden layers, classes 3"));
  EXPECT_THAT(inspected.out, ::testing::HasSubstr("layers 1 "));
  const ProcessEnd data = norma({"data", "pictures"});
  expect_done(data);
  EXPECT_THAT(data.out, ::testing::HasSubstr("90 pictures of 20 pixels to train on, 30 held out, 3 "
                                             "classes"));
  expect_done(norma({"report", "run"}));
  expect_error(norma({"train", "--data", "pairs.tsv", "--family", "gpt", "--norm", "batchnorm"}), 2,
               {"told of the positions it is to predict"});
}

TEST_F(Train, CtrlCKeepsWhatIsDoneAndResumeGoesOnToTheSameBits) {
  expect_done(norma(longer("straight")));
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string run = signal == SIGINT ? "int" : "term";
    Process p = process(longer(run));
    p.signal = signal;
    p.when = [&] { return steps_told(path(run)) >= 30; };
    const ProcessEnd end = run_process(p);
    const int64_t step = saved_step(path(run + "/state.safetensors"));
    expect_error(end, 130, {"interrupted at step " + std::to_string(step) + ".",
                            "norma train --resume --out " + run + "\n"});
    EXPECT_GE(step, 30) << "no finished step is lost";
    EXPECT_LT(step, kSteps);
    EXPECT_EQ(saved_step(path(run + "/checkpoint.safetensors")), step);
    EXPECT_EQ(summary(run)["status"], "interrupted");
    expect_done(norma({"train", "--resume", "--out", run}));
    expect_same_run(run, "straight");
  }
}

}  // namespace
}  // namespace norma::test
