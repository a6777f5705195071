// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/compare.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

template <typename T>
size_t index_of(std::vector<T>& all, const T& wanted) {
  const auto it = std::find(all.begin(), all.end(), wanted);
  if (it != all.end()) return static_cast<size_t>(it - all.begin());
  all.push_back(wanted);
  return all.size() - 1;
}

void sort_settings(std::vector<Setting>& settings) {
  std::vector<std::string> inits;
  for (const Setting& s : settings) index_of(inits, s.init);
  std::sort(settings.begin(), settings.end(), [&](const Setting& a, const Setting& b) {
    const size_t init_a = index_of(inits, a.init), init_b = index_of(inits, b.init);
    return std::tie(init_a, a.choices, a.lr, a.warmup_steps) <
           std::tie(init_b, b.choices, b.lr, b.warmup_steps);
  });
}

void find_what_varies(Grid& grid, const std::vector<Setting>& settings) {
  std::set<std::string> inits, keys;
  for (const Setting& s : settings) {
    inits.insert(s.init);
    for (const auto& [key, value] : s.choices) keys.insert(key);
  }
  grid.names_init = inits.size() > 1;
  grid.varying_choices.clear();
  for (const std::string& key : keys) {
    std::set<std::string> values;
    for (const Setting& s : settings) values.insert(s.choices.count(key) ? s.choices.at(key) : "");
    if (values.size() > 1) grid.varying_choices.push_back(key);
  }
}

void summarize_runs(const std::vector<Run>& runs, Configuration& c) {
  std::stable_sort(c.runs.begin(), c.runs.end(),
                   [&](size_t a, size_t b) { return runs[a].seed < runs[b].seed; });
  std::vector<double> valid, gap, bleu, accuracy, tokens;
  for (const size_t i : c.runs) {
    const Run& run = runs[i];
    c.diverged += run.diverged();
    if (!run.done()) continue;
    c.done += 1;
    c.valid_loss[run.seed] = *run.valid_loss;
    valid.push_back(*run.valid_loss);
    if (run.train_loss) gap.push_back(*run.valid_loss - *run.train_loss);
    if (run.bleu) bleu.push_back(*run.bleu);
    if (run.accuracy) accuracy.push_back(*run.accuracy);
    if (run.tokens_per_s) tokens.push_back(*run.tokens_per_s);
  }
  c.valid = summarize(valid);
  c.gap = summarize(gap);
  c.bleu = summarize(bleu);
  c.accuracy = summarize(accuracy);
  c.tokens_per_s = summarize(tokens);
}

// Of the runs that ended; nothing where they are too few to say.
std::optional<double> diverged_share(const Configuration& c) {
  const size_t ended = c.done + c.diverged;
  if (ended < kMinSeeds) return std::nullopt;
  return static_cast<double>(c.diverged) / static_cast<double>(ended);
}

std::string choice_name(const std::string& key) {
  return key == "batch_size" ? "batch size" : key;
}

std::string warmup_words(int64_t steps) {
  return steps == 0 ? "without warm-up" : "with " + std::to_string(steps) + " warm-up steps";
}

std::string warmup_words(const std::set<int64_t>& all) {
  if (all.size() == 1) return warmup_words(*all.begin());
  if (all.size() == 2 && *all.begin() == 0) {
    return "with (" + std::to_string(*all.rbegin()) + " steps) and without warm-up";
  }
  std::vector<std::string> steps;
  for (const int64_t s : all) steps.push_back(std::to_string(s));
  return "with " + joined(steps) + " warm-up steps";
}

}  // namespace

bool applies_a_norm(const Variant& variant) {
  return variant.placement != "none" && variant.placement != "rezero" &&
         variant.placement != "ngpt";
}

std::string label(const Variant& variant) {
  if (variant.placement == "none") return "no norm";
  if (!applies_a_norm(variant)) return variant.placement;
  return variant.placement + " " + norm_name(variant.norm);
}

const Configuration* Grid::find(size_t variant, size_t setting) const {
  for (const Configuration& c : configurations) {
    if (c.variant == variant && c.setting == setting) return &c;
  }
  return nullptr;
}

std::string Grid::words(const Setting& s) const {
  std::string text = "lr " + plain(s.lr);
  if (names_warmup) text += " " + warmup_words(s.warmup_steps);
  if (names_init) text += ", " + s.init + " init";
  for (const std::string& key : varying_choices) {
    if (s.choices.count(key)) text += ", " + choice_name(key) + " " + s.choices.at(key);
  }
  return text;
}

std::string Grid::words_one_by_one(const std::vector<size_t>& wanted) const {
  std::string text;
  for (const size_t i : wanted) text += (text.empty() ? "" : "; ") + words(settings[i]);
  return text;
}

std::string Grid::words_by_init(const std::vector<size_t>& wanted,
                                const std::vector<std::string>& inits) const {
  std::string text;
  for (const std::string& init : inits) {
    std::vector<size_t> some;
    for (const size_t i : wanted) {
      if (settings[i].init == init) some.push_back(i);
    }
    text += (text.empty() ? "" : "; ") + words(some);
  }
  return text;
}

std::string Grid::words(const std::vector<size_t>& wanted) const {
  if (wanted.size() == 1) return words(settings[wanted[0]]);
  std::set<double> lrs;
  std::set<int64_t> warmups;
  std::vector<std::string> inits;
  std::set<std::map<std::string, std::string>> choices;
  for (const size_t i : wanted) {
    lrs.insert(settings[i].lr);
    warmups.insert(settings[i].warmup_steps);
    index_of(inits, settings[i].init);
    choices.insert(settings[i].choices);
  }
  if (choices.size() > 1 || lrs.size() * warmups.size() * inits.size() != wanted.size()) {
    return inits.size() > 1 ? words_by_init(wanted, inits) : words_one_by_one(wanted);
  }
  std::vector<std::string> lr_words;
  for (const double lr : lrs) lr_words.push_back(plain(lr));
  std::string text = "lr " + joined(lr_words);
  if (names_warmup) text += (warmups.size() > 1 ? ", " : " ") + warmup_words(warmups);
  if (names_init) text += ", " + joined(inits) + " init";
  for (const std::string& key : varying_choices) {
    const auto& chosen = settings[wanted[0]].choices;
    if (chosen.count(key)) text += ", " + choice_name(key) + " " + chosen.at(key);
  }
  return text;
}

Grid make_grid(const std::vector<Run>& runs) {
  Grid grid;
  const auto setting_of = [](const Run& run) {
    return Setting{run.lr, run.warmup_steps, run.init, run.choices};
  };
  for (const Run& run : runs) {
    index_of(grid.variants, Variant{run.placement, run.norm});
    index_of(grid.settings, setting_of(run));
  }
  sort_settings(grid.settings);
  find_what_varies(grid, grid.settings);
  std::map<std::pair<size_t, size_t>, Configuration> found;
  for (size_t i = 0; i < runs.size(); ++i) {
    const size_t variant = index_of(grid.variants, Variant{runs[i].placement, runs[i].norm});
    const size_t setting = index_of(grid.settings, setting_of(runs[i]));
    Configuration& c = found[{setting, variant}];
    c.variant = variant;
    c.setting = setting;
    c.runs.push_back(i);
  }
  for (auto& [key, configuration] : found) {
    summarize_runs(runs, configuration);
    grid.configurations.push_back(std::move(configuration));
  }
  return grid;
}

std::vector<size_t> compared_settings(const Grid& grid) {
  std::vector<size_t> variants(grid.settings.size(), 0), settings;
  for (const Configuration& c : grid.configurations) variants[c.setting] += 1;
  for (size_t s = 0; s < variants.size(); ++s) {
    if (variants[s] > 1) settings.push_back(s);
  }
  return settings;
}

Grid among(Grid grid, const std::vector<size_t>& settings) {
  std::vector<Setting> some;
  for (const size_t s : settings) some.push_back(grid.settings[s]);
  find_what_varies(grid, some);
  return grid;
}

Paired compare(const Configuration& first, const Configuration& second) {
  std::vector<double> differences;
  for (const auto& [seed, loss] : first.valid_loss) {
    const auto other = second.valid_loss.find(seed);
    if (other != second.valid_loss.end()) differences.push_back(loss - other->second);
  }
  Paired p;
  p.difference = summarize(differences);
  for (const double d : differences) {
    p.first_lower += d < 0;
    p.second_lower += d > 0;
  }
  p.half_width = interval_half_width(p.difference);
  const auto share1 = diverged_share(first), share2 = diverged_share(second);
  if (share1 && share2 && std::abs(*share1 - *share2) >= kDivergedGap) {
    p.outcome = *share1 < *share2 ? Outcome::kFewerDiverged : Outcome::kMoreDiverged;
  } else if (differences.empty()) {
    p.outcome = Outcome::kNothing;
  } else if (differences.size() < kMinSeeds) {
    p.outcome = Outcome::kTooFewSeeds;
  } else if (std::abs(p.difference.mean) < kTieMargin ||
             std::abs(p.difference.mean) <= p.half_width) {
    p.outcome = Outcome::kTie;
  } else {
    p.outcome = p.difference.mean < 0 ? Outcome::kLower : Outcome::kHigher;
  }
  return p;
}

std::string loss_words(const Configuration& c) {
  if (c.done > 1) return with_spread(c.valid.mean, c.valid.sd);
  if (c.done == 1) return fixed(c.valid.mean, 2);
  return c.diverged > 0 ? "diverged" : "unfinished";
}

std::string outcome_name(const Paired& p, const std::string& first, const std::string& second) {
  switch (p.outcome) {
    case Outcome::kLower:
      return first + " lower";
    case Outcome::kHigher:
      return second + " lower";
    case Outcome::kTie:
      return p.too_wide() ? "no difference shown" : "tie";
    case Outcome::kFewerDiverged:
      return first + " diverged less";
    case Outcome::kMoreDiverged:
      return second + " diverged less";
    case Outcome::kTooFewSeeds:
      return "too few seeds";
    case Outcome::kNothing:
      return "no common seed";
  }
  return "";
}

std::string difference_words(const Paired& p) {
  if (p.difference.n == 0) return "";
  return difference_with_spread(p.difference.mean, p.half_width);
}

}  // namespace norma::lab::report
