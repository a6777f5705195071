// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/bpe_trainer.h"

#include <algorithm>

namespace norma::text {

void BpeTrainer::add_word(std::vector<int32_t> symbols, int64_t count) {
  words_.push_back({std::move(symbols), count});
  count_pairs(words_.size() - 1, 1);
}

void BpeTrainer::count_pairs(size_t word, int64_t sign) {
  const Word& w = words_[word];
  for (size_t i = 0; i + 1 < w.symbols.size(); ++i) {
    const SymbolPair pair{w.symbols[i], w.symbols[i + 1]};
    Occurrences& occurrences = pairs_[pair_key(pair)];
    occurrences.count += sign * w.count;
    if (sign < 0) continue;
    if (occurrences.words.empty() || occurrences.words.back() != word) {
      occurrences.words.push_back(word);
    }
    queue_.push({occurrences.count, pair});
  }
}

bool BpeTrainer::most_frequent(int64_t min_count, SymbolPair* pair) {
  while (!queue_.empty()) {
    const Candidate top = queue_.top();
    const Occurrences& now = pairs_[pair_key(top.pair)];
    if (top.count == now.count && !now.forbidden) {
      if (top.count < min_count) return false;
      *pair = top.pair;
      return true;
    }
    queue_.pop();
    if (now.count > 0 && now.count < top.count && !now.forbidden) {
      queue_.push({now.count, top.pair});
    }
  }
  return false;
}

void BpeTrainer::merge(SymbolPair pair, int32_t symbol) {
  const std::vector<size_t> words = std::move(pairs_[pair_key(pair)].words);
  pairs_[pair_key(pair)].words.clear();
  for (size_t word : words) {
    std::vector<int32_t>& symbols = words_[word].symbols;
    const int32_t ends[] = {pair.first, pair.second};
    if (std::search(symbols.begin(), symbols.end(), ends, ends + 2) == symbols.end()) continue;
    count_pairs(word, -1);
    size_t kept = 0;
    for (size_t i = 0; i < symbols.size(); ++i) {
      const bool here = symbols[i] == pair.first && i + 1 < symbols.size() &&
                        symbols[i + 1] == pair.second;
      symbols[kept++] = here ? symbol : symbols[i];
      if (here) ++i;
    }
    symbols.resize(kept);
    count_pairs(word, 1);
  }
}

void BpeTrainer::forbid(SymbolPair pair) { pairs_[pair_key(pair)].forbidden = true; }

}  // namespace norma::text
