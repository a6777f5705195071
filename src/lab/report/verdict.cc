// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/verdict.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "lab/report/cost.h"
#include "lab/report/phrases.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

// The variants that no other beats in a setting: the one of the lowest loss, and those that tie
// with it.
struct Leaders {
  size_t setting = 0;
  bool decided = false;  // false: too few seeds, or nothing finished
  std::set<size_t> variants;
};

std::vector<const Configuration*> configurations_in(const Grid& grid, size_t setting) {
  std::vector<const Configuration*> found;
  for (const Configuration& c : grid.configurations) {
    if (c.setting == setting) found.push_back(&c);
  }
  return found;
}

double diverged_share(const Configuration& c) {
  return static_cast<double>(c.diverged) / static_cast<double>(c.runs.size());
}

Leaders leaders_in(const Grid& grid, size_t setting) {
  Leaders leaders{setting, false, {}};
  const auto all = configurations_in(grid, setting);
  const Configuration* best = nullptr;
  for (const Configuration* c : all) {
    if (c->done == 0) continue;
    const bool better = best == nullptr || std::pair(diverged_share(*c), c->valid.mean) <
                                               std::pair(diverged_share(*best), best->valid.mean);
    if (better) best = c;
  }
  if (best == nullptr) return leaders;
  leaders.decided = true;
  leaders.variants.insert(best->variant);
  for (const Configuration* c : all) {
    if (c == best) continue;
    const Outcome outcome = compare(*best, *c).outcome;
    const bool all_diverged = c->diverged == c->runs.size() && c->runs.size() >= kMinSeeds;
    if (outcome == Outcome::kTie) leaders.variants.insert(c->variant);
    if (outcome == Outcome::kTooFewSeeds || (outcome == Outcome::kNothing && !all_diverged))
      leaders.decided = false;
  }
  return leaders;
}

// The settings in which there is something to compare.
std::vector<size_t> compared_settings(const Grid& grid) {
  std::vector<size_t> settings;
  for (size_t s = 0; s < grid.settings.size(); ++s) {
    if (configurations_in(grid, s).size() > 1) settings.push_back(s);
  }
  return settings;
}

std::vector<std::string> labels(const Grid& grid, const std::set<size_t>& variants) {
  std::vector<std::string> words;
  for (const size_t v : variants) words.push_back(label(grid.variants[v]));
  return words;
}

// Of variants that tie, the one whose norm is cheaper than every other's; empty where no timing
// tells them apart.
std::string cheapest_words(const RunFolder& folder, const Grid& grid,
                           const std::set<size_t>& variants, const std::string& where) {
  for (const size_t v : variants) {
    std::vector<std::string> names, ratios;
    for (const size_t other : variants) {
      if (other == v) continue;
      const auto cost = cost_ratio(folder, grid.variants[v], grid.variants[other]);
      if (!cost || !cost->differs || cost->ratio > 1) continue;
      names.push_back(label(grid.variants[other]));
      ratios.push_back(times(cost->ratio));
    }
    if (ratios.size() + 1 == variants.size()) {
      return "Choose " + label(grid.variants[v]) + ": its loss ties with " + joined(names) + where +
             ", and its norm takes " + joined(ratios) + " the time.";
    }
  }
  return "";
}

std::string undecided_lead(const Grid& grid, const std::vector<size_t>& settings) {
  size_t most = 0;
  for (const Configuration& c : grid.configurations) most = std::max(most, c.done);
  if (most == 0) return "No choice: no run finished.";
  if (settings.empty()) return "One configuration alone: nothing to compare.";
  if (most < kMinSeeds) {
    return "No choice yet: " + counted(most, "finished seed") +
           " a configuration, and an interval needs at least " + std::to_string(kMinSeeds) + ".";
  }
  return "No choice yet: no setting has " + std::to_string(kMinSeeds) +
         " seeds that finished under every variant.";
}

std::string lead_words(const RunFolder& folder, const Grid& grid,
                       const std::vector<size_t>& settings) {
  std::map<size_t, std::set<size_t>> by_setting;
  std::vector<size_t> decided;
  std::set<size_t> common;
  for (const size_t s : settings) {
    const Leaders leaders = leaders_in(grid, s);
    if (!leaders.decided) continue;
    by_setting[s] = leaders.variants;
    std::set<size_t> both;
    std::set_intersection(common.begin(), common.end(), leaders.variants.begin(),
                          leaders.variants.end(), std::inserter(both, both.end()));
    common = decided.empty() ? leaders.variants : both;
    decided.push_back(s);
  }
  if (decided.empty()) return undecided_lead(grid, settings);
  const std::string where = at_settings(grid, decided, settings.size());
  if (common.size() == 1) {
    return "Choose " + label(grid.variants[*common.begin()]) + ": it comes out ahead" + where + ".";
  }
  if (common.size() > 1) {
    const std::string cheapest = cheapest_words(folder, grid, common, where);
    if (!cheapest.empty()) return cheapest;
    const std::string names = joined(labels(grid, common));
    if (common.size() == grid.variants.size())
      return "A tie: " + names + " end at the same loss" + where + ".";
    return "Choose " + joined(labels(grid, common), "or") + ": they tie for the lowest loss" +
           where + ".";
  }
  const auto group = [&](size_t s) { return joined(labels(grid, by_setting[s])); };
  std::map<std::string, std::vector<size_t>> groups;
  for (const size_t s : decided) groups[group(s)].push_back(s);
  std::string text =
      "No single choice, it depends on " + deciding_factor(grid, decided, group) + ":";
  const char* separator = " ";
  for (const auto& [who, some] : groups) {
    const bool is_tie = by_setting[some[0]].size() > 1;
    text += separator + who + (is_tie ? " tie" : "") + " at " + grid.words(some);
    separator = "; ";
  }
  return text + ".";
}

std::string data_words(const RunFolder& folder) {
  if (folder.runs.empty()) return "In this comparison";
  const auto name = folder.runs[0].data.find("name");
  return name == folder.runs[0].data.end() ? "In this comparison" : "On " + name->second;
}

std::string scope_words(const RunFolder& folder, const Grid& grid, std::vector<size_t> settings) {
  for (size_t s = 0; settings.empty() && s < grid.settings.size(); ++s) settings.push_back(s);
  return data_words(folder) + (settings.empty() ? "" : " at " + grid.words(settings));
}

std::string own_best_words(const Grid& grid) {
  std::vector<std::string> words;
  for (size_t v = 0; v < grid.variants.size(); ++v) {
    const Configuration* best = nullptr;
    for (const Configuration& c : grid.configurations) {
      if (c.variant != v || c.done < kMinSeeds || c.diverged > 0) continue;
      if (best == nullptr || c.valid.mean < best->valid.mean) best = &c;
    }
    if (best != nullptr) {
      words.push_back(label(grid.variants[v]) + " " + loss_words(*best) + " (" +
                      counted(best->done, "seed") + ", " + grid.words(grid.setting_of(*best)) +
                      ")");
    }
  }
  if (words.size() < 2 || grid.settings.size() < 2) return "";
  return "each at its own best setting: " + joined(words);
}

std::string diverged_words(const Grid& grid, const RunFolder& folder) {
  std::vector<std::string> words;
  size_t unfinished = 0;
  for (const Run& run : folder.runs) unfinished += !run.done() && !run.diverged();
  for (const Configuration& c : grid.configurations) {
    if (c.diverged == 0) continue;
    words.push_back(label(grid.variant_of(c)) + " " + std::to_string(c.diverged) + " of " +
                    std::to_string(c.runs.size()) + " at " + grid.words(grid.setting_of(c)));
  }
  std::string text = words.empty() ? "no run diverged" : "diverged: " + joined(words);
  if (unfinished > 0)
    text += "; " + counted(unfinished, "run") + " did not finish and count nowhere";
  return text;
}

// One factor at a time: placements under the norm that has most of them, norms in the leading
// placement.
std::vector<std::string> evidence(const RunFolder& folder, const Grid& grid) {
  const auto others = [&](const Variant& lead, bool same_norm) {
    std::vector<size_t> found;
    for (size_t v = 0; v < grid.variants.size(); ++v) {
      const Variant& other = grid.variants[v];
      if (other == lead) continue;
      if (same_norm ? other.norm == lead.norm : other.placement == lead.placement)
        found.push_back(v);
    }
    return found;
  };
  // A variant is represented by its lowest mean over the settings; where placements are compared,
  // by most partners first.
  const auto lowest = [&](size_t v) {
    double loss = INFINITY;
    for (const Configuration& c : grid.configurations) {
      if (c.variant == v && c.done > 0) loss = std::min(loss, c.valid.mean);
    }
    return loss;
  };
  const auto lead_of = [&](bool same_norm) {
    size_t lead = 0;
    const auto key = [&](size_t v) {
      return std::tuple(-static_cast<double>(others(grid.variants[v], same_norm).size()), lowest(v),
                        v);
    };
    for (size_t v = 1; v < grid.variants.size(); ++v)
      lead = std::min(key(v), key(lead)) == key(v) ? v : lead;
    return lead;
  };
  std::vector<std::string> sentences;
  for (const bool same_norm : {true, false}) {
    if (grid.variants.empty()) break;
    const size_t lead = lead_of(same_norm);
    for (const size_t other : others(grid.variants[lead], same_norm)) {
      std::string words = comparison_words(grid, lead, other);
      if (words.empty()) continue;
      // The norm's own cost belongs to the sentence about norms.
      const auto cost =
          same_norm ? std::nullopt : cost_ratio(folder, grid.variants[lead], grid.variants[other]);
      if (cost) {
        words += ", and the norm of " + label(grid.variants[lead]) + " takes " + cost_words(*cost);
      }
      sentences.push_back(words);
    }
  }
  return sentences;
}

Verdict verdict_of_single_run(const RunFolder& folder) {
  const Run& run = folder.runs[0];
  Verdict v;
  v.lead = "A single run compares nothing.";
  if (run.done()) {
    v.lead = "Validation loss " + fixed(*run.valid_loss, 2) +
             (run.step ? " after " + counted(static_cast<size_t>(*run.step), "step") : "") +
             ". A single run compares nothing.";
  } else if (run.diverged()) {
    v.lead = "The run diverged" +
             (run.diverged_at_step ? " at step " + plain(*run.diverged_at_step) : "") + ".";
  } else {
    v.lead = "The run was interrupted; resume it for a result.";
  }
  const Grid grid = make_grid(folder.runs);
  v.scope = data_words(folder) + " at " + grid.words(grid.settings[0]) + ", seed " +
            std::to_string(run.seed) + ", " + label(grid.variants[0]);
  if (run.done() && run.train_loss) {
    v.sentences.push_back("training loss " + fixed(*run.train_loss, 2) + ", gap to validation " +
                          signed_fixed(*run.valid_loss - *run.train_loss, 2) + " nats a token");
  }
  return v;
}

}  // namespace

std::string Verdict::line() const {
  std::string text = lead + " " + scope;
  for (size_t i = 0; i < sentences.size(); ++i) text += (i == 0 ? ": " : "; ") + sentences[i];
  return text + ".";
}

Verdict make_verdict(const RunFolder& folder, const Grid& grid) {
  if (!folder.is_comparison) return verdict_of_single_run(folder);
  const std::vector<size_t> settings = compared_settings(grid);
  Verdict v;
  v.lead = lead_words(folder, among(grid, settings), settings);
  v.scope = scope_words(folder, grid, settings);
  v.sentences = evidence(folder, among(grid, settings));
  if (const std::string words = own_best_words(grid); !words.empty()) v.also.push_back(words);
  v.also.push_back(diverged_words(grid, folder));
  const bool some_diverged = std::any_of(folder.runs.begin(), folder.runs.end(),
                                         [](const Run& r) { return r.diverged(); });
  if (some_diverged) {
    v.sentences.push_back(v.also.back());
    v.also.pop_back();
  }
  return v;
}

}  // namespace norma::lab::report
