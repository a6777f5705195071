// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// No time is judged: what is, are the bytes, the counts and that the numbers fit together.

#include "lab/measure/timing.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "models/norm.h"
#include "tests/support/tiny_task.h"
#include "text/special_tokens.h"

namespace norma::lab {
namespace {

constexpr int64_t kRows = 10, kCols = 16;

bool never() { return false; }

torch::Tensor random_rows(torch::ScalarType type = torch::kFloat32) {
  return torch::randn({kRows, kCols}, type).set_requires_grad(true);
}

int64_t saved_by(const std::string& norm, const torch::Tensor& x) {
  torch::nn::AnyModule module = models::make_norm(norm, kCols, 1e-5);
  module.ptr()->to(x.scalar_type());
  return saved_bytes(x, [&](const torch::Tensor& t) { return module.forward<torch::Tensor>(t); });
}

// By hand from the backward formulas: all read x and rstd; LayerNorm's read the mean, too, which
// norma-1 keeps in two floats. For f64 the statistics are f64.
TEST(SavedBytes, ANormKeepsItsInputAndStatistics) {
  const torch::Tensor x = random_rows();
  EXPECT_EQ(saved_by("layernorm", x), kRows * (kCols * 4 + 3 * 4));
  EXPECT_EQ(saved_by("rmsnorm", x), kRows * (kCols * 4 + 4));
  EXPECT_EQ(saved_by("torch_layernorm", x), kRows * (kCols * 4 + 2 * 4));
  EXPECT_EQ(saved_by("rmsnorm", random_rows(torch::kFloat64)), kRows * (kCols * 8 + 8));
}

TEST(SavedBytes, AnInputThatNeedsNoGradientIsKeptForTheGain) {
  EXPECT_EQ(saved_by("layernorm", random_rows().detach()), kRows * (kCols * 4 + 3 * 4));
}

TEST(SavedBytes, RowsOfALargerMatrixCountAlone) {
  const torch::Tensor x = torch::randn({kRows, 3 * kCols}).slice(1, kCols, 2 * kCols);
  EXPECT_EQ(saved_by("rmsnorm", x), kRows * (kCols * 4 + 4));
}

TEST(SavedBytes, NothingIsKeptWhereNothingCanBeDifferentiated) {
  const torch::NoGradGuard no_grad;
  EXPECT_EQ(saved_by("layernorm", random_rows()), 0);
}

// Functions whose derivatives say what must be kept: of x + 1 nothing, of x^2 the input, of exp(x)
// the result, which does not count.
TEST(SavedBytes, OfFunctionsWithKnownDerivatives) {
  const torch::Tensor x = random_rows();
  const auto saved = [&x](torch::Tensor (*f)(const torch::Tensor&)) { return saved_bytes(x, f); };
  EXPECT_EQ(saved([](const torch::Tensor& t) { return t + 1; }), 0);
  EXPECT_EQ(saved([](const torch::Tensor& t) { return t.square(); }), kRows * kCols * 4);
  EXPECT_EQ(saved([](const torch::Tensor& t) { return t.exp(); }), 0);
  EXPECT_EQ(saved([](const torch::Tensor& t) { return t.exp().square(); }), kRows * kCols * 4);
  EXPECT_EQ(saved([](const torch::Tensor& t) { return t; }), 0);
}

struct Call {
  size_t subject;
  int64_t round;
  bool is_sample;
};

std::vector<Call> calls_of(size_t subjects, int64_t rounds) {
  std::vector<Call> calls;
  const Status status = in_turn(subjects, rounds, never, [&](size_t s, int64_t round, bool sample) {
    calls.push_back({s, round, sample});
  });
  EXPECT_TRUE(status.ok()) << status.message();
  return calls;
}

TEST(InTurn, EverySampleFollowsItsOwnWarmUp) {
  for (const size_t subjects : {0, 1, 2, 3, 4, 5}) {
    const std::vector<Call> calls = calls_of(subjects, 7);
    ASSERT_EQ(calls.size(), subjects * 7 * 2);
    for (size_t i = 0; i < calls.size(); ++i) {
      EXPECT_EQ(calls[i].is_sample, i % 2 == 1);
      EXPECT_EQ(calls[i].round, static_cast<int64_t>(i / (2 * subjects)));
      EXPECT_EQ(calls[i].subject, calls[i / 2 * 2].subject);
    }
  }
}

TEST(InTurn, EverySubjectIsInEveryPlaceEquallyOften) {
  for (const size_t subjects : {1, 2, 3, 4, 5}) {
    constexpr int64_t kTimes = 4;
    const std::vector<Call> calls = calls_of(subjects, static_cast<int64_t>(subjects) * kTimes);
    std::map<std::pair<size_t, size_t>, int64_t> times;  // by subject and place
    for (size_t i = 0; i < calls.size(); i += 2) times[{calls[i].subject, i / 2 % subjects}] += 1;
    EXPECT_EQ(times.size(), subjects * subjects);
    for (const auto& [where, count] : times) EXPECT_EQ(count, kTimes) << where.first;
  }
}

// Of three, each has either of the other two before it equally often within a round.
TEST(InTurn, NoSubjectAlwaysFollowsTheSameOne) {
  const std::vector<Call> calls = calls_of(3, 6);
  std::map<std::pair<size_t, size_t>, int> follows;
  for (size_t i = 2; i < calls.size(); i += 2) {
    if (calls[i].round != calls[i - 2].round) continue;
    follows[{calls[i - 2].subject, calls[i].subject}] += 1;
  }
  EXPECT_EQ(follows.size(), 6u);
  for (const auto& [pair, count] : follows) EXPECT_EQ(count, 2) << pair.first << pair.second;
}

class TimingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test::fresh_folder(::testing::UnitTest::GetInstance()->current_test_info()->name());
    test::write_tiny_pairs(root_ + "/pairs.tsv");
    recipe_ = test::tiny_recipe(root_ + "/pairs.tsv");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  Task load() const { return load_task(recipe_, "data").value(); }
  TrainRecipe with(const std::string& norm, const std::string& placement) const {
    TrainRecipe recipe = recipe_;
    recipe.model.norm = norm;
    recipe.model.placement = placement;
    return recipe;
  }

  std::string root_;
  TrainRecipe recipe_;
};

TEST_F(TimingTest, OneResultForEachNormAndPlacement) {
  TrainRecipe other_seed = with("layernorm", "pre"), other_rate = other_seed;
  other_seed.train.seed = 2;
  other_rate.train.lr = 1;
  const std::vector<TrainRecipe> recipes = {with("rmsnorm", "pre"), with("layernorm", "none"),
                                            with("layernorm", "pre"), other_seed, other_rate,
                                            with("layernorm", "post")};
  const auto timed = time_norms(recipes, load(), 1, never);
  ASSERT_TRUE(timed.ok()) << timed.status().message();
  std::vector<std::string> names;
  for (const Timing& t : timed.value()) names.push_back(t.norm + " " + t.placement);
  EXPECT_EQ(names, (std::vector<std::string>{"rmsnorm pre", "layernorm pre", "layernorm post"}));
}

// A norm of the encoder sees the real source positions, one of the decoder the targets: bos or eos
// stands beside the words of either.
TEST_F(TimingTest, RowsAreTheMeanOverCallsAndBatches) {
  constexpr int64_t kSamples = 5;
  const Task task = load();
  double source = 0, target = 0;
  for (int64_t i = 0; i < kSamples; ++i) {
    const CountedBatch batch = task.train_batch(i);
    source += batch.batch.source_BS.ne(text::kPadId).sum().item<double>();
    target += static_cast<double>(batch.tokens);
  }
  ASSERT_NE(source, target) << "else the weights would not show";
  const auto timed =
      time_norms({with("layernorm", "pre"), with("layernorm", "post")}, task, kSamples, never);
  ASSERT_TRUE(timed.ok()) << timed.status().message();
  // One block each: 2 norms in the encoder's and 3 in the decoder's; pre ends either with one more.
  const Timing &pre = timed.value()[0], &post = timed.value()[1];
  EXPECT_EQ(pre.norm_calls, 3 + 4);
  EXPECT_EQ(post.norm_calls, 2 + 3);
  EXPECT_EQ(pre.rows, std::lround((3 * source + 4 * target) / 7 / kSamples));
  EXPECT_EQ(post.rows, std::lround((2 * source + 3 * target) / 5 / kSamples));
  EXPECT_EQ(pre.cols, recipe_.model.d_model);
}

TEST_F(TimingTest, ALanguageModelHasRowsOfWholeWindows) {
  std::ofstream text(root_ + "/text.txt");
  for (int i = 0; i < 400; ++i) text << "line " << i % 7 << " of a small text\n";
  text.close();
  recipe_.data.name = root_ + "/text.txt";
  recipe_.data.tokenizer = "characters";
  recipe_.data.window = 24;
  recipe_.model.init = "gpt2";
  // Of an encoder too, which is not asked for most of them; its embedding has a norm.
  for (const std::string family : {"gpt", "bert"}) {
    recipe_.model.family = family;
    const auto timed = time_norms({recipe_}, load(), 2, never);
    ASSERT_TRUE(timed.ok()) << timed.status().message();
    EXPECT_EQ(timed.value()[0].rows, recipe_.train.batch_size * 24) << family;
    EXPECT_EQ(timed.value()[0].norm_calls, family == "bert" ? 4 : 3);
  }
}

TEST_F(TimingTest, NumbersFitTogether) {
  recipe_.train.threads = 2;
  const auto timed = time_norms({recipe_}, load(), 7, never);
  ASSERT_TRUE(timed.ok()) << timed.status().message();
  const Timing& t = timed.value()[0];
  EXPECT_EQ(t.threads, 2);
  EXPECT_EQ(at::get_num_threads(), 2);
  EXPECT_EQ(t.samples, 7);
  for (const Quartiles& q : {t.forward_ns_per_row, t.backward_ns_per_row, t.step_ms}) {
    EXPECT_GT(q.low, 0);
    EXPECT_LE(q.low, q.median);
    EXPECT_LE(q.median, q.high);
  }
  const double norms_ms = static_cast<double>(t.norm_calls * t.rows) *
                          (t.forward_ns_per_row.median + t.backward_ns_per_row.median) / 1e6;
  EXPECT_NEAR(t.norm_share_of_step, norms_ms / t.step_ms.median, 1e-9);
  EXPECT_EQ(t.saved_bytes_per_row, 16 * 4 + 3 * 4);

  const Json json = to_json(t);
  // The names of docs/run-folder.md, where the report looks for them.
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (std::vector<std::string>{
                      "backward_ns_per_row", "backward_ns_quartiles", "cols",
                      "forward_ns_per_row", "forward_ns_quartiles", "norm", "norm_calls",
                      "norm_share_of_step", "placement", "round_ns_per_row", "rows", "samples",
                      "saved_bytes_per_row", "step_ms", "threads"}));
  EXPECT_EQ(json["round_ns_per_row"].size(), static_cast<size_t>(t.samples));
  EXPECT_EQ(json["forward_ns_per_row"], t.forward_ns_per_row.median);
  EXPECT_EQ(json["backward_ns_quartiles"], Json({t.backward_ns_per_row.low,
                                                 t.backward_ns_per_row.high}));
}

// One warm-up round more than asked for would show as quartiles that differ.
TEST_F(TimingTest, OneSampleIsItsOwnQuartiles) {
  const auto timed = time_norms({recipe_}, load(), 1, never);
  ASSERT_TRUE(timed.ok()) << timed.status().message();
  EXPECT_EQ(timed.value()[0].step_ms.low, timed.value()[0].step_ms.high);
  EXPECT_EQ(timed.value()[0].forward_ns_per_row.low, timed.value()[0].forward_ns_per_row.high);
}

TEST_F(TimingTest, CanBeStopped) {
  int asked = 0;
  const auto timed = time_norms({recipe_}, load(), 100, [&asked] { return ++asked == 5; });
  EXPECT_EQ(timed.status().code(), StatusCode::kInterrupted);
  EXPECT_EQ(asked, 5);
  // Also among the steps, which come after the norms.
  asked = 0;
  const auto later = time_norms({recipe_}, load(), 4, [&asked] { return ++asked == 6; });
  EXPECT_EQ(later.status().code(), StatusCode::kInterrupted);
  EXPECT_EQ(asked, 6);
}

}  // namespace
}  // namespace norma::lab
