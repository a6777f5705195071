// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The order of additions of the contract norma-1 (sections 1 and 5), written as the text says it.
#pragma once

#include <cstdint>

namespace norma::ref {

inline constexpr int64_t kLeaf = 8;     // elements added first, neighbours in memory
inline constexpr int64_t kLanes = 32;   // leaves side by side
inline constexpr int64_t kChunk = kLeaf * kLanes;
inline constexpr int64_t kChunks = 4;   // one after the other
inline constexpr int64_t kBlock = kChunk * kChunks;
inline constexpr int64_t kRowBlock = 32;  // rows added in sequence for a column sum

template <typename Work>
Work leaf_sum(Work e0, Work e1, Work e2, Work e3, Work e4, Work e5, Work e6, Work e7) {
  return ((e0 + e4) + (e2 + e6)) + ((e1 + e5) + (e3 + e7));
}

// The sum of elements 1024 * block .. 1024 * block + 1023; term(i) is asked for i < n only.
template <typename Work, typename Term>
Work block_sum(int64_t n, int64_t block, const Term& term) {
  const auto element = [&](int64_t i) { return i < n ? term(i) : Work(0); };
  Work lane[kLanes];
  for (int64_t t = 0; t < kLanes; ++t) {
    Work chunk[kChunks];
    for (int64_t c = 0; c < kChunks; ++c) {
      const int64_t i = block * kBlock + c * kChunk + t * kLeaf;
      chunk[c] = leaf_sum(element(i), element(i + 1), element(i + 2), element(i + 3),
                          element(i + 4), element(i + 5), element(i + 6), element(i + 7));
    }
    lane[t] = ((chunk[0] + chunk[1]) + chunk[2]) + chunk[3];
  }
  for (int64_t k = kLanes / 2; k >= 1; k /= 2) {
    for (int64_t t = 0; t < k; ++t) lane[t] = lane[t] + lane[t + k];
  }
  return lane[0];
}

// A tree of adjacent pairs over leaf(first) .. leaf(first + width - 1), width a power of two, +0
// past count.
template <typename Leaf>
double pair_tree(int64_t first, int64_t width, int64_t count, const Leaf& leaf) {
  if (width == 1) return first < count ? leaf(first) : 0.0;
  return pair_tree(first, width / 2, count, leaf) +
         pair_tree(first + width / 2, width / 2, count, leaf);
}

template <typename Leaf>
double pair_tree(int64_t count, const Leaf& leaf) {
  int64_t width = 1;
  while (width < count) width *= 2;
  return pair_tree(0, width, count, leaf) + 0.0;
}

// Section 1: the sum of term(0) .. term(n - 1), worked in Work inside a block, in f64 over blocks.
template <typename Work, typename Term>
double row_sum(int64_t n, const Term& term) {
  return pair_tree((n + kBlock - 1) / kBlock, [&](int64_t block) {
    return static_cast<double>(block_sum<Work>(n, block, term));
  });
}

// Section 5: the sum of term(0) .. term(rows - 1) down a column.
template <typename Work, typename Term>
Work column_sum(int64_t rows, const Term& term) {
  const double sum = pair_tree((rows + kRowBlock - 1) / kRowBlock, [&](int64_t block) {
    Work acc = 0;
    for (int64_t r = block * kRowBlock; r < rows && r < (block + 1) * kRowBlock; ++r) {
      acc = acc + term(r);
    }
    return static_cast<double>(acc);
  });
  return static_cast<Work>(sum);
}

}  // namespace norma::ref
