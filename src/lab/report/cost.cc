// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/cost.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

double ns_per_row(const Timing& t) { return t.forward_ns_per_row + t.backward_ns_per_row; }

bool quartiles_overlap(const Timing& a, const Timing& b) {
  if (!a.forward_quartiles || !a.backward_quartiles || !b.forward_quartiles ||
      !b.backward_quartiles)
    return false;
  const auto low = [](const Timing& t) {
    return t.forward_quartiles->first + t.backward_quartiles->first;
  };
  const auto high = [](const Timing& t) {
    return t.forward_quartiles->second + t.backward_quartiles->second;
  };
  return low(a) <= high(b) && low(b) <= high(a);
}

// Of the first's time over the second's in each round, sorted; empty where not recorded, or not in
// the same rounds.
std::vector<double> paired_ratios(const Timing& a, const Timing& b) {
  std::vector<double> ratios;
  if (a.round_ns_per_row.size() != b.round_ns_per_row.size()) return ratios;
  for (size_t i = 0; i < a.round_ns_per_row.size(); ++i) {
    if (!(a.round_ns_per_row[i] > 0) || !(b.round_ns_per_row[i] > 0)) return {};
    ratios.push_back(a.round_ns_per_row[i] / b.round_ns_per_row[i]);
  }
  std::sort(ratios.begin(), ratios.end());
  return ratios;
}

}  // namespace

const Timing* timing_of(const RunFolder& folder, const Variant& variant) {
  if (!applies_a_norm(variant)) return nullptr;
  const Timing* same_norm = nullptr;
  for (const Timing& t : folder.timing) {
    if (t.norm != variant.norm) continue;
    if (t.placement == variant.placement) return &t;
    if (same_norm == nullptr) same_norm = &t;
  }
  return same_norm;
}

std::optional<CostRatio> cost_ratio(const RunFolder& folder, const Variant& first,
                                    const Variant& second) {
  CostRatio cost{timing_of(folder, first), timing_of(folder, second)};
  if (cost.first == nullptr || cost.second == nullptr || cost.first == cost.second)
    return std::nullopt;
  const Timing &a = *cost.first, &b = *cost.second;
  const bool same_task = a.rows == b.rows && a.cols == b.cols && a.threads == b.threads;
  if (!same_task || !(ns_per_row(a) > 0) || !(ns_per_row(b) > 0)) return std::nullopt;
  if (const std::vector<double> ratios = paired_ratios(a, b); !ratios.empty()) {
    const size_t n = ratios.size();
    cost.ratio = ratios[n / 2];
    cost.differs = std::abs(cost.ratio - 1) > kSameCost &&
                   (ratios[n / 4] > 1 || ratios[n - 1 - n / 4] < 1);
    return cost;
  }
  cost.ratio = ns_per_row(a) / ns_per_row(b);
  cost.differs = std::abs(cost.ratio - 1) > kSameCost && !quartiles_overlap(a, b);
  return cost;
}

std::string cost_words(const CostRatio& cost) {
  if (cost.differs) return times(cost.ratio) + " the time";
  if (std::abs(cost.ratio - 1) <= kSameCost) return "the same time (" + times(cost.ratio) + ")";
  return times(cost.ratio) + " the time (not clearly: the quartiles overlap)";
}

}  // namespace norma::lab::report
