// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Random points of a grid: the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace norma::test {

class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}

  uint64_t operator()() { return random_(); }
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  bool coin() { return below(2) == 1; }
  // 1 to `most`, each size as likely as any other.
  int64_t spread(double most) {
    return static_cast<int64_t>(std::exp(std::log(most) * static_cast<double>(below(1001)) / 1000));
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace norma::test
