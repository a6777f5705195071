// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The order of additions once more, from the contract's text and not from core/ref/order.h: over
// any arithmetic, so that it gives sums or the tree itself, and with faults to order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace norma::test {

enum class Fault {
  kNone,
  // of the order
  kLeafInSequence,
  kLeafOfNeighbours,
  kLeafHalvesSwapped,
  kChunksInPairs,
  kChunksBackward,
  kLanesOfNeighbours,
  kSixteenLanes,
  kTwoChunks,
  kEightChunks,
  kBlocksInSequence,
  kBlocksInF32,
  // of the operations
  kFusedSquares,
  kOneRoundingOfRstd,
  kApproximateRoot,
  kFirstAsPivot,
  kNoPivot,
  kNoGuard,
  kMeanRounded,
  kFusedAffine,
  kMeanTimesRstd,
  kVarianceInF32,
  kCount
};
constexpr Fault kLastOfOrder = Fault::kBlocksInF32;

// Arithmetic of numbers: Value within a block, double over blocks.
template <typename T>
struct Numbers {
  using Value = T;
  using Wide = double;
  static T zero() { return 0; }
  static T add(T a, T b) { return a + b; }
  static double widen(T a) { return static_cast<double>(a); }
  static double add_wide(double a, double b) { return a + b; }
  static double narrow(double a) { return static_cast<double>(static_cast<float>(a)); }
};

// Arithmetic of trees: a sum is "(left right)", ordered by the first element on each side; +0 adds
// nothing.
struct Trees {
  using Value = std::pair<int64_t, std::string>;  // first element, text
  using Wide = Value;
  static Value zero() { return {-1, ""}; }
  static Value element(int64_t i) { return {i, std::to_string(i)}; }
  static Value add(const Value& a, const Value& b) {
    if (a.first < 0) return b;
    if (b.first < 0) return a;
    const auto& [low, high] = std::minmax(a, b, [](const Value& p, const Value& q) {
      return p.first < q.first;
    });
    return {low.first, "(" + low.second + " " + high.second + ")"};
  }
  static Value widen(const Value& a) { return a; }
  static Value add_wide(const Value& a, const Value& b) { return add(a, b); }
  static Value narrow(const Value& a) { return a; }
};

template <typename A>
typename A::Value leaf_of(const typename A::Value (&e)[8], Fault fault) {
  const auto add = [](const auto& a, const auto& b) { return A::add(a, b); };
  if (fault == Fault::kLeafInSequence) {
    typename A::Value sum = e[0];
    for (int j = 1; j < 8; ++j) sum = add(sum, e[j]);
    return sum;
  }
  if (fault == Fault::kLeafOfNeighbours) {
    return add(add(add(e[0], e[1]), add(e[2], e[3])), add(add(e[4], e[5]), add(e[6], e[7])));
  }
  if (fault == Fault::kLeafHalvesSwapped) {
    return add(add(add(e[0], e[4]), add(e[1], e[5])), add(add(e[2], e[6]), add(e[3], e[7])));
  }
  return add(add(add(e[0], e[4]), add(e[2], e[6])), add(add(e[1], e[5]), add(e[3], e[7])));
}

// Section 1 over leaf(i), the sum of elements i .. i + 7, asked for i < n only.
template <typename A, typename Leaf>
typename A::Wide sum_by_section_1(int64_t n, const Leaf& leaf, Fault fault = Fault::kNone) {
  using Value = typename A::Value;
  using Wide = typename A::Wide;
  const int64_t lanes = fault == Fault::kSixteenLanes ? 16 : 32;
  const int64_t chunks = fault == Fault::kTwoChunks ? 2 : fault == Fault::kEightChunks ? 8 : 4;
  const int64_t block = 8 * lanes * chunks;
  std::vector<Wide> blocks;
  for (int64_t begin = 0; begin < n; begin += block) {
    std::vector<Value> lane(static_cast<size_t>(lanes));
    for (int64_t t = 0; t < lanes; ++t) {
      std::vector<Value> c;
      for (int64_t k = 0; k < chunks; ++k) {
        const int64_t i = begin + 8 * (k * lanes + t);
        c.push_back(i < n ? leaf(i) : A::zero());
      }
      if (fault == Fault::kChunksBackward) std::reverse(c.begin(), c.end());
      Value sum = c[0];
      if (fault == Fault::kChunksInPairs) {
        sum = A::add(A::add(c[0], c[1]), A::add(c[2], c[3]));
      } else {
        for (size_t k = 1; k < c.size(); ++k) sum = A::add(sum, c[k]);
      }
      lane[static_cast<size_t>(t)] = sum;
    }
    for (size_t width = lane.size() / 2; width >= 1; width /= 2) {
      for (size_t t = 0; t < width; ++t) {
        lane[t] = fault == Fault::kLanesOfNeighbours ? A::add(lane[2 * t], lane[2 * t + 1])
                                                     : A::add(lane[t], lane[t + width]);
      }
    }
    blocks.push_back(A::widen(lane[0]));
  }
  if (fault == Fault::kBlocksInSequence) {
    for (size_t b = 1; b < blocks.size(); ++b) blocks[0] = A::add_wide(blocks[0], blocks[b]);
    return blocks[0];
  }
  while (blocks.size() > 1) {
    if (blocks.size() % 2 != 0) blocks.push_back(A::widen(A::zero()));
    for (size_t b = 0; b < blocks.size() / 2; ++b) {
      blocks[b] = A::add_wide(blocks[2 * b], blocks[2 * b + 1]);
      if (fault == Fault::kBlocksInF32) blocks[b] = A::narrow(blocks[b]);
    }
    blocks.resize(blocks.size() / 2);
  }
  return blocks[0];
}

// The same over term(i), i < n.
template <typename A, typename Term>
typename A::Wide sum_terms_by_section_1(int64_t n, const Term& term, Fault fault = Fault::kNone) {
  return sum_by_section_1<A>(
      n,
      [&](int64_t i) {
        typename A::Value e[8];
        for (int64_t j = 0; j < 8; ++j) e[j] = i + j < n ? term(i + j) : A::zero();
        return leaf_of<A>(e, fault);
      },
      fault);
}

inline std::vector<int64_t> range_of(int64_t begin, int64_t end) {
  std::vector<int64_t> all(static_cast<size_t>(end - begin));
  std::iota(all.begin(), all.end(), begin);
  return all;
}

// The tree over the elements of `some` alone: all others are taken out.
inline std::string tree_by_section_1(int64_t n, const std::vector<int64_t>& some) {
  std::vector<bool> in(static_cast<size_t>(n), false);
  for (const int64_t i : some) in[static_cast<size_t>(i)] = true;
  const auto term = [&](int64_t i) {
    return in[static_cast<size_t>(i)] ? Trees::element(i) : Trees::zero();
  };
  return sum_terms_by_section_1<Trees>(n, term).second;
}

// Section 5: rows 32k .. 32k + 31 one after the other, then pairs of neighbours; over `some` alone.
inline std::string tree_by_section_5(int64_t rows, const std::vector<int64_t>& some) {
  std::vector<Trees::Value> nodes(static_cast<size_t>((rows + 31) / 32), Trees::zero());
  for (const int64_t r : some) {
    Trees::Value& node = nodes[static_cast<size_t>(r / 32)];
    node = Trees::add(node, Trees::element(r));
  }
  while (nodes.size() > 1) {
    std::vector<Trees::Value> above;
    for (size_t k = 0; k < nodes.size(); k += 2) {
      above.push_back(k + 1 < nodes.size() ? Trees::add(nodes[k], nodes[k + 1]) : nodes[k]);
    }
    nodes = above;
  }
  return nodes[0].second;
}

inline std::string tree_by_section_5(int64_t rows) {
  return tree_by_section_5(rows, range_of(0, rows));
}

// Large enough that thousands of units vanish in it, in f32 and f64, small enough to be squared.
constexpr float kLarge = 0x1p62f;

// What probed_tree() plants, a row for each j: M at i, -M at j, `rest(k)` elsewhere.
template <typename Rest>
std::vector<float> planted(int64_t n, int64_t i, const std::vector<int64_t>& others,
                           const Rest& rest, float large = kLarge) {
  std::vector<float> rows;
  for (const int64_t j : others) {
    for (int64_t k = 0; k < n; ++k) rows.push_back(k == i ? large : k == j ? -large : rest(k));
  }
  return rows;
}

// Reads the tree of additions back from what a sum gives (after FPRev, Xie, Gao, Yang 2024): with
// +M at i, -M at j, M so large that units vanish in it, and units elsewhere, the sum counts the
// units outside of the smallest subtree that holds i and j.
// outside(i, {j, ..}) hands back that sum for each j.
template <typename Outside>
Trees::Value probed_tree(const std::vector<int64_t>& some, const Outside& outside) {
  const int64_t first = some[0];
  Trees::Value tree = Trees::element(first);
  if (some.size() == 1) return tree;
  const std::vector<int64_t> others(some.begin() + 1, some.end());
  const std::vector<double> sums = outside(first, others);
  std::map<double, std::vector<int64_t>, std::greater<>> siblings;  // the nearest first
  for (size_t k = 0; k < others.size(); ++k) siblings[sums[k]].push_back(others[k]);
  for (const auto& [sum, members] : siblings) {
    tree = Trees::add(tree, probed_tree(members, outside));
  }
  return tree;
}

}  // namespace norma::test
