// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Truth: sacreBLEU's own values (make_bleu_cases.py), and two by hand.

#include "text/bleu.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace norma::text {
namespace {

nlohmann::json cases() {
  std::ifstream file(NORMA_SOURCE_DIR "/tests/text/bleu_cases.json");
  return nlohmann::json::parse(file);
}

// Both sides compute in doubles; logarithms and exponentials of two libraries differ by some ulps.
constexpr double kTolerance = 1e-11;

TEST(Tokenize13a, EqualsSacrebleu) {
  const nlohmann::json expected = cases();
  ASSERT_GE(expected["tokens"].size(), 20u);
  for (const auto& entry : expected["tokens"]) {
    EXPECT_EQ(tokenize_13a(entry[0].get<std::string>()), entry[1].get<std::string>()) << entry[0];
  }
}

TEST(CorpusBleu, EqualsSacrebleu) {
  const nlohmann::json expected = cases();
  ASSERT_GE(expected["corpora"].size(), 20u);
  for (const auto& entry : expected["corpora"]) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const Bleu bleu = corpus_bleu(entry["hypotheses"].get<std::vector<std::string>>(),
                                  entry["references"].get<std::vector<std::string>>());
    EXPECT_NEAR(bleu.score, entry["score"].get<double>(), 100 * kTolerance);
    EXPECT_NEAR(bleu.brevity_penalty, entry["brevity_penalty"].get<double>(), kTolerance);
    EXPECT_EQ(bleu.hypothesis_length, entry["hypothesis_length"].get<int64_t>());
    EXPECT_EQ(bleu.reference_length, entry["reference_length"].get<int64_t>());
    for (int n = 0; n < 4; ++n) {
      EXPECT_NEAR(bleu.precisions[n], entry["precisions"][n].get<double>(), 100 * kTolerance);
    }
  }
}

TEST(CorpusBleu, ByHand) {
  // 5 of 6 unigrams, 3 of 5 bigrams, 1 of 4 trigrams; no 4-gram of 3: half a match.
  const Bleu bleu = corpus_bleu({"the cat sat by the mat"}, {"the cat sat on the mat"});
  EXPECT_DOUBLE_EQ(bleu.precisions[3], 100.0 / (2 * 3));
  EXPECT_NEAR(bleu.score, 100 * std::pow(5.0 / 6 * 3 / 5 * 1 / 4 * 1 / 6, 0.25), 1e-9);
  EXPECT_EQ(bleu.brevity_penalty, 1);
  // The first four of five words: all n-grams match, and the penalty is exp(1 - 5/4).
  EXPECT_NEAR(corpus_bleu({"a b c d"}, {"a b c d e"}).score, 100 * std::exp(-0.25), 1e-9);
}

}  // namespace
}  // namespace norma::text
