// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Random numbers for the order of data: the same on every machine, unlike those of <random>'s
// distributions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace norma {

// SplitMix64 (Steele, Lea, Flood 2014): number k (from 1) is mix64(state + k * golden), so a stream
// has no state but a counter.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t state) : state_(state) {}
  // Stream `stream` of a seed: unrelated streams for, say, each epoch.
  SplitMix64(uint64_t seed, uint64_t stream) : state_(mix64(mix64(seed + kGolden) + stream)) {}

  uint64_t next() { return mix64(state_ += kGolden); }

  // Uniform in [0, bound), without bias. REQUIRES: bound >= 1.
  uint64_t below(uint64_t bound) {
    // 2^64 mod bound: draws under it would make the small results likelier.
    const uint64_t surplus = (0 - bound) % bound;
    uint64_t draw = next();
    while (draw < surplus) draw = next();
    return draw % bound;
  }

 private:
  static constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ull;  // 2^64 / golden ratio, odd
  uint64_t state_;
};

// Fisher and Yates, from the back (Knuth's algorithm P).
template <typename T>
void shuffle(std::vector<T>& items, SplitMix64& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

}  // namespace norma
