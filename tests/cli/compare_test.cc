// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <chrono>
#include <cmath>

#include "tests/cli/program.h"
#include "tests/support/tiny_pictures.h"

namespace norma::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGood[] = "pre-layernorm-warmup0-lr0.01-xavier-seed";
constexpr char kWild[] = "none-layernorm-warmup0-lr1000-xavier-seed";

class Compare : public Program {
 protected:
  void write_recipe(const std::string& configurations, int64_t steps) const {
    folder_.write("recipe.toml",
                  "name = \"tiny\"\n"
                  "[data]\nname = \"pairs.tsv\"\nvalid_percent = 20\nvocab_size = 80\n"
                  "[model]\nd_model = 16\nheads = 2\nffn = 32\nencoder_layers = 1\n"
                  "decoder_layers = 1\nmax_length = 64\ndropout = 0.1\n"
                  "[train]\nlr = 0.01\nbatch_size = 8\nlog_every = 1\nvalid_every = 6\n"
                  "checkpoint_every = 5\nsteps = " + std::to_string(steps) +
                      "\n[compare]\nseed = [1, 2]\njobs = 2\n" + configurations);
  }
  ProcessEnd compare(const Words& more = {}) const {
    return norma(Words{"compare", "recipe.toml", "--out", "out"} + more);
  }
  static std::string member(const std::string& name, int seed) {
    return "out/members/" + name + std::to_string(seed);
  }
};

// Perceptrons of two batch sizes, with and without statistics of the batch.
TEST_F(Compare, PicturesByBatchSize) {
  write_tiny_pictures(path("pictures"));
  folder_.write("recipe.toml",
                "name = \"tiny\"\n[data]\nname = \"pictures\"\n[model]\nfamily = \"mlp\"\n"
                "d_model = 16\ndecoder_layers = 2\n"
                "[train]\nlr = 0.01\nsteps = 12\nvalid_every = 6\n"
                "[compare]\nbatch_size = [4, 30]\nseed = [1, 2]\njobs = 2\n"
                "[[compare.configuration]]\nplacement = \"none\"\n"
                "[[compare.configuration]]\nnorm = [\"layernorm\", \"batchnorm\"]\n");
  const ProcessEnd end = compare();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_THAT(end.out, EndsWith("\nout/report.html\n"));
  const nlohmann::json s = summary("out");
  ASSERT_EQ(s["members"].size(), 2u * 2 * 3);
  EXPECT_EQ(s["axes"]["batch_size"], (nlohmann::json{4, 30}));
  EXPECT_NEAR(s["unigram_loss"].get<double>(), std::log(3.0), 1e-12);
  for (const nlohmann::json& m : s["members"]) {
    EXPECT_EQ(m["status"], "done");
    EXPECT_EQ(m["data"]["train_pictures"], 90);
    EXPECT_EQ(m["data"]["classes"], 3);
    EXPECT_GE(m["result"]["accuracy"].get<double>(), 0.0);
    EXPECT_LE(m["result"]["accuracy"].get<double>(), 1.0);
  }
  EXPECT_EQ(s["timing"].size(), 2u);
  EXPECT_EQ(s["probes"][0]["gradient_norm"]["layers"].size(), 2u);
  const std::string page = read_text(path("out/report.html"));
  for (const char* words : {"What the batch size changes", "pre BatchNorm", ">accuracy<"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
}

TEST_F(Compare, GoesOnWhereAMemberDivergesAndReportsIt) {
  write_recipe("[[compare.configuration]]\nplacement = \"pre\"\n"
               "[[compare.configuration]]\nplacement = \"none\"\nlr = 1000.0\n", 12);
  const ProcessEnd end = compare();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_THAT(end.out, EndsWith("\nout/report.html\n"));
  EXPECT_EQ(std::count(end.out.begin(), end.out.end(), '\n'), 2) << "the verdict and the path";
  EXPECT_THAT(end.err, HasSubstr(std::string(kWild) + "1: diverged at step "));
  EXPECT_THAT(end.err, Not(HasSubstr("\r"))) << "no line that moves where there is no terminal";
  EXPECT_THAT(end.err, Not(HasSubstr("\033")));

  const nlohmann::json s = summary("out");
  EXPECT_EQ(s["status"], "done");
  ASSERT_EQ(s["members"].size(), 4u);
  for (const nlohmann::json& m : s["members"]) {
    EXPECT_EQ(m["status"], m["model"]["placement"] == "none" ? "diverged" : "done") << m["name"];
  }
  EXPECT_EQ(s["probes"].size(), 4u);
  ASSERT_EQ(s["timing"].size(), 1u) << "where there is no norm, nothing is timed";
  EXPECT_EQ(s["timing"][0]["saved_bytes_per_row"], 16 * 4 + 3 * 4);
  const std::string page = read_text(path("out/report.html"));
  EXPECT_THAT(page, HasSubstr("diverged"));
  EXPECT_THAT(page, HasSubstr(kWild));

  // Everything is there: the same words in a moment, nothing is trained.
  const auto time = std::filesystem::last_write_time(path(member(kGood, 1) + "/metrics.jsonl"));
  const ProcessEnd again = compare();
  expect_done(again);
  EXPECT_EQ(again.out, end.out);
  EXPECT_EQ(std::filesystem::last_write_time(path(member(kGood, 1) + "/metrics.jsonl")), time);
}

TEST_F(Compare, StoppedByCtrlCTheSameCommandGoesOn) {
  write_recipe("probe = false\ntiming = false\n", 150);
  Process p = process({"compare", "recipe.toml", "--out", "out"});
  p.signal = SIGINT;
  p.when = [&] {
    return read_text(path(member(kGood, 1) + "/metrics.jsonl")).size() > 1000 &&
           read_text(path(member(kGood, 2) + "/metrics.jsonl")).size() > 1000;
  };
  expect_error(run_process(p), 130, {"interrupted", "The same command goes on"});
  EXPECT_FALSE(exists("out/summary.json"));
  for (const int seed : {1, 2}) {
    EXPECT_EQ(summary(member(kGood, seed))["status"], "interrupted");
    EXPECT_TRUE(exists(member(kGood, seed) + "/state.safetensors")) << "told, and waited for";
  }
  EXPECT_EQ(compare().exit_code, 0);
  const Words whole = {"compare", "recipe.toml", "--out", "straight"};
  EXPECT_EQ(norma(whole).exit_code, 0);
  for (const int seed : {1, 2}) {
    const std::string run = member(kGood, seed);
    EXPECT_EQ(metrics(run), metrics("straight" + run.substr(3)));
  }
}

// A file-size limit that members inherit: each fails by itself, and the comparison says why.
TEST_F(Compare, AMemberThatFailsIsNamedWithItsReason) {
  write_recipe("probe = false\ntiming = false\n", 12);
  Process p = process({"compare", "recipe.toml", "--out", "out", "--jobs", "1"});
  p.file_size_limit = 6000;
  const ProcessEnd end = run_process(p);
  expect_error(end, 1, {std::string("run ") + kGood + "1 failed (exit code 1)", "Free some space"});
  EXPECT_FALSE(exists(member(kGood, 2) + "/metrics.jsonl")) << "an error of one ends all";
  const ProcessEnd again = compare();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(summary("out")["members"].size(), 2u);
}

TEST_F(Compare, FlagsOverrideTheRecipe) {
  write_recipe("probe = true\ntiming = true\n", 150);
  const ProcessEnd end = compare({"--seed", "3", "--norm", "layernorm,rmsnorm", "--steps", "6",
                                  "--no-probe", "--no-timing"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  const nlohmann::json s = summary("out");
  ASSERT_EQ(s["members"].size(), 2u);
  EXPECT_EQ(s["members"][1]["model"]["norm"], "rmsnorm");
  EXPECT_EQ(s["members"][1]["seed"], 3);
  EXPECT_EQ(s["members"][1]["result"]["step"], 6);
  EXPECT_FALSE(s.contains("probes"));
  EXPECT_FALSE(s.contains("timing"));
  expect_error(compare({"--steps", "6,7"}), 2, {"--steps", "no axis"});
  expect_error(compare({"--lr", "1e-2,0.01"}), 2, {"--lr: ", "each value once", "0.01 twice"});
  for (const auto& [flag, value] : {std::pair<std::string, std::string>{"--norm", "rmsnorm"},
                                    {"--placement", "pre"},
                                    {"--seed", "3"}}) {
    expect_error(compare({flag, value + "," + value}), 2, {flag + ": ", value + " twice"});
  }
}

}  // namespace
}  // namespace norma::test
