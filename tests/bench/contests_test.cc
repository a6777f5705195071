// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs of the bench with entrants of a test's own, and of the suite of all peers on small shapes.

#include "bench/contests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>

namespace norma::bench {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

int liar_runs;

// The right answer but for its last element.
class Liar : public Peer {
 public:
  explicit Liar(const Problem& problem)
      : problem_(problem), honest_(layer_norm_forward::make_norma(problem)) {}
  void run(size_t set) override {
    ++liar_runs;
    honest_->run(set);
    auto* const y = static_cast<uint16_t*>(problem_.sets[set].y.bytes());
    y[problem_.rows * problem_.cols * (problem_.dtype == DType::kF32 ? 2 : 1) - 1] ^= 0x4000;
  }
  Answer answer(size_t set) override { return honest_->answer(set); }

 private:
  const Problem& problem_;
  const std::unique_ptr<Peer> honest_;
};

std::unique_ptr<Peer> make_liar(const Problem& problem) { return std::make_unique<Liar>(problem); }
std::unique_ptr<Peer> make_none(const Problem&) { return nullptr; }

Options small() {
  Options options;
  options.suite = "cpu";
  options.tasks = {"layer_norm_forward"};
  options.rows = {3, 65536};
  options.cols = {64, 8192};
  options.threads = {1};
  options.python = "/nowhere/python3";
  return options;
}

Contest of(const std::string& impl, MakePeer make) {
  return {{"layer_norm_forward", NormKind::kLayerNorm, false},
          {{"norma", layer_norm_forward::make_norma},
           {"torch", layer_norm_forward::make_torch},
           {impl, make}}};
}

TEST(Contests, APeerWithAWrongAnswerIsNeverTimed) {
  liar_runs = 0;
  std::ostringstream table;
  Report report;
  Options options = small();
  options.rows = {3};
  options.cols = {64};
  const Status ran = run(options, {of("liar", make_liar)}, table, &report);
  ASSERT_TRUE(ran.ok()) << ran.message();
  EXPECT_EQ(liar_runs, 3) << "once in each dtype, for its answer";
  for (const Record& r : report.records) EXPECT_NE(r.impl, "liar");
  EXPECT_THAT(report.skipped, Contains(AllOf(HasSubstr("liar computes a wrong y for "
                                                       "layer_norm_forward [3, 64]"),
                                             HasSubstr("row 2, column 63"))));
  // norma itself, and any peer of the short suite, ends the run.
  Contest norma_lies = of("liar", make_liar);
  norma_lies.entrants[0].make = make_liar;
  EXPECT_EQ(run(options, {norma_lies}, table, &report).code(), StatusCode::kInternal);
  EXPECT_TRUE(report.records.empty());
  Contest torch_lies = of("liar", make_liar);
  torch_lies.entrants[1].make = make_liar;
  options.suite = "short";
  EXPECT_EQ(run(options, {torch_lies}, table, &report).code(), StatusCode::kInternal);
  EXPECT_TRUE(report.records.empty());
}

TEST(Contests, WhatIsMissingIsSkippedWithAWord) {
  std::ostringstream table;
  std::ostringstream progress;
  Report report;
  Options options = small();
  options.rows = {3};
  options.progress = &progress;
  const Status ran = run(options, {of("ghost", make_none)}, table, &report);
  ASSERT_TRUE(ran.ok()) << ran.message();
  EXPECT_THAT(report.skipped, Contains("layer_norm_forward, f32: no ghost: not built in, or it "
                                       "has no such type here"));
  EXPECT_THAT(report.skipped, Contains(HasSubstr("no onnxruntime: /nowhere/python3 does not")));
  EXPECT_THAT(table.str(), HasSubstr("skipped: layer_norm_forward, f32: no onnxruntime"));
  EXPECT_THAT(progress.str(), HasSubstr("0:00 layer_norm_forward, f32 [3, 8192], 2 of 2"));
  for (const Record& r : report.records) EXPECT_NE(r.impl, "ghost");
}

TEST(Contests, ShapesAboveTheCapAreNamed) {
  std::ostringstream table;
  Report report;
  Options options = small();
  options.rows = {3, 4096, 65536};
  options.cols = {16385};
  ASSERT_TRUE(run(options, table, &report).ok());
  EXPECT_THAT(report.skipped, Contains("layer_norm_forward, f32 [65536, 16385]: a call would touch "
                                       "more than 128 MiB"));
  EXPECT_THAT(report.skipped, Contains("layer_norm_forward, bf16 [4096, 16385]: a call would touch "
                                       "more than 256 MiB"));
  for (const Record& r : report.records) EXPECT_EQ(r.rows, 3);
  EXPECT_FALSE(report.records.empty());
}

TEST(Contests, AllPeersAreRecorded) {
  setenv("PYTHONPATH", NORMA_TEST_FAKE_ONNXRUNTIME, 1);
  setenv("FAKE_ONNXRUNTIME", "right", 1);
  Options options = small();
  options.rows = {3};
  options.cols = {64};
  options.python = NORMA_TEST_PYTHON;
  std::ostringstream table;
  Report report;
  const Status ran = run(options, table, &report);
  unsetenv("PYTHONPATH");
  unsetenv("FAKE_ONNXRUNTIME");
  ASSERT_TRUE(ran.ok()) << ran.message();
  std::set<std::string> impls,
      wanted = {"copy", "norma", "torch", "onnxruntime", "norma_beside_onnxruntime"};
  if (!onednn_version().empty()) wanted.insert("onednn");
  if (!onednn3_version().empty()) wanted.insert("onednn3");
  std::set<std::string> dtypes;
  const Record *norma = nullptr, *onnxruntime = nullptr, *beside = nullptr;
  for (const Record& r : report.records) {
    impls.insert(r.impl);
    dtypes.insert(r.dtype);
    if (r.dtype != "f32") continue;
    if (r.impl == "norma") norma = &r;
    if (r.impl == "onnxruntime") onnxruntime = &r;
    if (r.impl == "norma_beside_onnxruntime") beside = &r;
  }
  EXPECT_EQ(impls, wanted);
  EXPECT_THAT(dtypes, ElementsAre("bf16", "f16", "f32"));
  ASSERT_TRUE(norma && onnxruntime && beside);
  EXPECT_GT(onnxruntime->ratio_to("copy"), 0);
  EXPECT_GT(norma->ratio_to("onnxruntime"), 0);
  EXPECT_GT(beside->median_ns, 0);
  EXPECT_NEAR(norma->ratio_to("onnxruntime") * onnxruntime->ratio_to("copy"),
              norma->ratio_to("copy"), 1e-9 * norma->ratio_to("copy"));
  EXPECT_EQ(onnxruntime->bytes, norma->bytes);
  EXPECT_THAT(report.versions,
              Contains(std::pair<std::string, std::string>("onnxruntime", "0.0.fake")));
  EXPECT_THAT(table.str(), HasSubstr("onnxruntime 0.0.fake;"));
  EXPECT_THAT(table.str(), HasSubstr("best"));
}

}  // namespace
}  // namespace norma::bench
