// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/contrasts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "lab/report/cost.h"
#include "lab/report/effects.h"
#include "lab/report/phrases.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

// Settings in which two variants share their norm (by_placement) or their placement.
std::vector<size_t> settings_with_pairs(const Grid& grid, bool by_placement) {
  std::vector<size_t> settings;
  for (size_t s = 0; s < grid.settings.size(); ++s) {
    std::map<std::string, size_t> partners;
    for (const Configuration& c : grid.configurations) {
      const Variant& v = grid.variant_of(c);
      if (c.setting == s) partners[by_placement ? v.norm : v.placement] += 1;
    }
    for (const auto& [shared, n] : partners) {
      if (n < 2) continue;
      settings.push_back(s);
      break;
    }
  }
  return settings;
}

void add_comparison(const Grid& grid, size_t first, size_t second, bool by_placement, Contrast& c) {
  const Variant &va = grid.variants[first], &vb = grid.variants[second];
  for (size_t s = 0; s < grid.settings.size(); ++s) {
    const Configuration *a = grid.find(first, s), *b = grid.find(second, s);
    if (a == nullptr || b == nullptr) continue;
    const Paired p = compare(*a, *b);
    const std::string outcome = by_placement
                                    ? outcome_name(p, va.placement, vb.placement)
                                    : outcome_name(p, norm_name(va.norm), norm_name(vb.norm));
    c.table.rows.push_back({label(va) + " \u2212 " + label(vb), grid.words(grid.settings[s]),
                            loss_words(*a), loss_words(*b), difference_words(p), outcome});
  }
}

std::optional<Contrast> contrast_of_variants(const RunFolder& folder, const Grid& whole,
                                             bool by_placement) {
  const Grid grid = among(whole, settings_with_pairs(whole, by_placement));
  Contrast c;
  c.id = by_placement ? "placements" : "norms";
  c.title = by_placement ? "One place against another" : "One norm against another";
  c.table.header = {"comparison", "setting", "first", "second", "difference", "outcome"};
  c.table.text_columns = 2;
  for (size_t a = 0; a < grid.variants.size(); ++a) {
    for (size_t b = a + 1; b < grid.variants.size(); ++b) {
      const Variant &va = grid.variants[a], &vb = grid.variants[b];
      if (by_placement ? va.norm != vb.norm : va.placement != vb.placement) continue;
      // The cheaper norm first, so that the ratio reads as a saving.
      auto cost = by_placement ? std::nullopt : cost_ratio(folder, va, vb);
      const bool swapped = cost && cost->ratio > 1;
      if (swapped) cost = cost_ratio(folder, vb, va);
      const size_t first = swapped ? b : a, second = swapped ? a : b;
      std::string words = comparison_words(grid, first, second);
      if (words.empty()) continue;
      if (cost) {
        words += "; forward and backward, the norm of " + label(grid.variants[first]) + " takes " +
                 cost_words(*cost) + " of " + label(grid.variants[second]) + "'s";
      }
      c.findings.push_back(sentence(words));
      add_comparison(grid, first, second, by_placement, c);
    }
  }
  if (c.table.rows.empty()) return std::nullopt;
  return c;
}

std::vector<size_t> settings_without_warmup(const Grid& grid) {
  std::vector<size_t> settings;
  for (size_t s = 0; s < grid.settings.size(); ++s) {
    if (grid.settings[s].warmup_steps == 0) settings.push_back(s);
  }
  return settings;
}

std::optional<Contrast> contrast_without_warmup(const RunFolder& folder, const Grid& whole) {
  if (!folder.unigram_loss) return std::nullopt;
  const double unigram = *folder.unigram_loss;
  Grid grid = among(whole, settings_without_warmup(whole));
  grid.names_warmup = false;
  Contrast c;
  c.id = "without-warmup";
  c.title = "Without warm-up";
  c.table.header = {"configuration", "setting", "loss", "below " + folder.frequencies(), "learned"};
  c.table.text_columns = 2;
  c.findings.push_back(capitalized(folder.frequencies()) + " alone give " + fixed(unigram, 2) +
                       " nats a " + folder.unit() + ".");
  for (size_t v = 0; v < grid.variants.size(); ++v) {
    std::map<bool, std::vector<std::string>> phrases;  // by whether it learned
    for (const Configuration& configuration : grid.configurations) {
      const Setting& setting = grid.setting_of(configuration);
      if (configuration.variant != v || setting.warmup_steps != 0) continue;
      std::vector<std::string> row = {label(grid.variants[v]), grid.words(setting),
                                      loss_words(configuration), "", ""};
      if (configuration.done > 0) {
        const double below = unigram - configuration.valid.mean, spread = configuration.valid.sd;
        const bool learned = below >= kNothingLearned;
        row[3] =
            configuration.done > 1 ? difference_with_spread(below, spread) : signed_fixed(below, 2);
        row[4] = learned ? "yes" : "next to nothing";
        phrases[learned].push_back("at " + grid.words(setting) + " (" + loss_words(configuration) +
                                   ", " + counted(configuration.done, "seed") + ")");
      }
      c.table.rows.push_back(row);
    }
    std::vector<std::string> clauses;
    if (phrases.count(false)) clauses.push_back("learns next to nothing " + joined(phrases[false]));
    if (phrases.count(true)) clauses.push_back("learns " + joined(phrases[true]));
    if (!clauses.empty())
      c.findings.push_back(
          sentence(label(grid.variants[v]) + " without warm-up " + joined(clauses)));
  }
  if (c.table.rows.empty()) return std::nullopt;
  c.rule = "\"Next to nothing\" is a mean validation loss less than " + fixed(kNothingLearned, 2) +
           " nats below that of " + folder.frequencies() + ".";
  return c;
}

std::optional<Contrast> contrast_of_independence(const RunFolder& folder) {
  if (!folder.independence) return std::nullopt;
  const auto words = [](const std::string& norm, double change) {
    return norm + (change == 0 ? " leaves it as it was, to the last bit"
                               : " changes it by up to " + significant(change, 3));
  };
  Contrast c;
  c.id = "independence";
  c.title = "Independence of the other training cases";
  c.findings.push_back("One case's output when the other cases of its batch are replaced: " +
                       words("LayerNorm", folder.independence->layernorm_max_abs_change) + ", " +
                       words("BatchNorm", folder.independence->batchnorm_max_abs_change) + ".");
  return c;
}

// Null where BLEU was not measured.
const Configuration* of_highest_bleu(const Grid& grid) {
  const Configuration* best = nullptr;
  for (const Configuration& c : grid.configurations) {
    if (c.bleu.n > 0 && (best == nullptr || c.bleu.mean > best->bleu.mean)) best = &c;
  }
  return best;
}

std::string bleu_of(const Configuration& c) {
  return c.bleu.n > 1 ? with_spread(c.bleu.mean, c.bleu.sd) : fixed(c.bleu.mean, 2);
}

std::optional<Contrast> contrast_of_bleu(const RunFolder& folder, const Grid& grid) {
  const Configuration* best = of_highest_bleu(grid);
  if (best == nullptr) return std::nullopt;
  Contrast c;
  c.id = "bleu";
  c.title = "Translation";
  c.findings.push_back(sentence("the highest BLEU on held-out pairs is " + bleu_of(*best) + " (" +
                                label(grid.variant_of(*best)) + ", " +
                                grid.words(grid.setting_of(*best)) + ", " +
                                counted(best->bleu.n, "seed") + ")"));
  const std::string untranslated = untranslated_words(folder, grid);
  if (!untranslated.empty()) c.findings.push_back(untranslated);
  if (!folder.bleu_note.empty()) c.findings.push_back(folder.bleu_note);
  return c;
}

double geometric_mean(const std::vector<double>& ratios) {
  double sum = 0;
  for (const double r : ratios) sum += std::log(r);
  return std::exp(sum / static_cast<double>(ratios.size()));
}

// "grows 10.4x (10.0x to 10.8x, 3 seeds) under post LayerNorm"
std::string growth_words(const std::vector<double>& ratios, const Variant& variant) {
  const Summary s = summarize(ratios);
  const double mean = geometric_mean(ratios);
  std::string text = mean > kLevelFactor       ? "grows "
                     : mean < 1 / kLevelFactor ? "falls to "
                                               : "stays level, ";
  text += times(mean) + " (";
  if (s.n > 1) text += times(s.low) + " to " + times(s.high) + ", ";
  return text + counted(s.n, "seed") + ") under " + label(variant);
}

template <typename T>
void add_once(std::vector<T>& list, const T& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

std::optional<Contrast> contrast_of_gradients(const RunFolder& folder) {
  Contrast c;
  c.id = "gradients";
  c.title = "Gradients by layer at initialisation";
  c.table.header = {"configuration", "initialisation", "stack", "last / first",
                    "least",         "most",           "seeds"};
  c.table.text_columns = 3;
  c.table.ends_in_words = false;
  std::vector<Variant> variants;
  std::vector<std::string> inits, stacks;
  for (const Probe& p : folder.probes) {
    add_once(variants, Variant{p.placement, p.norm});
    add_once(inits, p.init);
    for (const auto& [stack, values] : p.gradient_norm) add_once(stacks, stack);
  }
  std::sort(stacks.begin(), stacks.end());
  for (const std::string& stack : stacks) {
    for (const std::string& init : inits) {
      std::vector<std::string> words;
      for (const Variant& v : variants) {
        const std::vector<double> ratios = gradient_ratios(folder, v, init, stack);
        if (ratios.empty()) continue;
        const Summary s = summarize(ratios);
        words.push_back(growth_words(ratios, v));
        c.table.rows.push_back({label(v), init, stack, times(geometric_mean(ratios)), times(s.low),
                                times(s.high), std::to_string(s.n)});
      }
      if (words.empty()) continue;
      c.findings.push_back("With " + init + " initialisation the " +
                           (stack == "layers" ? "hidden layers' gradient" : stack + "'s gradient") +
                           ", from first to last layer, " + joined(words) + ".");
    }
  }
  if (c.table.rows.empty()) return std::nullopt;
  c.rule =
      std::string("Frobenius norm of the mean gradient of ") +
      (folder.has_pictures() ? "each hidden layer's matrix"
                             : "each feed-forward block's second matrix") +
      ". Level: last / first within a factor of " +
      plain(kLevelFactor) + ". Means of ratios are geometric.";
  return c;
}

}  // namespace

std::string sentence(const std::string& clause) { return capitalized(clause) + "."; }

std::string untranslated_words(const RunFolder& folder, const Grid& grid) {
  const Configuration* best = of_highest_bleu(grid);
  if (best == nullptr || best->bleu.mean >= kReadableBleu) return "";
  const auto& choices = folder.runs[best->runs[0]].choices;
  const auto steps = choices.find("steps");
  return sentence((steps == choices.end() ? "" : "after " + steps->second +
                                                     " steps of training, ") +
                  "a BLEU of " + bleu_of(*best) + " is too low to be a translation");
}

std::vector<double> gradient_ratios(const RunFolder& folder, const Variant& variant,
                                    const std::string& init, const std::string& stack) {
  std::vector<double> ratios;
  for (const Probe& p : folder.probes) {
    const auto profile = p.gradient_norm.find(stack);
    if (Variant{p.placement, p.norm} != variant || p.init != init ||
        profile == p.gradient_norm.end())
      continue;
    const std::vector<double>& norms = profile->second;
    if (norms.size() < 2) continue;
    const double ratio = norms.back() / norms.front();
    if (std::isfinite(ratio) && ratio > 0) ratios.push_back(ratio);
  }
  return ratios;
}

std::vector<Contrast> make_contrasts(const RunFolder& folder, const Grid& grid) {
  std::vector<Contrast> all;
  const auto add = [&](std::optional<Contrast> contrast) {
    if (contrast) all.push_back(std::move(*contrast));
  };
  if (folder.is_comparison) {
    add(contrast_without_warmup(folder, grid));
    add(contrast_of_warmup(grid));
    add(contrast_of_variants(folder, grid, true));
    add(contrast_of_variants(folder, grid, false));
    add(contrast_of_init(grid));
    add(contrast_of_batch_size(grid));
  }
  add(contrast_of_gradients(folder));
  add(contrast_of_independence(folder));
  add(contrast_of_bleu(folder, grid));
  return all;
}

}  // namespace norma::lab::report
