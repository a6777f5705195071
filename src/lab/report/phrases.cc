// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/phrases.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

std::string diverged_of(const Configuration& c, const char* noun = "") {
  return std::to_string(c.diverged) + " of " + std::to_string(c.runs.size()) + noun;
}

// "an interval"; of several, the widest with its setting, which size_words need not have named.
std::string widest_words(const Grid& grid, const std::vector<PairedRow>& rows) {
  if (rows.size() == 1) return "an interval";
  const PairedRow& row =
      *std::max_element(rows.begin(), rows.end(), [](const PairedRow& a, const PairedRow& b) {
        return a.paired.half_width < b.paired.half_width;
      });
  return "an interval of \u00b1 " + fixed(row.paired.half_width, 2) + " nats (" +
         grid.words(grid.setting_of(*row.first)) + ")";
}

// Every member of `rows` has the same outcome of `a` against `b`; `at` says where, empty where that
// is plain.
std::string outcome_words(const Grid& grid, const std::vector<PairedRow>& rows,
                          const std::string& at) {
  const PairedRow& row = rows[0];
  const auto name = [&](const Configuration& c) {
    return label(grid.variant_of(c)) + (rows.size() == 1 ? " (" + loss_words(c) + ")" : "");
  };
  const std::string a = name(*row.first), b = name(*row.second);
  const auto diverged = [&] {
    std::vector<std::string> words;
    for (const PairedRow& r : rows) {
      words.push_back(diverged_of(*r.first, " runs") + " against " + diverged_of(*r.second));
      if (r.paired.difference.n == 0) continue;
      words.back() += ", difference " + difference_words(r.paired) + " nats where both finished";
    }
    return " (" + joined(words) + ")";
  };
  switch (row.paired.outcome) {
    case Outcome::kLower:
      return a + " beats " + b + at + " by " + size_words(grid, rows, false) +
             diverged_too(rows, false);
    case Outcome::kHigher:
      return b + " beats " + a + at + " by " + size_words(grid, rows, false) +
             diverged_too(rows, true);
    case Outcome::kTie:
      if (too_wide(rows)) {
        return "no difference between " + a + " and " + b + " is shown" + at + ": " +
               size_words(grid, rows, true) + ", " + widest_words(grid, rows) +
               " too wide to call them equal" + diverged_too(rows, false);
      }
      return a + " ties with " + b + at + ", difference " + size_words(grid, rows, true) +
             diverged_too(rows, false);
    case Outcome::kFewerDiverged:
      return a + " diverged less often than " + b + at + diverged();
    case Outcome::kMoreDiverged:
      return a + " diverged more often than " + b + at + diverged();
    case Outcome::kTooFewSeeds:
      return a + " against " + b + at + ": difference " + size_words(grid, rows, true) +
             ", too few seeds to decide" + diverged_too(rows, false);
    case Outcome::kNothing:
      return a + " and " + b + at + " share no seed in which both finished" +
             diverged_too(rows, false);
  }
  return "";
}

}  // namespace

std::string at_settings(const Grid& grid, const std::vector<size_t>& some, size_t of,
                        const std::string& which, bool negated) {
  const size_t compared = compared_settings(grid).size();
  if (compared == 1) return "";
  if (some.size() < of || of == 1) return " at " + grid.words(some);
  const std::string count = std::to_string(of);
  const std::string all = of == 2   ? negated ? " in either setting" : " in both settings"
                          : negated ? " in any of " + count + " settings"
                                    : " in all " + count + " settings";
  return of < compared ? all + " " + which : all;
}

std::string deciding_factor(const Grid& grid, const std::vector<size_t>& settings,
                            const std::function<std::string(size_t)>& group) {
  const auto decides = [&](const std::function<std::string(const Setting&)>& factor) {
    std::map<std::string, std::string> seen;
    for (const size_t s : settings) {
      const std::string of_setting = group(s);
      if (seen.emplace(factor(grid.settings[s]), of_setting).first->second != of_setting)
        return false;
    }
    return true;
  };
  if (decides([](const Setting& s) { return plain(s.lr); })) return "the learning rate";
  if (decides([](const Setting& s) { return std::to_string(s.warmup_steps); })) return "warm-up";
  if (decides([](const Setting& s) { return s.init; })) return "the initialisation";
  const auto batch_size = [](const Setting& s) {
    const auto found = s.choices.find("batch_size");
    return found == s.choices.end() ? "" : found->second;
  };
  if (decides(batch_size)) return "the batch size";
  return "the setting";
}

std::string size_words(const Grid& grid, const std::vector<PairedRow>& rows, bool with_sign) {
  const auto value = [&](const PairedRow& row) {
    const double mean = row.paired.difference.mean;
    return with_sign ? mean : std::abs(mean);
  };
  const auto by_value = [&](const PairedRow& a, const PairedRow& b) { return value(a) < value(b); };
  const auto words = [&](const PairedRow& row) {
    const double width = row.paired.half_width;
    if (with_sign) return difference_with_spread(value(row), width);
    return std::isfinite(width) ? with_spread(value(row), width) : fixed(value(row), 2);
  };
  const auto [fewest, most] =
      std::minmax_element(rows.begin(), rows.end(), [](const PairedRow& a, const PairedRow& b) {
        return a.paired.difference.n < b.paired.difference.n;
      });
  const size_t least = fewest->paired.difference.n;
  std::string seeds = " over " + counted(most->paired.difference.n, "paired seed");
  if (least != most->paired.difference.n) seeds.insert(6, std::to_string(least) + " to ");
  const auto [low, high] = std::minmax_element(rows.begin(), rows.end(), by_value);
  if (rows.size() == 1) return words(*low) + " nats" + seeds;
  const auto where = [&](const PairedRow& row) {
    return " (" + grid.words(grid.setting_of(*row.first)) + ")";
  };
  return words(*low) + where(*low) + " to " + words(*high) + " nats" + where(*high) + seeds;
}

std::string diverged_too(const std::vector<PairedRow>& rows, bool swapped) {
  std::vector<std::string> words;
  for (const PairedRow& r : rows) {
    const size_t runs = r.first->runs.size();
    if (r.first->diverged * r.second->runs.size() == r.second->diverged * runs) continue;
    const Configuration &a = swapped ? *r.second : *r.first, &b = swapped ? *r.first : *r.second;
    words.push_back(diverged_of(a, " runs") + " diverged against " + diverged_of(b));
  }
  return words.empty() ? "" : ", " + joined(words);
}

bool too_wide(const std::vector<PairedRow>& rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [](const PairedRow& r) { return r.paired.too_wide(); });
}

std::string comparison_words(const Grid& grid, size_t first, size_t second) {
  std::vector<PairedRow> rows;
  for (size_t s = 0; s < grid.settings.size(); ++s) {
    const Configuration *a = grid.find(first, s), *b = grid.find(second, s);
    if (a != nullptr && b != nullptr) rows.push_back({a, b, compare(*a, *b)});
  }
  if (rows.empty()) return "";
  std::map<Outcome, std::vector<PairedRow>> groups;
  std::map<size_t, std::string> group_of;
  std::vector<size_t> settings;
  for (const PairedRow& row : rows) {
    groups[row.paired.outcome].push_back(row);
    group_of[row.first->setting] = std::to_string(static_cast<int>(row.paired.outcome));
    settings.push_back(row.first->setting);
  }
  const std::string a = label(grid.variants[first]), b = label(grid.variants[second]);
  std::string text;
  if (groups.size() > 1) {
    const auto group = [&](size_t s) { return group_of[s]; };
    text = a + " against " + b + " depends on " + deciding_factor(grid, settings, group) + ": ";
  }
  const char* separator = "";
  for (const auto& [outcome, some] : groups) {
    std::vector<size_t> where;
    for (const PairedRow& row : some) where.push_back(row.first->setting);
    text += separator + outcome_words(grid, some,
                                      at_settings(grid, where, rows.size(), "that have both",
                                                  outcome == Outcome::kTie && too_wide(some)));
    separator = "; ";
  }
  return text;
}

}  // namespace norma::lab::report
