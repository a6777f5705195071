// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Runs grouped for comparison. A variant is what the lab asks about, a norm and its place; a
// setting is everything else but the seed; a configuration is a variant in a setting, over its
// seeds. Losses are compared seed by seed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lab/report/read_run.h"
#include "lab/report/statistics.h"

namespace norma::lab::report {

// Below this many seeds a difference is reported but decides nothing: the interval of two is 13
// times their spread.
constexpr size_t kMinSeeds = 3;
// Differences below this are a tie whatever their interval, in nats a token: 2 % of perplexity.
constexpr double kTieMargin = 0.02;
// A tie whose interval reaches further than this to either side of its mean is no evidence of
// equal losses, in nats a token.
constexpr double kWideInterval = 0.10;
// Diverged runs decide where the shares of two configurations are this far apart: with kMinSeeds
// that is two runs, since one run alone is chance.
constexpr double kDivergedGap = 0.5;

struct Variant {
  std::string placement, norm;
  bool operator==(const Variant&) const = default;
};
std::string label(const Variant& variant);  // pre RMSNorm
// Whether its placement applies a norm operator at all: none, rezero and ngpt do not.
bool applies_a_norm(const Variant& variant);

struct Setting {
  double lr = 0;
  int64_t warmup_steps = 0;
  std::string init;
  std::map<std::string, std::string> choices;
  bool operator==(const Setting&) const = default;
};

struct Configuration {
  size_t variant = 0, setting = 0;
  std::vector<size_t> runs;              // indices into the folder's runs, by seed
  std::map<int64_t, double> valid_loss;  // of the runs that are done, by seed
  size_t done = 0, diverged = 0;
  Summary valid, gap, bleu, accuracy,
      tokens_per_s;  // over the runs that are done; gap = validation - training loss
};

struct Grid {
  std::vector<Variant> variants;  // in order of appearance
  std::vector<Setting>
      settings;  // by initialisation in order of appearance, learning rate, warm-up
  std::vector<Configuration> configurations;  // by setting, then variant
  // What the words for a setting name, beside the learning rate.
  bool names_warmup = true;
  bool names_init = false;  // where it varies
  std::vector<std::string>
      varying_choices;  // keys of Setting::choices that are not the same everywhere

  // Null where that variant has no run in that setting.
  const Configuration* find(size_t variant, size_t setting) const;
  const Setting& setting_of(const Configuration& c) const { return settings[c.setting]; }
  const Variant& variant_of(const Configuration& c) const { return variants[c.variant]; }

  // "lr 0.003 without warm-up", with the initialisation and other choices where they vary.
  std::string words(const Setting& setting) const;
  // "lr 0.001 and 0.003, with (150 steps) and without warm-up" where the settings are all
  // combinations; else a list.
  std::string words(const std::vector<size_t>& settings) const;

 private:
  std::string words_one_by_one(const std::vector<size_t>& wanted) const;
  std::string words_by_init(const std::vector<size_t>& wanted,
                            const std::vector<std::string>& inits) const;
};

Grid make_grid(const std::vector<Run>& runs);
// The settings that hold more than one variant.
std::vector<size_t> compared_settings(const Grid& grid);
// The same grid, whose words name only what varies among these settings.
Grid among(Grid grid, const std::vector<size_t>& settings);

enum class Outcome {
  kLower,  // the first has the lower loss
  kTie,    // the interval holds 0, or the difference is below kTieMargin
  kHigher,
  kFewerDiverged,  // the first diverged less often, by kDivergedGap of the runs that ended
  kMoreDiverged,
  kTooFewSeeds,  // fewer than kMinSeeds seeds in which both are done
  kNothing,      // no seed in which both are done
};

// The first minus the second, over the seeds in which both are done.
struct Paired {
  Outcome outcome = Outcome::kNothing;
  Summary difference;
  double half_width = 0;                     // of the 95 % interval; infinite below two seeds
  size_t first_lower = 0, second_lower = 0;  // seeds
  bool too_wide() const { return half_width > kWideInterval; }
};
Paired compare(const Configuration& first, const Configuration& second);

// 4.07 ± 0.02; "diverged" or "unfinished" where no run is done.
std::string loss_words(const Configuration& configuration);
// "pre lower": the outcome in a table, the two by these names.
std::string outcome_name(const Paired& paired, const std::string& first, const std::string& second);
// −1.83 ± 0.02, the half width of the interval after the sign; without it where there is none.
std::string difference_words(const Paired& paired);

}  // namespace norma::lab::report
