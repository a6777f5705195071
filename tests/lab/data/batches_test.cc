// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: lab/data/encoded.h, lab/data/language.h, base/random.h, base/hash.h.
// Batches of pairs and of windows: what is in them, and that they depend on seed and step alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "base/random.h"
#include "lab/data/encoded.h"
#include "lab/data/language.h"

namespace norma::lab {
namespace {

using Ids = std::vector<int64_t>;

std::vector<EncodedPair> random_pairs(int count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<EncodedPair> pairs(static_cast<size_t>(count));
  for (EncodedPair& pair : pairs) {
    pair.source.resize(random() % 20 + 1);
    pair.target.resize(random() % 20 + 1);
    for (int32_t& id : pair.source) id = static_cast<int32_t>(random() % 90 + 10);
    for (int32_t& id : pair.target) id = static_cast<int32_t>(random() % 90 + 10);
  }
  return pairs;
}

TEST(SplitMix64, ReferenceValues) {
  // The first outputs of Vigna's splitmix64.c for the state 1234567.
  SplitMix64 random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317ull);
  EXPECT_EQ(random.next(), 3203168211198807973ull);
  EXPECT_EQ(random.next(), 9817491932198370423ull);
}

TEST(SplitMix64, BelowIsUniform) {
  SplitMix64 random(3, 4);
  std::map<uint64_t, int> counts;
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  ASSERT_EQ(counts.size(), 7u);
  // Standard deviation of a count: sqrt(70000 * 6 / 49) = 93; five of them.
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 10000, 463) << value;
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Fnv1a, ReferenceValues) {
  // From the authors' test vectors.
  EXPECT_EQ(fnv1a_64(""), 0xcbf29ce484222325ull);
  EXPECT_EQ(fnv1a_64("a"), 0xaf63dc4c8601ec8cull);
  EXPECT_EQ(fnv1a_64("foobar"), 0x85944171f73967e8ull);
}

TEST(MakeBatch, PadsAndShifts) {
  const std::vector<EncodedPair> pairs = {{{10, 11, 12}, {20}}, {{30}, {40, 41}}, {{}, {}}};
  const PairBatch batch = make_batch(pairs, {1, 0});
  EXPECT_EQ(batch.source.rows, 2);
  EXPECT_EQ(batch.source.cols, 4);
  EXPECT_EQ(batch.source.ids, (Ids{30, 2, 0, 0, 10, 11, 12, 2}));
  EXPECT_EQ(batch.target_in.cols, 3);
  EXPECT_EQ(batch.target_in.ids, (Ids{1, 40, 41, 1, 20, 0}));
  EXPECT_EQ(batch.target_out.ids, (Ids{40, 41, 2, 20, 2, -100}));
  EXPECT_EQ(batch.source_tokens, 6);
  EXPECT_EQ(batch.target_tokens, 5);
  const PairBatch empty = make_batch(pairs, {2});
  EXPECT_EQ(empty.source.ids, (Ids{2}));
  EXPECT_EQ(empty.target_in.ids, (Ids{1}));
  EXPECT_EQ(empty.target_out.ids, (Ids{2}));
}

TEST(EncodePairs, UsesTheTokenizer) {
  const auto tokenizer = text::Tokenizer::train_characters({"abc"});
  ASSERT_TRUE(tokenizer.ok());
  const auto pairs = encode_pairs(tokenizer.value(), {{"ab", "cx"}});
  EXPECT_EQ(pairs[0].source, (std::vector<int32_t>{4, 5}));
  EXPECT_EQ(pairs[0].target, (std::vector<int32_t>{6, text::kUnkId}));
}

class Batcher : public ::testing::TestWithParam<int64_t> {};

TEST_P(Batcher, IsAFunctionOfSeedAndStep) {
  const auto pairs = random_pairs(101);
  const PairBatcherOptions options{.seed = 7, .batch_size = 8, .max_tokens = GetParam()};
  PairBatcher forward(pairs, options);
  std::vector<Ids> batches;
  for (int64_t step = 0; step < 60; ++step) batches.push_back(forward.indices(step));
  PairBatcher anywhere(pairs, options);
  for (int64_t step : {59, 0, 13, 14, 12, 12, 40}) {
    EXPECT_EQ(anywhere.indices(step), batches[static_cast<size_t>(step)]) << step;
  }
  PairBatcherOptions other = options;
  other.seed = 8;
  EXPECT_NE(PairBatcher(pairs, other).indices(0), batches[0]);
}

TEST_P(Batcher, EveryPairOnceAnEpochInANewOrder) {
  const auto pairs = random_pairs(96);
  PairBatcher batcher(pairs, {.seed = 3, .batch_size = 8, .max_tokens = GetParam()});
  std::set<Ids> orders;
  int64_t step = 0;
  for (int64_t epoch = 1; epoch <= 5; ++epoch) {
    Ids seen;
    for (; step < batcher.steps_for_epochs(epoch); ++step) {
      for (int64_t i : batcher.indices(step)) seen.push_back(i);
    }
    orders.insert(seen);
    std::sort(seen.begin(), seen.end());
    Ids all(96);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(seen, all);
  }
  EXPECT_EQ(orders.size(), 5u);
}

INSTANTIATE_TEST_SUITE_P(FixedSizeAndByTokens, Batcher, ::testing::Values(0, 120));

TEST(PairBatcher, FixedSizeBatchesStraddleEpochs) {
  const auto pairs = random_pairs(10);
  PairBatcher batcher(pairs, {.seed = 1, .batch_size = 4});
  Ids row;
  for (int64_t step = 0; step < 5; ++step) {
    const Ids batch = batcher.indices(step);
    EXPECT_EQ(batch.size(), 4u);
    row.insert(row.end(), batch.begin(), batch.end());
  }
  EXPECT_EQ(std::set<int64_t>(row.begin(), row.begin() + 10).size(), 10u);
  EXPECT_EQ(std::set<int64_t>(row.begin() + 10, row.end()).size(), 10u);
  EXPECT_EQ(batcher.steps_for_epochs(1), 3);
  EXPECT_EQ(batcher.steps_for_epochs(2), 5);
  // A batch larger than the data spans several epochs.
  EXPECT_EQ(PairBatcher(pairs, {.seed = 1, .batch_size = 25}).indices(3).size(), 25u);
}

TEST(PairBatcher, ByTokensKeepsTheBound) {
  auto pairs = random_pairs(500);
  pairs[17].source.resize(400, 5);  // alone longer than the bound
  PairBatcher batcher(pairs, {.seed = 1, .batch_size = 9, .max_tokens = 200});
  bool full = false;
  for (int64_t step = 0; step < batcher.steps_for_epochs(2); ++step) {
    const Ids indices = batcher.indices(step);
    ASSERT_FALSE(indices.empty());
    ASSERT_LE(indices.size(), 9u);
    full |= indices.size() == 9;
    const PairBatch batch = make_batch(pairs, indices);
    if (indices.size() > 1) {
      EXPECT_LE(batch.source.rows * (batch.source.cols + batch.target_in.cols), 200);
    }
  }
  EXPECT_TRUE(full);
}

TEST(EvaluationBatches, EveryPairOnceLongestFirst) {
  const auto pairs = random_pairs(21);
  const auto batches = evaluation_batches(pairs, 8);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[2].size(), 5u);
  Ids seen;
  size_t last = 1000;
  for (const Ids& batch : batches) {
    for (int64_t i : batch) {
      EXPECT_LE(pairs[static_cast<size_t>(i)].target.size(), last);
      last = pairs[static_cast<size_t>(i)].target.size();
      seen.push_back(i);
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(seen.size(), 21u);
  EXPECT_TRUE(evaluation_batches({}, 8).empty());
}

std::vector<int32_t> counting_stream(int size) {
  std::vector<int32_t> stream(static_cast<size_t>(size));
  std::iota(stream.begin(), stream.end(), 0);
  return stream;
}

TEST(WindowBatcher, WindowsAreConsecutiveAndDisjointInAnEpoch) {
  const auto stream = counting_stream(1000);
  Result<WindowBatcher> made =
      WindowBatcher::create(stream, {.seed = 5, .batch_size = 4, .length = 10});
  ASSERT_TRUE(made.ok()) << made.status().message();
  WindowBatcher& batcher = made.value();
  const int64_t steps = batcher.steps_for_epochs(1);
  EXPECT_EQ(steps, 24);  // 1000 / 10 - 1 = 99 windows, 24 batches of 4
  std::set<int64_t> offsets;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    std::set<int64_t> predicted;
    int64_t offset = 0;
    for (int64_t step = epoch * steps; step < (epoch + 1) * steps; ++step) {
      const IdMatrix batch = batcher.batch(stream, step);
      ASSERT_EQ(batch.rows, 4);
      ASSERT_EQ(batch.cols, 11);
      ASSERT_EQ(batch.ids.size(), 44u);
      for (int64_t r = 0; r < 4; ++r) {
        offset = batch.ids[static_cast<size_t>(r * 11)] % 10;
        for (int64_t c = 1; c < 11; ++c) {
          const int64_t id = batch.ids[static_cast<size_t>(r * 11 + c)];
          EXPECT_EQ(id, batch.ids[static_cast<size_t>(r * 11)] + c);
          EXPECT_TRUE(predicted.insert(id).second);
        }
      }
    }
    offsets.insert(offset);
  }
  EXPECT_GT(offsets.size(), 3u);
}

TEST(WindowBatcher, IsAFunctionOfSeedAndStep) {
  const auto stream = counting_stream(500);
  const WindowBatcherOptions options{.seed = 5, .batch_size = 3, .length = 7};
  Result<WindowBatcher> forward = WindowBatcher::create(stream, options);
  Result<WindowBatcher> anywhere = WindowBatcher::create(stream, options);
  std::vector<Ids> batches;
  for (int64_t step = 0; step < 100; ++step) {
    batches.push_back(forward.value().batch(stream, step).ids);
  }
  for (int64_t step : {99, 0, 50, 23, 22, 0}) {
    EXPECT_EQ(anywhere.value().batch(stream, step).ids, batches[static_cast<size_t>(step)]);
  }
  EXPECT_EQ(std::set<Ids>(batches.begin(), batches.end()).size(), 100u);
}

TEST(WindowBatcher, TheSmallestStreamAndOneLess) {
  const WindowBatcherOptions options{.seed = 1, .batch_size = 3, .length = 8};
  Result<WindowBatcher> made = WindowBatcher::create(counting_stream(32), options);
  ASSERT_TRUE(made.ok());
  // Any offset of an epoch must stay inside (the address sanitizer watches too).
  for (int64_t step = 0; step < 200; ++step) {
    const IdMatrix batch = made.value().batch(counting_stream(32), step);
    EXPECT_LT(*std::max_element(batch.ids.begin(), batch.ids.end()), 32);
  }
  const Status status = WindowBatcher::create(counting_stream(31), options).status();
  EXPECT_NE(status.message().find("31 tokens"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Lower the batch size"), std::string::npos);
  EXPECT_FALSE(WindowBatcher::create({}, {.seed = 1, .batch_size = 0, .length = 8}).ok());
}

TEST(EvaluationWindows, PredictEachTokenOnce) {
  const auto windows = evaluation_windows(counting_stream(100), 4, 9);
  ASSERT_EQ(windows.size(), 3u);  // 11 windows: 4 + 4 + 3
  EXPECT_EQ(windows[2].rows, 3);
  EXPECT_EQ(windows[0].ids[0], 0);
  EXPECT_EQ(windows[0].ids[10], 9);  // the second window starts where the first predicted last
  EXPECT_EQ(windows[2].ids.back(), 99);
  EXPECT_EQ(evaluation_windows(counting_stream(100), 4, 9, 2).size(), 2u);
  EXPECT_TRUE(evaluation_windows(counting_stream(9), 4, 9).empty());
}

}  // namespace
}  // namespace norma::lab
