// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The inner loop of every byte-pair encoding.
#pragma once

#include <algorithm>
#include <cstdint>
#include <queue>
#include <vector>

namespace norma::text {

struct PairMerge {
  static constexpr int32_t kNone = -1;
  int32_t id = kNone;  // what the two become; kNone: they stay two
  float score = 0;     // the highest goes first; ranks below 2^24 are exact
};

// Joins again and again the adjacent pair with the highest score, the leftmost of equals.
// merge_of(first, second) gives a PairMerge. O(n log n) by a queue of candidate pairs over a doubly
// linked list, so that a text of one endless word stays cheap.
template <typename MergeOf>
void merge_pairs(std::vector<int32_t>& symbols, const MergeOf& merge_of) {
  struct Candidate {
    float score;
    int32_t left, first, second, merged;
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };
  const int32_t n = static_cast<int32_t>(symbols.size());
  std::vector<int32_t> previous(n), next(n);
  std::priority_queue<Candidate> queue;
  const auto offer = [&](int32_t left) {
    if (left < 0 || next[left] >= n) return;
    const int32_t first = symbols[left], second = symbols[next[left]];
    const PairMerge merge = merge_of(first, second);
    if (merge.id != PairMerge::kNone) queue.push({merge.score, left, first, second, merge.id});
  };
  for (int32_t i = 0; i < n; ++i) previous[i] = i - 1, next[i] = i + 1;
  for (int32_t i = 0; i < n; ++i) offer(i);
  while (!queue.empty()) {
    const Candidate c = queue.top();
    queue.pop();
    const int32_t right = next[c.left];
    if (symbols[c.left] != c.first || right >= n || symbols[right] != c.second) continue;
    symbols[c.left] = c.merged;
    symbols[right] = PairMerge::kNone;
    next[c.left] = next[right];
    if (next[right] < n) previous[next[right]] = c.left;
    offer(previous[c.left]);
    offer(c.left);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), PairMerge::kNone), symbols.end());
}

}  // namespace norma::text
