// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Corpus BLEU as sacreBLEU defines it (Post 2018): 13a tokens, 4-grams, brevity penalty, "exp"
// smoothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace norma::text {

struct Bleu {
  double score = 0;  // 0..100
  double precisions[4] = {0, 0, 0, 0};  // percent
  double brevity_penalty = 1;
  int64_t hypothesis_length = 0;  // tokens
  int64_t reference_length = 0;
};

// The 13a tokenization of mteval-v13a.pl, joined by single spaces.
std::string tokenize_13a(std::string_view line);

// REQUIRES: as many hypotheses as references (one reference each).
Bleu corpus_bleu(const std::vector<std::string>& hypotheses,
                 const std::vector<std::string>& references);

}  // namespace norma::text
