// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the norm kernels were wished to reach, and how far a run of the suite "cpu" gets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"

namespace norma::bench {

struct Target {
  std::string wish;  // in a few words
  std::string task, dtype;
  int threads = 0;
  enum class Limit { kAtMost, kBelow, kAtLeast } limit = Limit::kAtMost;
  double wished = 0;
  // Of all cells, what is held against `wished`: their geometric mean, or where each of them counts
  // the worst. A cell is behind where it would miss the wish by itself. 0 cells: not measured.
  double reached = 0, worst = 0;
  int64_t worst_rows = 0, worst_cols = 0;
  int behind = 0, cells = 0;

  bool is_met_by(double value) const;
  bool is_reached() const { return cells > 0 && is_met_by(reached); }
};

// A line for each task, dtype and number of threads that a wish is about and that the records have,
// wish by wish.
std::vector<Target> targets(const std::vector<Record>& records, const CacheSizes& caches);

}  // namespace norma::bench
