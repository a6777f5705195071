// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One question a section: what the runs say when a single factor changes, in a sentence and a
// table. A section exists only where the folder holds the measurements for it.
#pragma once

#include <string>
#include <vector>

#include "lab/report/compare.h"
#include "lab/report/read_run.h"

namespace norma::lab::report {

// Within this many nats of the loss of word frequencies a model has learned next to nothing.
constexpr double kNothingLearned = 0.10;
// A gradient profile grows or falls where last / first is beyond this factor; else it stays level.
constexpr double kLevelFactor = 1.5;
// Below this BLEU the page says that the output is not yet a translation.
constexpr double kReadableBleu = 10;

struct Table {
  std::vector<std::string> header;
  size_t text_columns = 1;    // these are words, the rest numbers
  bool ends_in_words = true;  // the last column
  std::vector<std::vector<std::string>> rows;
};

struct Contrast {
  std::string id;
  std::string title;
  std::vector<std::string> findings;  // sentences
  Table table;
  std::string rule;  // how the words above were chosen; may be empty
};

// A clause as a sentence: capital and full stop.
std::string sentence(const std::string& clause);

// Placements, norms, warm-up off, warm-up on against off, initialisation, batch size, gradients,
// independence, BLEU.
std::vector<Contrast> make_contrasts(const RunFolder& folder, const Grid& grid);

// "After 200 steps of training, a BLEU of 1.93 is too low to be a translation." of the highest;
// empty where it is kReadableBleu or more, or not measured.
std::string untranslated_words(const RunFolder& folder, const Grid& grid);

// last / first of a probe's gradient norms by seed, for one variant, initialisation and stack.
// Empty where not measured.
std::vector<double> gradient_ratios(const RunFolder& folder, const Variant& variant,
                                    const std::string& init, const std::string& stack);

}  // namespace norma::lab::report
