// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/beam_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "models/not_finite.h"
#include "text/special_tokens.h"

namespace norma::models {
namespace {

constexpr int32_t kEos = text::kEosId;
constexpr int64_t kVocabulary = 7;  // tokens 4, 5, 6 are words

// A toy model: the log-probabilities after the words so far.
using Toy = std::function<std::vector<double>(int64_t sentence, const std::vector<int32_t>& words)>;

std::vector<double> distribution(double eos, double a, double b, double c) {
  const double no = -std::numeric_limits<double>::infinity();
  return {no, no, std::log(eos), no, std::log(a), std::log(b), std::log(c)};
}

// Keeps what the search must keep track of by parents alone.
NextLogProbs run(const Toy& toy) {
  struct Row {
    int64_t sentence;
    std::vector<int32_t> words;
  };
  auto rows = std::make_shared<std::vector<Row>>();
  return [rows, toy](const torch::Tensor& parents, const torch::Tensor& tokens) {
    std::vector<Row> now;
    for (int64_t r = 0; r < tokens.size(0); ++r) {
      if (!parents.defined()) {
        EXPECT_EQ(tokens[r].item<int64_t>(), text::kBosId);
        now.push_back({r, {}});
        continue;
      }
      now.push_back(rows->at(parents[r].item<int64_t>()));
      now.back().words.push_back(tokens[r].item<int32_t>());
    }
    *rows = now;
    std::vector<double> all;
    for (const Row& row : now) {
      const std::vector<double> p = toy(row.sentence, row.words);
      all.insert(all.end(), p.begin(), p.end());
    }
    return torch::tensor(all, torch::kFloat64).view({tokens.size(0), kVocabulary});
  };
}

// "4" looks better at first, "5" is better as a whole: 0.6 * 0.4 * ... < 0.4 * 0.9.
std::vector<double> garden_path(int64_t, const std::vector<int32_t>& words) {
  if (words.empty()) return distribution(0.001, 0.599, 0.4, 1e-9);
  if (words.front() == 4) return distribution(0.4, 0.3, 0.2, 0.1);
  return distribution(0.9, 0.05, 0.03, 0.02);
}

TEST(BeamSearch, GreedyTakesTheBestTokenEachTime) {
  EXPECT_EQ(beam_search(run(garden_path), 1, {1, 10, 0.0})[0], (std::vector<int32_t>{4}));
}

TEST(BeamSearch, AWiderBeamFindsTheBetterSentence) {
  EXPECT_EQ(beam_search(run(garden_path), 1, {2, 10, 0.0})[0], (std::vector<int32_t>{5}));
}

TEST(BeamSearch, LengthPenaltyIsWus) {
  EXPECT_DOUBLE_EQ(length_penalty_divisor(1, 0.6), 1.0);
  EXPECT_DOUBLE_EQ(length_penalty_divisor(7, 0.5), std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(length_penalty_divisor(30, 0.0), 1.0);
}

// eos at once has probability 0.5; "4 4 4" ends with 0.5 * 0.9^3 in all. Without a penalty the
// short one is better (log 0.5 against log 0.364); with alpha 1 the long one, whose logarithm is
// divided by 9/6: -0.674 against -0.693.
std::vector<double> short_or_long(int64_t, const std::vector<int32_t>& words) {
  if (words.empty()) return distribution(0.5, 0.4999, 0.0001, 1e-9);
  if (words.size() < 3) return distribution(0.05, 0.9, 0.03, 0.02);
  return distribution(0.9, 0.05, 0.03, 0.02);
}

TEST(BeamSearch, TheLengthPenaltyFavoursLongerSentences) {
  EXPECT_EQ(beam_search(run(short_or_long), 1, {3, 10, 0.0})[0], (std::vector<int32_t>{}));
  EXPECT_EQ(beam_search(run(short_or_long), 1, {3, 10, 1.0})[0], (std::vector<int32_t>{4, 4, 4}));
}

TEST(BeamSearch, ASentenceThatNeverEndsIsCutAtMaxLength) {
  const Toy endless = [](int64_t, const std::vector<int32_t>&) {
    return distribution(1e-12, 0.7, 0.2, 0.1);
  };
  EXPECT_EQ(beam_search(run(endless), 1, {1, 4, 0.6})[0], (std::vector<int32_t>{4, 4, 4, 4}));
  EXPECT_EQ(beam_search(run(endless), 1, {2, 4, 0.6})[0], (std::vector<int32_t>{4, 4, 4, 4}));
}

TEST(BeamSearch, SentencesOfABatchAreSearchedApart) {
  const Toy several = [](int64_t sentence, const std::vector<int32_t>& words) {
    if (static_cast<int64_t>(words.size()) == sentence) return distribution(0.9, 0.05, 0.03, 0.02);
    return sentence % 2 ? distribution(0.01, 0.09, 0.8, 0.1) : distribution(0.01, 0.09, 0.1, 0.8);
  };
  for (const int64_t beam : {1, 2, 5}) {
    const auto outputs = beam_search(run(several), 4, {beam, 10, 0.6});
    EXPECT_EQ(outputs[0], (std::vector<int32_t>{}));
    EXPECT_EQ(outputs[1], (std::vector<int32_t>{5}));
    EXPECT_EQ(outputs[2], (std::vector<int32_t>{6, 6}));
    EXPECT_EQ(outputs[3], (std::vector<int32_t>{5, 5, 5}));
  }
}

// With a NaN at the first token, at a later one, and in one of two sentences.
TEST(BeamSearch, WhereThereIsNoDistributionThereIsNoSentence) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const size_t broken : {0, 2}) {
    const Toy diverging = [&](int64_t sentence, const std::vector<int32_t>& words) {
      std::vector<double> next = distribution(1e-12, 0.7, 0.2, 0.1);
      if (sentence == 1 && words.size() == broken) next[6] = nan;
      return next;
    };
    for (const int64_t beam : {1, 2, 5}) {
      EXPECT_THROW(beam_search(run(diverging), 2, {beam, 4, 0.6}), NotFinite) << broken << beam;
      EXPECT_EQ(beam_search(run(diverging), 1, {beam, 4, 0.6}).size(), 1u);
    }
  }
}

// The best of ten hypotheses, of which only one is possible, has no padding in it.
TEST(BeamSearch, ABeamWiderThanWhatIsPossibleTakesNothingElse) {
  const Toy narrow = [](int64_t, const std::vector<int32_t>& words) {
    return words.size() < 2 ? distribution(0, 0, 1, 0) : distribution(0, 0, 0, 1);
  };
  EXPECT_EQ(beam_search(run(narrow), 1, {10, 3, 0.6})[0], (std::vector<int32_t>{5, 5, 6}));
}

// A pseudo-random language; its best sentence of at most 4 words by trying all of them.
struct Exhaustive {
  Toy toy;
  double alpha;
  std::vector<int32_t> best;
  double best_score = -std::numeric_limits<double>::infinity();

  void visit(const std::vector<int32_t>& words, double log_prob) {
    const std::vector<double> next = toy(0, words);
    const double score =
        (log_prob + next[kEos]) / std::pow((5.0 + words.size() + 1.0) / 6.0, alpha);
    if (score > best_score) {
      best_score = score;
      best = words;
    }
    if (words.size() == 4) return;
    for (int32_t word : {4, 5, 6}) {
      std::vector<int32_t> longer = words;
      longer.push_back(word);
      visit(longer, log_prob + next[word]);
    }
  }
};

TEST(BeamSearch, ABeamAsWideAsTheLanguageFindsItsBestSentence) {
  for (int seed = 0; seed < 20; ++seed) {
    const Toy toy = [seed](int64_t, const std::vector<int32_t>& words) {
      double key = seed + 0.5;
      for (int32_t word : words) key = std::fmod(key * 7.3 + word * 1.7, 13.0);
      const double a = 1 + std::sin(key), b = 1 + std::sin(2 * key), c = 1 + std::sin(3 * key);
      const double eos = 0.6 + 0.5 * std::cos(5 * key);
      const double sum = a + b + c + eos;
      return distribution(eos / sum, a / sum, b / sum, c / sum);
    };
    for (const double alpha : {0.0, 0.6, 2.0}) {
      Exhaustive all{toy, alpha, {}};
      all.visit({}, 0.0);
      EXPECT_EQ(beam_search(run(toy), 1, {1000, 5, alpha})[0], all.best) << seed << " " << alpha;
    }
  }
}

}  // namespace
}  // namespace norma::models
