// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/contrasts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/lab/report/synthetic_run.h"

namespace norma::lab::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The findings of each section of a folder's report, by the section's id.
std::map<std::string, std::string> findings_of(const SyntheticFolder& folder) {
  TemporaryFolder path;
  write_folder(folder, path.path());
  const Result<RunFolder> read = read_run_folder(path.path());
  EXPECT_TRUE(read.ok()) << read.status().message();
  std::map<std::string, std::string> findings;
  if (!read.ok()) return findings;
  for (const Contrast& c : make_contrasts(read.value(), make_grid(read.value().runs))) {
    for (const std::string& words : c.findings) findings[c.id] += words + "\n";
    for (const auto& row : c.table.rows) EXPECT_EQ(row.size(), c.table.header.size()) << c.id;
  }
  return findings;
}

SyntheticRun variant(const std::string& placement, int warmup = 0,
                     const std::string& init = "xavier") {
  SyntheticRun run;
  run.placement = placement;
  run.warmup_steps = warmup;
  run.init = init;
  return run;
}

TEST(Contrasts, LearnsNextToNothingOnlyWithinTheMargin) {
  SyntheticFolder f;
  f.unigram = true;  // 5.90
  add_runs(f, variant("post"), {5.90, 5.85, 5.88});
  add_runs(f, variant("pre"), {4.07, 4.06, 4.08});
  EXPECT_THAT(
      findings_of(f)["without-warmup"],
      AllOf(HasSubstr("Word frequencies alone give 5.90"),
            HasSubstr("Post LayerNorm without warm-up learns next to nothing at lr 0.003 (5.88 "
                      "\u00b1 0.03, 3 seeds)."),
            HasSubstr(
                "Pre LayerNorm without warm-up learns at lr 0.003 (4.07 \u00b1 0.01, 3 seeds).")));
  for (SyntheticRun& run : f.runs)
    run.valid_loss = 10 - run.valid_loss + (run.placement == "pre" ? 0 : 0.1);
  EXPECT_THAT(findings_of(f)["without-warmup"],
              AllOf(HasSubstr("Pre LayerNorm without warm-up learns next to nothing"),
                    Not(HasSubstr("Post LayerNorm without warm-up learns next"))));
}

TEST(Contrasts, WarmupHelpsHurtsOrShowsNoEffect) {
  SyntheticFolder f;
  add_runs(f, variant("post"), {5.9, 5.9, 5.9});
  add_runs(f, variant("post", 150), {5.5, 5.52, 5.48});
  add_runs(f, variant("pre"), {4.0, 4.1, 4.2});
  add_runs(f, variant("pre", 150), {4.1, 4.2, 4.3});
  add_runs(f, variant("none"), {5.0, 5.1, 5.2});
  add_runs(f, variant("none", 150), {5.1, 5.0, 5.2});
  const std::string words = findings_of(f)["warmup"];
  EXPECT_THAT(words, HasSubstr("Post LayerNorm: warm-up of 150 steps helps at lr 0.003 by 0.40 "
                               "\u00b1 0.05 nats over 3 paired seeds."));
  EXPECT_THAT(words, HasSubstr("Pre LayerNorm: warm-up of 150 steps hurts at lr 0.003 by 0.10"));
  EXPECT_THAT(words, HasSubstr("No norm: warm-up of 150 steps shows no effect at lr 0.003"));
}

TEST(Contrasts, InitialisationsAreComparedAllElseEqual) {
  SyntheticFolder f;
  add_runs(f, variant("post", 150), {5.5, 5.6, 5.7});
  add_runs(f, variant("post", 150, "packed-xavier"), {4.6, 4.7, 4.8});
  add_runs(f, variant("pre", 0, "packed-xavier"), {4.0, 4.0, 4.0});
  const std::string words = findings_of(f)["initialisation"];
  EXPECT_THAT(words, HasSubstr("Post LayerNorm: packed-xavier instead of xavier helps at lr 0.003 "
                               "with 150 warm-up steps by 0.90"));
  EXPECT_THAT(words, Not(HasSubstr("Pre LayerNorm")));
}

// Against the largest, by number and not by text; and the norms in each.
TEST(Contrasts, BatchSizesAreComparedAllElseEqual) {
  SyntheticFolder f;
  const auto add = [&](const char* norm, int batch_size, const std::vector<double>& losses) {
    SyntheticRun run = variant("pre");
    run.norm = norm;
    run.batch_size = batch_size;
    run.accuracy = 0.8;
    add_runs(f, run, losses);
  };
  add("batchnorm", 128, {0.40, 0.41, 0.42});
  add("batchnorm", 4, {0.90, 0.91, 0.92});
  add("layernorm", 4, {0.50, 0.51, 0.52});
  add("layernorm", 128, {0.40, 0.41, 0.42});
  auto findings = findings_of(f);
  EXPECT_THAT(findings["batch-size"],
              AllOf(HasSubstr("Pre BatchNorm: a batch of 4 instead of 128 hurts at lr 0.003 "
                              "without warm-up by 0.50"),
                    HasSubstr("Pre LayerNorm: a batch of 4 instead of 128 hurts"),
                    HasSubstr("by 0.10")));
  EXPECT_THAT(findings["norms"], HasSubstr("depends on the batch size: "));
  for (SyntheticRun& run : f.runs) {
    if (run.batch_size == 4) run.valid_loss = 0.39 + 0.01 * run.seed;
  }
  EXPECT_THAT(findings_of(f)["batch-size"],
              HasSubstr("Pre BatchNorm: a batch of 4 instead of 128 shows no effect"));
  for (SyntheticRun& run : f.runs) run.batch_size = 32;
  f.runs.resize(3);
  EXPECT_EQ(findings_of(f).count("batch-size"), 0u);
}

TEST(Contrasts, GradientWordsFollowTheRatio) {
  SyntheticFolder f;
  add_runs(f, variant("post"), {5.9});
  for (int seed = 1; seed <= 2; ++seed) {
    f.probes.push_back(probe("post", "layernorm", "xavier", seed, seed == 1 ? 8.0 : 18.0));
    f.probes.push_back(probe("pre", "layernorm", "xavier", seed, 0.9));
    f.probes.push_back(probe("none", "layernorm", "xavier", seed, 0.25));
  }
  // The geometric mean of 8 and 18 is 12.
  EXPECT_THAT(findings_of(f)["gradients"],
              AllOf(HasSubstr("grows 12.0x (8.00x to 18.0x, 2 seeds) under post LayerNorm"),
                    HasSubstr("stays level, 0.90x (0.90x to 0.90x, 2 seeds) under pre LayerNorm"),
                    HasSubstr("falls to 0.25x (0.25x to 0.25x, 2 seeds) under no norm")));
  for (Json& p : f.probes) {
    auto& decoder = p["gradient_norm"]["decoder"];
    std::reverse(decoder.begin(), decoder.end());
  }
  EXPECT_THAT(findings_of(f)["gradients"],
              HasSubstr("falls to 0.08x (0.06x to 0.12x, 2 seeds) under post LayerNorm"));
}

TEST(Contrasts, IndependenceIsSaidAsMeasured) {
  SyntheticFolder f;
  add_runs(f, variant("pre"), {4.0});
  f.independence = true;
  EXPECT_THAT(findings_of(f)["independence"],
              AllOf(HasSubstr("LayerNorm leaves it as it was, to the last bit"),
                    HasSubstr("BatchNorm changes it by up to 0.31")));
}

// A measured change is a double of up to 17 digits; a tiny one must not become 0.
TEST(Contrasts, AChangeIsRounded) {
  RunFolder folder;
  folder.independence = Independence{1.52587890625e-05, 0.8665734529495239};
  const std::vector<Contrast> contrasts = make_contrasts(folder, Grid{});
  ASSERT_EQ(contrasts.size(), 1u);
  EXPECT_THAT(contrasts[0].findings[0],
              AllOf(HasSubstr("LayerNorm changes it by up to 1.53e-05, "),
                    HasSubstr("BatchNorm changes it by up to 0.867.")));
}

TEST(Contrasts, BleuSaysWhenItIsNoTranslation) {
  SyntheticFolder f;
  SyntheticRun run = variant("pre");
  run.bleu = 1.9;
  add_runs(f, run, {4.0, 4.0, 4.0});
  f.bleu_note = "too short to translate";
  EXPECT_THAT(findings_of(f)["bleu"],
              AllOf(HasSubstr("pairs is 2.10 \u00b1 0.10"),
                    HasSubstr("After 300 steps of training, a BLEU of 2.10 \u00b1 0.10 is too low "
                              "to be a translation."),
                    HasSubstr("too short")));
  for (SyntheticRun& r : f.runs) r.steps = 70;
  EXPECT_THAT(findings_of(f)["bleu"], HasSubstr("After 70 steps of training, a BLEU of 2.10"));
  for (SyntheticRun& r : f.runs) r.bleu = 25;
  EXPECT_THAT(findings_of(f)["bleu"], AllOf(HasSubstr("25.20"), Not(HasSubstr("too low"))));
}

TEST(Contrasts, WhatWasNotMeasuredHasNoSection) {
  SyntheticFolder f;
  add_runs(f, variant("post"), {5.9, 5.9, 5.9});
  add_runs(f, variant("pre"), {4.0, 4.1, 4.2});
  const auto findings = findings_of(f);
  EXPECT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.count("placements"), 1u);
}

}  // namespace
}  // namespace norma::lab::report
