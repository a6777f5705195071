// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/alone.h"

#include <algorithm>

#include "lab/report/phrases.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

// Enough seeds, and not so many diverged that these decide and the mean says little.
bool has_a_mean(const Configuration& c) {
  const auto ended = static_cast<double>(c.done + c.diverged);
  return c.done >= kMinSeeds && static_cast<double>(c.diverged) < kDivergedGap * ended;
}

std::string place_words(const Grid& grid, const Configuration& c) {
  return " (" + loss_words(c) + ", " + grid.words(grid.setting_of(c)) + ")";
}

// Each against the best in the compared settings.
std::vector<PairedRow> alone_and_lower(const Grid& grid) {
  const std::vector<size_t> compared = compared_settings(grid);
  const auto is_compared = [&](const Configuration& c) {
    return std::find(compared.begin(), compared.end(), c.setting) != compared.end();
  };
  const Configuration* best = nullptr;
  for (const Configuration& c : grid.configurations) {
    if (!is_compared(c) || !has_a_mean(c)) continue;
    if (best == nullptr || c.valid.mean < best->valid.mean) best = &c;
  }
  std::vector<PairedRow> rows;
  for (const Configuration& c : grid.configurations) {
    if (best == nullptr || is_compared(c) || !has_a_mean(c)) continue;
    if (c.valid.mean >= best->valid.mean) continue;
    const PairedRow row = {&c, best, compare(c, *best)};
    if (row.paired.outcome != Outcome::kHigher) rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const PairedRow& a, const PairedRow& b) {
    return a.first->valid.mean < b.first->valid.mean;
  });
  return rows;
}

std::string lead_of(const Grid& grid, const PairedRow& row) {
  const Configuration &alone = *row.first, &best = *row.second;
  return "No single choice: " + label(grid.variant_of(alone)) + " at " +
         grid.words(grid.setting_of(alone)) + ", where no other variant was run, ends at " +
         loss_words(alone) + ", lower by " + size_words(grid, {row}, false) +
         " than the best that was compared, " + label(grid.variant_of(best)) +
         place_words(grid, best) + ".";
}

std::string clause_of(const Grid& grid, const PairedRow& row) {
  const std::string best = label(grid.variant_of(*row.second)) + place_words(grid, *row.second);
  const std::string start = label(grid.variant_of(*row.first)) + place_words(grid, *row.first) +
                            ", where no other variant was run, ";
  if (row.paired.outcome == Outcome::kLower) {
    return start + "ends lower than the best that was compared, " + best + ", by " +
           size_words(grid, {row}, false);
  }
  return start + "ends lower in the mean than the best that was compared, " + best +
         ", but is not told apart from it: " +
         (row.paired.difference.n == 0 ? "they share no seed"
                                       : "difference " + size_words(grid, {row}, true));
}

}  // namespace

AloneWords alone_words(const Grid& grid) {
  AloneWords words;
  for (const PairedRow& row : alone_and_lower(grid)) {
    if (words.lead.empty() && row.paired.outcome == Outcome::kLower) {
      words.lead = lead_of(grid, row);
    } else {
      words.clauses.push_back(clause_of(grid, row));
    }
  }
  return words;
}

}  // namespace norma::lab::report
