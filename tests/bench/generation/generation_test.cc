// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/generation/generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/temp_folder.h"

namespace norma::bench::generation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Sizes kTiny = {16, 24, 2, 4, 2, 40, 64, 12};

struct Ran {
  Status status;
  Report report;
  std::string table;
};

Ran run(const ModelContest& contest, const std::string& python) {
  Options options;
  options.suite = "models";
  options.threads = {2};
  options.samples = 3;
  options.python = python;
  Ran ran;
  std::ostringstream table;
  ran.status = run_model_contest(contest, options, table, &ran.report);
  ran.table = table.str();
  return ran;
}

// With the Python that has the torch wheel this was built with.
TEST(Generation, TheSameTokensInPythonAndHereAreTimed) {
  const Ran ran = run(contest("generation_tiny", "tiny LLaMA", kTiny, 3), "");
  ASSERT_TRUE(ran.status.ok()) << ran.status.message();
  EXPECT_THAT(ran.report.skipped, IsEmpty());
  std::map<std::string, const Record*> by_impl;
  for (const Record& r : ran.report.records) by_impl[r.impl] = &r;
  ASSERT_EQ(by_impl.size(), 3u);
  // Embedding, per layer 5 norm and matrix groups, the last norm: 4 bytes each.
  const int64_t weights = 40 * 16 + 2 * (2 * 16 + 2 * 16 * 16 + 2 * 8 * 16 + 3 * 24 * 16) + 16;
  for (const char* impl : {"norma", "read", "torch"}) {
    ASSERT_TRUE(by_impl[impl]) << impl;
    const Record& r = *by_impl[impl];
    EXPECT_EQ(r.bytes, 12 * 4 * weights) << impl;
    EXPECT_EQ(r.rows, 12) << impl;
    EXPECT_GT(r.ratio_to("torch"), 0) << impl;
  }
  EXPECT_THAT(ran.table, HasSubstr("tiny LLaMA, 12 tokens from bos, greedy, 2 threads"));
  EXPECT_THAT(ran.table, HasSubstr("tokens/s"));
  const test::TempFolder folder;
  ASSERT_TRUE(write_json(ran.report, folder.path("r.jsonl")).ok());
  std::ifstream lines(folder.path("r.jsonl"));
  std::string first;
  std::getline(lines, first);
  const double tokens_s = 12 / ran.report.records[0].median_ns * 1e9;
  EXPECT_NEAR(nlohmann::json::parse(first)["tokens_s"].get<double>(), tokens_s, 0.06);
}

TEST(Generation, WithoutPythonTheOthersAreTimed) {
  const Ran ran = run(contest("generation_tiny", "tiny LLaMA", kTiny, 3), "/nowhere/python3");
  ASSERT_TRUE(ran.status.ok()) << ran.status.message();
  EXPECT_THAT(ran.report.skipped,
              ElementsAre(HasSubstr("generation_tiny: no torch in Python: /nowhere/python3 does")));
  EXPECT_EQ(ran.report.records.size(), 2u);
}

// A peer that hands on norma's tokens but for one.
class Liar : public ModelPeer {
 public:
  explicit Liar(SharedProblem problem) : p_(std::move(problem)), honest_(make_norma(p_)) {}
  void run(size_t set) override { honest_->run(set); }
  Status check() const override {
    const Status status = honest_->check();
    p_->ids[7] ^= 1;
    return status;
  }

 private:
  const SharedProblem p_;
  const std::unique_ptr<ModelPeer> honest_;
};

TEST(Generation, AnotherTokenEndsTheRun) {
  const auto problem = std::make_shared<Problem>(kTiny, 3);
  ModelContest lying = contest("generation_tiny", "tiny LLaMA", kTiny, 3);
  lying.entrants = {{"norma", "", [&](const ModelRun&) { return std::make_unique<Liar>(problem); }},
                    {"torch", "", [&](const ModelRun& r) { return make_torch(problem, r); }}};
  const Ran ran = run(lying, "");
  EXPECT_EQ(ran.status.code(), StatusCode::kInternal);
  EXPECT_THAT(ran.status.message(), HasSubstr("torch generates "));
  EXPECT_THAT(ran.report.records, IsEmpty());
}

// Twelve tokens that are all one would not tell a cache from none; greedy texts of random weights
// run in circles, of the length of the root of the vocabulary.
TEST(Generation, TheTextIsNoRepetition) {
  Sizes sizes = kTiny;
  sizes.vocab_size = 2000;
  const auto problem = std::make_shared<Problem>(sizes, 3);
  const auto norma = make_norma(problem);
  norma->run(0);
  ASSERT_TRUE(norma->check().ok());
  const std::set<int32_t> different(problem->ids.begin(), problem->ids.end());
  EXPECT_GT(different.size(), 2u);
}

}  // namespace
}  // namespace norma::bench::generation
