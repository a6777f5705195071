// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a norm costs, from the timings of a run folder.
#pragma once

#include <optional>
#include <string>

#include "lab/report/compare.h"
#include "lab/report/read_run.h"

namespace norma::lab::report {

// Two norms whose times differ by less are said to cost the same.
constexpr double kSameCost = 0.05;

struct CostRatio {
  const Timing* first = nullptr;
  const Timing* second = nullptr;
  double ratio = 1;  // forward and backward of the first over the second's
  // By more than kSameCost, and clearly: the quartiles of the ratios round by round lie on one side
  // of 1. A slow moment falls on both norms of a round, so that it does not hide a difference.
  // Where no rounds are recorded, the quartiles of the two (if those are) do not overlap.
  bool differs = false;
};

// The timing of a variant: its own placement's, else the same norm's in any placement. Null where
// there is none, and for a variant without a norm.
const Timing* timing_of(const RunFolder& folder, const Variant& variant);

// Absent where the two were not timed at the same rows, cols and threads.
std::optional<CostRatio> cost_ratio(const RunFolder& folder, const Variant& first,
                                    const Variant& second);

// "0.71x the time"; "the same time (1.01x)"; "0.68x the time (not clearly: ..)".
std::string cost_words(const CostRatio& cost);

}  // namespace norma::lab::report
