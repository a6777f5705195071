// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/effects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>

#include "lab/report/phrases.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

struct EffectNames {
  std::string subject;        // warm-up of 150 steps
  std::string first, second;  // without, with
};

// All of `rows` belong to one variant and have one outcome; a lower second loss means that it
// helps.
std::string effect_words(const Grid& grid, const std::vector<PairedRow>& rows,
                         const EffectNames& names) {
  std::vector<size_t> where;
  for (const PairedRow& row : rows) where.push_back(row.first->setting);
  const std::string at = " at " + grid.words(where);
  const std::string minus = ", " + names.first + " \u2212 " + names.second + " = ";
  const auto everywhere = [&](size_t Paired::*count) {
    return std::all_of(rows.begin(), rows.end(), [&](const PairedRow& r) {
      return r.paired.*count == r.paired.difference.n;
    });
  };
  switch (rows[0].paired.outcome) {
    case Outcome::kHigher:
      return "helps" + at + " by " + size_words(grid, rows, false) + diverged_too(rows, false);
    case Outcome::kLower:
      return "hurts" + at + " by " + size_words(grid, rows, false) + diverged_too(rows, false);
    case Outcome::kTie: {
      const std::string text =
          "shows no effect" + at + minus + size_words(grid, rows, true) +
          (too_wide(rows) ? ", an interval too wide to exclude one" : "") +
          diverged_too(rows, false);
      if (everywhere(&Paired::second_lower))
        return text + ", though lower " + names.second + " in every seed";
      if (everywhere(&Paired::first_lower))
        return text + ", though lower " + names.first + " in every seed";
      return text;
    }
    case Outcome::kMoreDiverged:
      return "makes it diverge less often" + at;
    case Outcome::kFewerDiverged:
      return "makes it diverge more often" + at;
    case Outcome::kTooFewSeeds:
      return "has too few seeds to decide" + at + minus + size_words(grid, rows, true) +
             diverged_too(rows, false);
    case Outcome::kNothing:
      return "has no seed in which both finished" + at + diverged_too(rows, false);
  }
  return "";
}

using IsPair = std::function<bool(const Setting&, const Setting&)>;

// Adds the pairs of settings of which `is_pair` holds, a sentence a variant.
void add_effects(const Grid& grid, const IsPair& is_pair, const EffectNames& names,
                 Contrast& contrast) {
  for (size_t v = 0; v < grid.variants.size(); ++v) {
    std::map<Outcome, std::vector<PairedRow>> groups;
    for (const Configuration& a : grid.configurations) {
      for (const Configuration& b : grid.configurations) {
        if (a.variant != v || b.variant != v || !is_pair(grid.setting_of(a), grid.setting_of(b)))
          continue;
        const Paired paired = compare(a, b);
        groups[paired.outcome].push_back({&a, &b, paired});
        contrast.table.rows.push_back({label(grid.variants[v]), grid.words(grid.setting_of(a)),
                                       loss_words(a), loss_words(b), difference_words(paired),
                                       outcome_name(paired, names.first, names.second)});
      }
    }
    std::vector<std::string> clauses;
    for (const auto& [outcome, rows] : groups) clauses.push_back(effect_words(grid, rows, names));
    if (clauses.empty()) continue;
    contrast.findings.push_back(sentence(label(grid.variants[v]) + ": " + names.subject + " " +
                                         fmt::format("{}", fmt::join(clauses, "; it "))));
  }
}

// The grid with words that name only what varies among the settings of such pairs.
Grid among_pairs(const Grid& grid, const IsPair& is_pair) {
  std::vector<size_t> settings;
  for (const Configuration& a : grid.configurations) {
    for (const Configuration& b : grid.configurations) {
      if (a.variant == b.variant && is_pair(grid.setting_of(a), grid.setting_of(b)))
        settings.push_back(a.setting);
    }
  }
  return among(grid, settings);
}

}  // namespace

std::optional<Contrast> contrast_of_warmup(const Grid& whole) {
  Contrast c;
  c.id = "warmup";
  c.title = "What warm-up changes";
  c.table.header = {"configuration",       "setting", "without", "with",
                    "without \u2212 with", "outcome"};
  c.table.text_columns = 2;
  std::map<int64_t, bool> lengths;
  for (const Setting& s : whole.settings) lengths[s.warmup_steps] = true;
  for (const auto& [length, unused] : lengths) {
    if (length == 0) continue;
    const auto is_pair = [&, steps = length](const Setting& a, const Setting& b) {
      return a.warmup_steps == 0 && b.warmup_steps == steps && a.lr == b.lr && a.init == b.init &&
             a.choices == b.choices;
    };
    Grid grid = among_pairs(whole, is_pair);
    grid.names_warmup = false;
    add_effects(
        grid, is_pair,
        {"warm-up of " + std::to_string(length) + " steps", "without warm-up", "with warm-up"}, c);
  }
  if (c.table.rows.empty()) return std::nullopt;
  return c;
}

std::optional<Contrast> contrast_of_init(const Grid& whole) {
  if (whole.settings.empty()) return std::nullopt;
  const std::string baseline = whole.settings[0].init;
  std::vector<std::string> inits;
  for (const Setting& s : whole.settings) {
    const bool is_new =
        s.init != baseline && std::find(inits.begin(), inits.end(), s.init) == inits.end();
    if (is_new) inits.push_back(s.init);
  }
  const std::string other = inits.size() == 1 ? inits[0] : "other";
  Contrast c;
  c.id = "initialisation";
  c.title = "What the initialisation changes";
  c.table.header = {"configuration", "setting", baseline, other, baseline + " \u2212 " + other,
                    "outcome"};
  c.table.text_columns = 2;
  for (const std::string& init : inits) {
    const auto is_pair = [&](const Setting& a, const Setting& b) {
      return a.init == baseline && b.init == init && a.lr == b.lr &&
             a.warmup_steps == b.warmup_steps && a.choices == b.choices;
    };
    Grid grid = among_pairs(whole, is_pair);
    grid.names_init = false;
    add_effects(grid, is_pair,
                {init + " instead of " + baseline, "with " + baseline, "with " + init}, c);
  }
  if (c.table.rows.empty()) return std::nullopt;
  return c;
}

std::optional<Contrast> contrast_of_batch_size(const Grid& whole) {
  std::map<double, std::string> sizes;
  for (const Setting& s : whole.settings) {
    const auto found = s.choices.find("batch_size");
    if (found == s.choices.end()) continue;
    sizes[std::strtod(found->second.c_str(), nullptr)] = found->second;
  }
  if (sizes.size() < 2) return std::nullopt;
  const std::string largest = sizes.rbegin()->second;
  sizes.erase(std::prev(sizes.end()));
  const std::string other = sizes.size() == 1 ? sizes.begin()->second : "smaller";
  Contrast c;
  c.id = "batch-size";
  c.title = "What the batch size changes";
  c.table.header = {"configuration", "setting", largest, other, largest + " \u2212 " + other,
                    "outcome"};
  c.table.text_columns = 2;
  for (const auto& [number, size] : sizes) {
    const auto is_pair = [&, size = size](const Setting& a, const Setting& b) {
      auto choices = a.choices;
      const auto at = choices.find("batch_size");
      if (at == choices.end() || at->second != largest) return false;
      at->second = size;
      return a.init == b.init && a.lr == b.lr && a.warmup_steps == b.warmup_steps &&
             choices == b.choices;
    };
    Grid grid = among_pairs(whole, is_pair);
    const std::string subject = "a batch of " + size + " instead of " + largest;
    add_effects(grid, is_pair, {subject, "with " + largest, "with " + size}, c);
  }
  if (c.table.rows.empty()) return std::nullopt;
  c.rule = "At the same number of steps, so that a larger batch has seen more data: what tells "
           "norms apart is the difference between their rows, not the sign of one.";
  return c;
}

}  // namespace norma::lab::report
