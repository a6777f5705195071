// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Learns the merges of a byte-pair encoding. Pair counts are kept up to date word by word, so that
// a merge costs the words that contain it, not the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

namespace norma::text {

using SymbolPair = std::pair<int32_t, int32_t>;

constexpr uint64_t pair_key(SymbolPair pair) {
  return static_cast<uint64_t>(static_cast<uint32_t>(pair.first)) << 32 |
         static_cast<uint32_t>(pair.second);
}

class BpeTrainer {
 public:
  // A distinct word, and how often the text has it.
  void add_word(std::vector<int32_t> symbols, int64_t count);

  // The most frequent adjacent pair (of equals the smaller one); false where none occurs
  // `min_count` times. Overlapping occurrences all count: "aaa" has (a, a) twice.
  bool most_frequent(int64_t min_count, SymbolPair* pair);
  // Writes `symbol` for each occurrence of the pair, from the left.
  void merge(SymbolPair pair, int32_t symbol);
  // Takes the pair out of the running for good.
  void forbid(SymbolPair pair);

 private:
  struct Word {
    std::vector<int32_t> symbols;
    int64_t count;
  };
  struct Occurrences {
    int64_t count = 0;
    bool forbidden = false;
    std::vector<size_t> words;  // at least all that have the pair; some may have lost it
  };
  struct Candidate {
    int64_t count;
    SymbolPair pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  void count_pairs(size_t word, int64_t sign);

  std::vector<Word> words_;
  std::unordered_map<uint64_t, Occurrences> pairs_;
  // For every pair there is a candidate with its present count or more; others are out of date.
  std::priority_queue<Candidate> queue_;
};

}  // namespace norma::text
