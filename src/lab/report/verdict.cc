// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/verdict.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "lab/report/alone.h"
#include "lab/report/cost.h"
#include "lab/report/phrases.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

// The variants that no other beats in a setting: the one of the lowest loss, and those that are
// not told apart from it.
struct Leaders {
  bool decided = false;        // false: too few seeds, nothing finished, or contradictory
  bool contradictory = false;  // paired seeds and means over all finished ones name two winners
  bool too_wide = false;       // some interval does not let them be called equal
  std::set<size_t> variants;
};

std::vector<const Configuration*> configurations_in(const Grid& grid, size_t setting) {
  std::vector<const Configuration*> found;
  for (const Configuration& c : grid.configurations) {
    if (c.setting == setting) found.push_back(&c);
  }
  return found;
}

// Runs that diverged come first, where they are so many that they decide; then losses.
Leaders leaders_in(const Grid& grid, size_t setting) {
  Leaders leaders;
  const auto all = configurations_in(grid, setting);
  const auto some_other = [&](const Configuration& c, Outcome against) {
    return std::any_of(all.begin(), all.end(), [&](const Configuration* other) {
      return other != &c && compare(*other, c).outcome == against;
    });
  };
  std::vector<const Configuration*> left;
  const Configuration* best = nullptr;
  for (const Configuration* c : all) {
    if (some_other(*c, Outcome::kFewerDiverged)) continue;
    left.push_back(c);
    if (c->done > 0 && (best == nullptr || c->valid.mean < best->valid.mean)) best = c;
  }
  if (best == nullptr) return leaders;
  leaders.variants.insert(best->variant);
  leaders.decided = true;
  for (const Configuration* c : left) {
    if (c == best) continue;
    const Paired paired = compare(*best, *c);
    leaders.contradictory |= paired.outcome == Outcome::kHigher;
    leaders.decided &= paired.outcome == Outcome::kLower || paired.outcome == Outcome::kTie;
    if (paired.outcome != Outcome::kTie || some_other(*c, Outcome::kLower)) continue;
    leaders.variants.insert(c->variant);
    leaders.too_wide |= paired.too_wide();
  }
  return leaders;
}

std::vector<std::string> labels(const Grid& grid, const std::set<size_t>& variants) {
  std::vector<std::string> words;
  for (const size_t v : variants) words.push_back(label(grid.variants[v]));
  return words;
}

// Of variants, the one whose norm is cheaper than every other's.
struct Cheapest {
  size_t variant = 0;
  std::string others, ratios;
};

// Nothing where no timing tells them apart.
std::optional<Cheapest> cheapest_of(const RunFolder& folder, const Grid& grid,
                                    const std::set<size_t>& variants) {
  for (const size_t v : variants) {
    std::vector<std::string> names, ratios;
    for (const size_t other : variants) {
      if (other == v) continue;
      const auto cost = cost_ratio(folder, grid.variants[v], grid.variants[other]);
      if (!cost || !cost->differs || cost->ratio > 1) continue;
      names.push_back(label(grid.variants[other]));
      ratios.push_back(times(cost->ratio));
    }
    if (ratios.size() + 1 == variants.size()) return Cheapest{v, joined(names), joined(ratios)};
  }
  return std::nullopt;
}

// Of the ties between two of these variants in these settings, the one of the widest interval.
Paired widest(const Grid& grid, const std::vector<size_t>& settings,
              const std::set<size_t>& variants) {
  Paired most;
  for (const size_t s : settings) {
    for (const size_t a : variants) {
      for (const size_t b : variants) {
        if (a >= b) continue;
        const Paired paired = compare(*grid.find(a, s), *grid.find(b, s));
        const bool is_wider = paired.half_width > most.half_width;
        if (is_wider && paired.outcome == Outcome::kTie) most = paired;
      }
    }
  }
  return most;
}

std::string undecided_lead(const Grid& grid, const std::vector<size_t>& settings,
                           bool contradictory) {
  size_t most = 0;
  for (const Configuration& c : grid.configurations) most = std::max(most, c.done);
  if (most == 0) return "No choice: no run finished.";
  if (settings.empty()) return "One configuration alone: nothing to compare.";
  if (most < kMinSeeds) {
    return "No choice yet: " + counted(most, "finished seed") +
           " a configuration, and an interval needs at least " + std::to_string(kMinSeeds) + ".";
  }
  if (contradictory) {
    return "No choice yet: by the seeds that finished under both, a variant is ahead that is "
           "behind in the mean over all; finish the rest.";
  }
  return "No choice yet: no setting has " + std::to_string(kMinSeeds) +
         " seeds that finished under every variant.";
}

// A choice over settings: what leads wherever it was run, in at least half of the settings.
struct Choice {
  std::vector<size_t> decided;                 // settings with enough seeds
  std::map<size_t, std::set<size_t>> leaders;  // by setting
  std::set<size_t> too_wide;                   // settings whose leaders may not be called equal
  bool contradictory = false;                  // in some setting
  std::set<size_t> variants;                   // empty where no such choice holds
  std::vector<size_t> shared;                  // settings that have all of them
};

bool holds_everywhere(const Grid& grid, const Choice& choice, size_t variant) {
  size_t present = 0;
  for (const size_t s : choice.decided) {
    if (grid.find(variant, s) == nullptr) continue;
    if (!choice.leaders.at(s).count(variant)) return false;
    present += 1;
  }
  return 2 * present >= choice.decided.size();
}

Choice choose(const Grid& grid, const std::vector<size_t>& settings) {
  Choice choice;
  for (const size_t s : settings) {
    const Leaders leaders = leaders_in(grid, s);
    choice.contradictory |= leaders.contradictory;
    if (!leaders.decided) continue;
    choice.decided.push_back(s);
    choice.leaders[s] = leaders.variants;
    if (leaders.too_wide) choice.too_wide.insert(s);
  }
  for (size_t v = 0; v < grid.variants.size(); ++v) {
    if (!choice.decided.empty() && holds_everywhere(grid, choice, v)) choice.variants.insert(v);
  }
  bool covered = true;
  for (const size_t s : choice.decided) {
    size_t present = 0;
    for (const size_t v : choice.variants) present += grid.find(v, s) != nullptr;
    covered &= present > 0;
    if (present == choice.variants.size()) choice.shared.push_back(s);
  }
  if (!covered || choice.shared.empty()) choice.variants.clear();
  return choice;
}

std::string depends_words(const Grid& grid, const Choice& choice) {
  const auto group = [&](size_t s) { return joined(labels(grid, choice.leaders.at(s))); };
  std::map<std::string, std::vector<size_t>> groups;
  for (const size_t s : choice.decided) groups[group(s)].push_back(s);
  std::string text =
      "No single choice, it depends on " + deciding_factor(grid, choice.decided, group) + ":";
  const char* separator = " ";
  for (const auto& [who, some] : groups) {
    const bool is_tie = choice.leaders.at(some[0]).size() > 1;
    const bool is_wide = std::any_of(some.begin(), some.end(),
                                     [&](size_t s) { return choice.too_wide.count(s) > 0; });
    const char* tie = is_wide ? " are not told apart" : is_tie ? " tie" : "";
    text += separator + who + tie + " at " + grid.words(some);
    separator = "; ";
  }
  return text + ".";
}

std::string lead_of_one(const Grid& grid, const Choice& choice) {
  const size_t n = choice.decided.size();
  size_t alone = 0;
  for (const auto& [setting, leaders] : choice.leaders) alone += leaders.size() == 1;
  const std::string name = label(grid.variants[*choice.variants.begin()]);
  if (alone == n) {
    return "Choose " + name + ": it comes out ahead" +
           at_settings(grid, choice.decided, n, "that have enough seeds") + ".";
  }
  return "Choose " + name + ": it is ahead in " + std::to_string(alone) + " of " +
         counted(n, "setting") +
         (choice.too_wide.empty() ? ", and ties for the lead in the rest."
                                  : ", and no other is shown to be ahead of it in the rest.");
}

std::string lead_words(const RunFolder& folder, const Grid& grid,
                       const std::vector<size_t>& settings) {
  const Choice choice = choose(grid, settings);
  const size_t n = choice.decided.size();
  if (n == 0) return undecided_lead(grid, settings, choice.contradictory);
  if (choice.variants.empty()) return depends_words(grid, choice);
  if (choice.variants.size() == 1) return lead_of_one(grid, choice);
  const auto where_if = [&](bool negated) {
    return at_settings(grid, choice.shared, choice.shared.size(),
                       choice.variants.size() == 2 ? "that have both" : "that have them all",
                       negated);
  };
  const std::string where = where_if(false);
  const auto cheapest = cheapest_of(folder, grid, choice.variants);
  const bool is_all = choice.variants.size() == grid.variants.size();
  const std::vector<std::string> names = labels(grid, choice.variants);
  const Paired paired = widest(grid, choice.shared, choice.variants);
  if (paired.too_wide()) {
    std::string text = is_all ? "No choice yet: " : "Choose " + joined(names, "or") + ": ";
    text += counted(paired.difference.n, "paired seed") + " show no difference between " +
            (is_all ? joined(names) : "them") + where_if(true) + " (\u00b1 " +
            fixed(paired.half_width, 2) + " nats, too wide to call them equal)";
    if (cheapest) {
      text += "; the norm of " + label(grid.variants[cheapest->variant]) + " takes " +
              cheapest->ratios + " the time of " + cheapest->others + "'s";
    }
    return text + ".";
  }
  if (cheapest) {
    return "Choose " + label(grid.variants[cheapest->variant]) + ": its loss ties with " +
           cheapest->others + where + ", and its norm takes " + cheapest->ratios + " the time.";
  }
  if (is_all) return "A tie: " + joined(names) + " end at the same loss" + where + ".";
  return "Choose " + joined(names, "or") + ": they tie for the lowest loss" + where + ".";
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
      // The norm's own cost belongs to the sentence about norms, the cheaper of them first.
      const auto cost_of = [&](size_t first, size_t second) {
        return same_norm ? std::nullopt
                         : cost_ratio(folder, grid.variants[first], grid.variants[second]);
      };
      const bool swapped = cost_of(lead, other) && cost_of(lead, other)->ratio > 1;
      const size_t first = swapped ? other : lead, second = swapped ? lead : other;
      std::string words = comparison_words(grid, first, second);
      if (words.empty()) continue;
      if (const auto cost = cost_of(first, second)) {
        words += ", and the norm of " + label(grid.variants[first]) + " takes " + cost_words(*cost);
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
    const std::string gap = signed_fixed(*run.valid_loss - *run.train_loss, 2);
    v.sentences.push_back("training loss " + fixed(*run.train_loss, 2) + ", gap to validation " +
                          gap + " nats a " + folder.unit());
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
  const AloneWords alone = alone_words(grid);
  if (!alone.lead.empty()) v.lead = alone.lead;
  v.sentences.insert(v.sentences.end(), alone.clauses.begin(), alone.clauses.end());
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
