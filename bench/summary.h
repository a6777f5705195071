// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a table of records comes to: norma's time over another's, for all shapes of a task at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/harness/machine.h"

namespace norma::bench {

// Above this a shape counts as behind: what paired medians still differ by between two runs of the
// same code.
constexpr double kBehind = 1.03;

struct Verdict {
  std::string task, dtype;
  int threads = 0;
  // "hot": every hot call; "L2": those whose rows fit a core's L2 and not its L1; "memory": cold
  // calls, and hot ones whose rows do not fit the last-level cache.
  std::string place;
  // "copy", a peer, "best": the fastest peer of each shape, "best fused": the fastest of those that
  // have a kernel for the task, where others have none.
  std::string against;
  int shapes = 0, behind = 0;
  double geomean = 0, worst = 0;
  int64_t worst_rows = 0, worst_cols = 0;
};

// Of the rows that one call of a record touches.
int64_t rows_bytes(const Record& record);

// Whether a record belongs to a place of Verdict.
bool is_in(const std::string& place, const Record& record, const CacheSizes& caches);

// Whether the peer computes the task in one kernel.
bool is_fused(const std::string& task, const std::string& impl);

// The largest of norma's ratios to a peer, that is the ratio to the fastest; 0 without peers.
double ratio_to_best(const Record& norma, bool fused_only = false);

// In the order of the records; places and opponents that no record has are left out.
std::vector<Verdict> verdicts(const std::vector<Record>& records, const CacheSizes& caches);

}  // namespace norma::bench
