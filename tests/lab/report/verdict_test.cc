// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Run folders whose outcome is known: the verdict must follow the numbers, whichever way they
// point.

#include "lab/report/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "lab/report/report.h"
#include "tests/lab/report/synthetic_run.h"

namespace norma::lab::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string line_of(const SyntheticFolder& folder) {
  TemporaryFolder path;
  write_folder(folder, path.path());
  const Result<std::string> line = verdict_line(path.path());
  EXPECT_TRUE(line.ok()) << line.status().message();
  return line.ok() ? line.value() : "";
}

SyntheticRun variant(const std::string& placement, const std::string& norm, double lr = 0.003,
                     int warmup = 0) {
  SyntheticRun run;
  run.placement = placement;
  run.norm = norm;
  run.lr = lr;
  run.warmup_steps = warmup;
  return run;
}

SyntheticFolder post_against_pre(const std::vector<double>& post, const std::vector<double>& pre) {
  SyntheticFolder f;
  add_runs(f, variant("post", "layernorm"), post);
  add_runs(f, variant("pre", "layernorm"), pre);
  return f;
}

TEST(Verdict, NamesTheBetterPlaceTheRateTheSeedsAndTheSpread) {
  // Differences 1.83, 1.85, 1.81: mean 1.83, sd 0.02, interval 4.303 * 0.02 / sqrt(3) = 0.0497.
  const std::string line = line_of(post_against_pre({5.90, 5.91, 5.89}, {4.07, 4.06, 4.08}));
  EXPECT_EQ(line,
            "Choose pre LayerNorm: it comes out ahead. On en-de at lr 0.003 without warm-up: pre "
            "LayerNorm (4.07 \u00b1 "
            "0.01) beats post LayerNorm (5.90 \u00b1 0.01) by 1.83 \u00b1 0.05 nats over 3 paired "
            "seeds.");
}

TEST(Verdict, TheOppositeOutcomeGivesTheOppositeVerdict) {
  const std::string line = line_of(post_against_pre({4.07, 4.06, 4.08}, {5.90, 5.91, 5.89}));
  EXPECT_THAT(line, StartsWith("Choose post LayerNorm: it comes out ahead."));
  EXPECT_THAT(
      line,
      HasSubstr(
          "post LayerNorm (4.07 \u00b1 0.01) beats pre LayerNorm (5.90 \u00b1 0.01) by 1.83"));
  EXPECT_THAT(line, Not(HasSubstr("pre LayerNorm (5.90 \u00b1 0.01) beats")));
}

TEST(Verdict, TheDemosOutcomeReversedReversesEverySentence) {
  SyntheticFolder f = demo_folder();
  const std::string before = line_of(f);
  EXPECT_THAT(before, StartsWith("Choose pre RMSNorm: its loss ties with pre LayerNorm in all 4 "
                                 "settings that have both, and its norm "
                                 "takes 0.71x the time."));
  EXPECT_THAT(before, HasSubstr("pre LayerNorm beats post LayerNorm in all 6 settings by 0.45"));
  for (SyntheticRun& run : f.runs) run.valid_loss = 10 - run.valid_loss;
  for (Json& t : f.timing) std::swap(t["forward_ns_per_row"], t["backward_ns_per_row"]);
  const std::string after = line_of(f);
  EXPECT_THAT(after, StartsWith("Choose post LayerNorm: it comes out ahead in all 6 settings."));
  EXPECT_THAT(after, HasSubstr("post LayerNorm beats pre LayerNorm in all 6 settings by 0.45"));
}

TEST(Verdict, AnIntervalThatHoldsZeroIsATie) {
  // Differences 0.03, -0.03, 0.03: mean 0.01, sd 0.0346, interval 4.303 * 0.0346 / sqrt(3) = 0.086.
  const std::string line = line_of(post_against_pre({4.08, 4.04, 4.13}, {4.05, 4.07, 4.10}));
  EXPECT_THAT(line, StartsWith("A tie: post LayerNorm and pre LayerNorm end at the same loss."));
  EXPECT_THAT(line, HasSubstr("ties with"));
  EXPECT_THAT(line, Not(HasSubstr("too wide")));
}

TEST(Verdict, AWideIntervalIsNoTie) {
  // Differences 0.05, -0.20, 0.30: mean 0.05, sd 0.25, interval 4.303 * 0.25 / sqrt(3) = 0.621.
  SyntheticFolder f = post_against_pre({4.10, 4.00, 4.30}, {4.05, 4.20, 4.00});
  const std::string line = line_of(f);
  EXPECT_THAT(line, StartsWith("No choice yet: 3 paired seeds show no difference between post "
                               "LayerNorm and pre LayerNorm (\u00b1 0.62 nats, too wide to call "
                               "them equal)."));
  EXPECT_THAT(line, HasSubstr("0.050 \u00b1 0.621 nats over 3 paired seeds, an interval too wide"));
  EXPECT_THAT(line, Not(HasSubstr("tie")));
  // The cheaper norm is named, and not chosen for a tie that is not shown.
  add_runs(f, variant("pre", "rmsnorm"), {4.30, 4.10, 4.01});
  f.timing = {timing("layernorm", "post", 30, 70), timing("layernorm", "pre", 30, 70),
              timing("rmsnorm", "pre", 19, 52)};
  const std::string norms = line_of(f);
  EXPECT_THAT(norms, StartsWith("No choice yet: 3 paired seeds show no difference between post "
                                "LayerNorm, pre LayerNorm and pre RMSNorm ("));
  EXPECT_THAT(norms, HasSubstr("; the norm of pre RMSNorm takes 0.71x and 0.71x the time of post "
                               "LayerNorm and pre LayerNorm's."));
  EXPECT_THAT(norms, Not(HasSubstr("tie")));
  for (size_t i = 0; i < 3; ++i) f.runs[i].valid_loss = 5.9;  // post is beaten
  EXPECT_THAT(line_of(f), StartsWith("Choose pre LayerNorm or pre RMSNorm: 3 paired seeds show no "
                                     "difference between them (\u00b1 "));
}

TEST(Verdict, AWideIntervalInSeveralSettingsIsSaidOfAnyOfThem) {
  SyntheticFolder f = post_against_pre({4.10, 4.00, 4.30}, {4.05, 4.20, 4.00});
  for (const double lr : {0.001, 0.01}) {
    add_runs(f, variant("post", "layernorm", lr), {4.10, 4.00, 4.30});
    add_runs(f, variant("pre", "layernorm", lr), {4.05, 4.20, 4.00});
  }
  const std::string line = line_of(f);
  EXPECT_THAT(line, StartsWith("No choice yet: 3 paired seeds show no difference between post "
                               "LayerNorm and pre LayerNorm in any of 3 settings (\u00b1 0.62 "));
  EXPECT_THAT(line, HasSubstr("is shown in any of 3 settings: "));
}

// The smallest and the largest difference are given, and the widest interval is of neither.
TEST(Verdict, TheWidestIntervalIsNamed) {
  SyntheticFolder f;
  for (const double lr : {0.001, 0.002, 0.003}) {
    const double shift = lr == 0.001 ? -0.01 : 0.02;
    const std::vector<double> narrow = {3.98 + shift, 4.00 + shift, 4.02 + shift};
    add_runs(f, variant("post", "layernorm", lr), {4.00, 4.00, 4.00});
    add_runs(f, variant("pre", "layernorm", lr),
             lr == 0.002 ? std::vector<double>{3.9, 4.0, 4.1} : narrow);
  }
  // Its sd is 0.1: 4.303 * 0.1 / sqrt(3) = 0.248.
  EXPECT_THAT(line_of(f), HasSubstr("an interval of \u00b1 0.25 nats (lr 0.002 without warm-up) "
                                    "too wide to call them equal"));
}

TEST(Verdict, AWideIntervalInOneOfTwoSettingsIsSaid) {
  SyntheticFolder f = post_against_pre({4.10, 4.00, 4.30}, {4.05, 4.20, 4.00});
  add_runs(f, variant("post", "layernorm", 0.001), {5.90, 5.91, 5.89});
  add_runs(f, variant("pre", "layernorm", 0.001), {4.07, 4.06, 4.08});
  const std::string line = line_of(f);
  EXPECT_THAT(line, StartsWith("Choose pre LayerNorm: it is ahead in 1 of 2 settings, and no other "
                               "is shown to be ahead of it in the rest."));
  EXPECT_THAT(line, Not(HasSubstr("tie")));
  for (size_t i = 6; i < 12; ++i) f.runs[i].placement = i < 9 ? "pre" : "none";
  EXPECT_THAT(line_of(f), AllOf(StartsWith("No single choice, it depends on the learning rate: "),
                                HasSubstr("post LayerNorm and pre LayerNorm are not told apart at "
                                          "lr 0.003")));
}

TEST(Verdict, ASteadyDifferenceBelowTheMarginIsATie) {
  const std::string line = line_of(post_against_pre({4.010, 4.020, 4.030}, {4.000, 4.010, 4.020}));
  EXPECT_THAT(line, StartsWith("A tie: "));
  EXPECT_THAT(line, Not(HasSubstr("too wide")));
  EXPECT_THAT(line_of(post_against_pre({4.030, 4.040, 4.050}, {4.000, 4.010, 4.020})),
              StartsWith("Choose pre"));
}

TEST(Verdict, SaysWhenItDependsOnTheLearningRate) {
  SyntheticFolder f = post_against_pre({5.90, 5.91, 5.89}, {4.07, 4.06, 4.08});
  add_runs(f, variant("post", "layernorm", 0.0003), {4.20, 4.21, 4.19});
  add_runs(f, variant("pre", "layernorm", 0.0003), {4.50, 4.51, 4.49});
  const std::string line = line_of(f);
  EXPECT_THAT(line, StartsWith("No single choice, it depends on the learning rate: "));
  EXPECT_THAT(line, HasSubstr("post LayerNorm at lr 0.0003 without warm-up"));
  EXPECT_THAT(line, HasSubstr("pre LayerNorm at lr 0.003 without warm-up"));
  EXPECT_THAT(line, HasSubstr("depends on the learning rate: pre LayerNorm (4.07"));
}

TEST(Verdict, SaysWhenItDependsOnWarmup) {
  SyntheticFolder f;
  for (const double lr : {0.001, 0.003}) {
    add_runs(f, variant("post", "layernorm", lr, 0), {5.90, 5.91, 5.89});
    add_runs(f, variant("pre", "layernorm", lr, 0), {4.07, 4.06, 4.08});
    add_runs(f, variant("post", "layernorm", lr, 100), {4.00, 4.01, 4.02});
    add_runs(f, variant("pre", "layernorm", lr, 100), {4.00, 4.02, 4.01});
  }
  const std::string line = line_of(f);
  EXPECT_THAT(line, HasSubstr("depends on warm-up"));
  EXPECT_THAT(line, StartsWith("Choose pre LayerNorm: it is ahead in 2 of 4 settings, and ties for "
                               "the lead in the rest."));
}

TEST(Verdict, AVariantIsNotHeldBackByASettingItWasNotRunIn) {
  SyntheticFolder f;
  for (const int warmup : {0, 50, 100}) {
    add_runs(f, variant("post", "layernorm", 0.003, warmup), {5.90, 5.91, 5.89});
    add_runs(f, variant("pre", "layernorm", 0.003, warmup), {4.07, 4.06, 4.08});
    if (warmup > 0) add_runs(f, variant("pre", "rmsnorm", 0.003, warmup), {4.071, 4.062, 4.079});
  }
  f.timing = {timing("layernorm", "pre", 30, 70), timing("rmsnorm", "pre", 19, 52)};
  EXPECT_THAT(
      line_of(f),
      StartsWith(
          "Choose pre RMSNorm: its loss ties with pre LayerNorm in both settings that have both"));
  // Run in one setting of three, it has not shown enough.
  f.runs.erase(f.runs.end() - 3, f.runs.end());
  EXPECT_THAT(line_of(f), StartsWith("Choose pre LayerNorm"));
}

TEST(Verdict, DivergedRunsDecideAndAreCounted) {
  const std::string some = line_of(post_against_pre({4.00, kNan, kNan}, {4.30, 4.31, 4.29}));
  EXPECT_THAT(some, StartsWith("Choose pre LayerNorm"));
  EXPECT_THAT(some, HasSubstr("diverged"));
  EXPECT_THAT(some, HasSubstr("2 of 3"));
  EXPECT_THAT(some, HasSubstr("where both finished"));
  const std::string all = line_of(post_against_pre({kNan, kNan, kNan}, {4.30, 4.31, 4.29}));
  EXPECT_THAT(all, StartsWith("Choose pre LayerNorm"));
  EXPECT_THAT(all, HasSubstr("post LayerNorm 3 of 3"));
  const std::string both = line_of(post_against_pre({kNan, kNan, kNan}, {kNan, kNan, kNan}));
  EXPECT_THAT(both, StartsWith("No choice: no run finished."));
}

// One run more of a few is chance: the losses decide, and the divergence is said.
TEST(Verdict, OneDivergedRunDecidesNothing) {
  EXPECT_THAT(line_of(post_against_pre({4.00, 4.01, kNan}, {4.30, 4.31, 4.29})),
              AllOf(StartsWith("No choice yet: no setting has 3 seeds that finished"),
                    HasSubstr("too few seeds to decide, 1 of 3 runs diverged against 0 of 3")));
  const std::string four =
      line_of(post_against_pre({4.00, 4.01, 3.99, kNan}, {4.30, 4.31, 4.29, 4.00}));
  EXPECT_THAT(four, AllOf(StartsWith("Choose post LayerNorm: it comes out ahead."),
                          HasSubstr("by 0.30 \u00b1 0.00 nats over 3 paired seeds, 1 of 4 runs "
                                    "diverged against 0 of 4")));
  EXPECT_THAT(line_of(post_against_pre({4.00, 4.01, kNan, kNan}, {4.3, 4.31, 4.29, 4.3})),
              StartsWith("Choose pre LayerNorm"));
  // Who never ended has not shown that it does not diverge.
  SyntheticFolder f = post_against_pre({kNan, kNan, kNan}, {4.3, 4.3, 4.3});
  for (size_t i = 4; i < 6; ++i) f.runs[i].status = "interrupted";
  EXPECT_THAT(line_of(f), StartsWith("No choice yet"));
}

// Unpaired, the mean of what finished is that of other seeds: post 3.95 against pre 4.15; on the
// three common seeds pre is lower by 0.1.
TEST(Verdict, ABeatenVariantDoesNotLead) {
  SyntheticFolder f = post_against_pre({3.20, 4.20, 4.21, 4.19}, {4.00, 4.10, 4.11, 4.09, 4.45});
  f.runs[4].status = "interrupted";
  EXPECT_THAT(line_of(f), StartsWith("No choice yet: by the seeds that finished under both, a "
                                     "variant is ahead that is behind in the mean over all"));
}

// post ties with the lowest, and is beaten by what ties with the lowest too.
TEST(Verdict, WhatAnotherBeatsDoesNotLeadByATie) {
  SyntheticFolder f = post_against_pre({4.050, 4.051, 4.049}, {4.020, 4.021, 4.019});
  add_runs(f, variant("none", "layernorm"), {3.990, 4.060, 4.000});
  const std::string line = line_of(f);
  EXPECT_THAT(line, AllOf(HasSubstr("pre LayerNorm"), HasSubstr("no norm")));
  EXPECT_THAT(line.substr(0, line.find(". On")), Not(HasSubstr("post LayerNorm")));
}

TEST(Verdict, TooFewSeedsDecideNothing) {
  const std::string one = line_of(post_against_pre({5.9}, {4.0}));
  EXPECT_THAT(one, StartsWith("No choice yet: 1 finished seed a configuration"));
  EXPECT_THAT(one, HasSubstr("over 1 paired seed, too few seeds to decide"));
  const std::string two = line_of(post_against_pre({5.9, 5.8}, {4.0, 4.1}));
  EXPECT_THAT(two, StartsWith("No choice yet: 2 finished seeds"));
  EXPECT_THAT(two, AllOf(HasSubstr("too few seeds"), Not(HasSubstr("beats"))));
}

TEST(Verdict, SeedsThatDoNotPairAreNotCompared) {
  SyntheticFolder f = post_against_pre({5.90, 5.91, 5.89}, {4.07, 4.06, 4.08});
  for (size_t i = 3; i < 6; ++i) f.runs[i].seed += 10;
  const std::string line = line_of(f);
  EXPECT_THAT(line, StartsWith("No choice yet"));
  EXPECT_THAT(line, HasSubstr("share no seed"));
}

TEST(Verdict, NormsTieAndTheDearerOneIsNotChosen) {
  SyntheticFolder f;
  add_runs(f, variant("pre", "layernorm"), {4.07, 4.06, 4.08});
  add_runs(f, variant("pre", "rmsnorm"), {4.068, 4.065, 4.082});
  EXPECT_THAT(line_of(f), StartsWith("A tie: pre LayerNorm and pre RMSNorm"));
  f.timing = {timing("layernorm", "pre", 30, 70), timing("rmsnorm", "pre", 19, 52)};
  EXPECT_THAT(line_of(f), StartsWith("Choose pre RMSNorm"));
  f.timing = {timing("layernorm", "pre", 19, 52), timing("rmsnorm", "pre", 30, 70)};
  EXPECT_THAT(line_of(f), StartsWith("Choose pre LayerNorm"));
  f.timing = {timing("layernorm", "pre", 30, 70), timing("rmsnorm", "pre", 30, 69)};
  EXPECT_THAT(line_of(f), AllOf(StartsWith("A tie"), HasSubstr("the same time (")));
  // Medians far apart, samples that are not: neither dearer nor the same.
  f.timing = {timing("layernorm", "pre", 30, 70), timing("rmsnorm", "pre", 19, 52)};
  f.timing[1]["forward_ns_quartiles"] = {10, 60};
  EXPECT_THAT(line_of(f),
              AllOf(StartsWith("A tie"), HasSubstr("0.71x the time (not clearly: ")));
  // Unless they are paired: a machine that slows down, and one norm that is faster all the same.
  f.timing[0]["round_ns_per_row"] = {100, 150, 200, 100, 160};
  f.timing[1]["round_ns_per_row"] = {71, 108, 140, 70, 120};
  EXPECT_THAT(line_of(f), StartsWith("Choose pre RMSNorm"));
  f.timing[1]["round_ns_per_row"] = {71, 160, 140, 70, 170};
  EXPECT_THAT(line_of(f), StartsWith("A tie"));
}

// Two variants compared, and post LayerNorm alone in a third setting with these losses.
SyntheticFolder with_one_alone(const std::vector<double>& losses) {
  SyntheticFolder f = post_against_pre({5.90, 5.91, 5.89}, {4.07, 4.06, 4.08});
  SyntheticRun run = variant("post", "layernorm", 0.003, 100);
  run.init = "packed-xavier";
  add_runs(f, run, losses);
  return f;
}

TEST(Verdict, WhatEndsHigherAloneInItsSettingIsNotSaid) {
  const std::string line = line_of(with_one_alone({4.57, 4.56, 4.58}));
  EXPECT_THAT(line, StartsWith("Choose pre LayerNorm: it comes out ahead."));
  EXPECT_THAT(line, Not(HasSubstr("packed")));
}

TEST(Verdict, WhatIsShownToEndLowerAloneInItsSettingTakesTheLead) {
  // Differences -2.05, -2.03, -2.07: mean -2.05, sd 0.02, interval 4.303 * 0.02 / sqrt(3) = 0.0497.
  SyntheticFolder f = with_one_alone({2.02, 2.03, 2.01});
  const std::string line = line_of(f);
  EXPECT_THAT(line, StartsWith("No single choice: post LayerNorm at lr 0.003 with 100 warm-up "
                               "steps, packed-xavier init, where no other variant was run, ends "
                               "at 2.02 \u00b1 0.01, lower by 2.05 \u00b1 0.05 nats over 3 paired "
                               "seeds than the best that was compared, pre LayerNorm (4.07 \u00b1 "
                               "0.01, lr 0.003 without warm-up, xavier init)."));
  EXPECT_THAT(line, AllOf(HasSubstr("pre LayerNorm (4.07 \u00b1 0.01) beats post LayerNorm"),
                          Not(HasSubstr("Choose"))));
  // A second one is said too, and does not lead.
  add_runs(f, variant("post", "layernorm", 0.01), {3.02, 3.03, 3.01});
  EXPECT_THAT(line_of(f), AllOf(StartsWith("No single choice: post LayerNorm at lr 0.003 with"),
                                HasSubstr("; post LayerNorm (3.02 \u00b1 0.01, lr 0.01 without "
                                          "warm-up, xavier init), where no other variant was run, "
                                          "ends lower than the best that was compared, ")));
}

TEST(Verdict, WhatIsLowerInTheMeanAloneInItsSettingIsNotToldApart) {
  // Differences 0.23, -0.36, -0.02: mean -0.05, sd 0.296, interval 4.303 * 0.296 / sqrt(3) = 0.736.
  const std::string line = line_of(with_one_alone({4.30, 3.70, 4.06}));
  EXPECT_THAT(line, StartsWith("Choose pre LayerNorm: it comes out ahead."));
  EXPECT_THAT(line, HasSubstr("; post LayerNorm (4.02 \u00b1 0.30, lr 0.003 with 100 warm-up "
                              "steps, packed-xavier init), where no other variant was run, ends "
                              "lower in the mean than the best that was compared, pre "));
  EXPECT_THAT(line, HasSubstr("but is not told apart from it: difference \u22120.05 \u00b1 "
                              "0.74 nats over 3 paired seeds"));
}

TEST(Verdict, WhatRanAloneOnOtherSeedsIsNotToldApart) {
  SyntheticFolder f = with_one_alone({2.02, 2.03, 2.01});
  for (size_t i = 6; i < 9; ++i) f.runs[i].seed += 10;
  EXPECT_THAT(line_of(f), AllOf(StartsWith("Choose pre LayerNorm"),
                                HasSubstr("not told apart from it: they share no seed")));
}

TEST(Verdict, TooFewSeedsAloneInTheirSettingSayNothing) {
  EXPECT_THAT(line_of(with_one_alone({2.02, 2.03})),
              AllOf(StartsWith("Choose pre LayerNorm"), Not(HasSubstr("packed"))));
  // As with runs of which half diverged.
  EXPECT_THAT(line_of(with_one_alone({2.02, 2.03, 2.01, kNan, kNan, kNan})),
              AllOf(StartsWith("Choose pre LayerNorm"), Not(HasSubstr("ends lower"))));
}

TEST(Verdict, ASingleRunComparesNothing) {
  TemporaryFolder path;
  write_single_run({.valid_loss = 4.2}, path.path());
  EXPECT_EQ(verdict_line(path.path()).value(),
            "Validation loss 4.20 after 300 steps. A single run compares nothing. On en-de at lr "
            "0.003 without warm-up, "
            "seed 1, pre LayerNorm: training loss 4.15, gap to validation +0.05 nats a token.");
  write_single_run({.valid_loss = kNan, .status = "diverged"}, path.path());
  EXPECT_THAT(verdict_line(path.path()).value(), StartsWith("The run diverged at step 200."));
}

TEST(Verdict, AnEmptyComparisonSaysSo) {
  EXPECT_THAT(line_of(SyntheticFolder{}), StartsWith("No choice: no run finished."));
}

}  // namespace
}  // namespace norma::lab::report
