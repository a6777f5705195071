// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Sentence pairs for translation, read from a TSV file: one pair a line, `source<TAB>target`,
// UTF-8. The file may be the built-in en-de set (scripts/data) or the user's own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace norma::lab {

struct Pair {
  std::string source;
  std::string target;
};

struct PairOptions {
  // Words are separated by white space. Pairs with a side outside min_words..max_words are left
  // out.
  int64_t min_words = 1;
  int64_t max_words = 0;  // 0: no limit. The demo uses 8.
  // Share of the pairs held out, 1..99, in the mean; see split_key().
  int64_t valid_percent = 5;
  // Fewer pairs than this after the filter is an error: too few to train on or to measure with.
  int64_t min_pairs = 100;
};

// Both lists are in the order of the file.
struct PairSplit {
  std::vector<Pair> train;
  std::vector<Pair> valid;
  int64_t lines = 0;          // pairs in the file, before the filter
  int64_t left_out = 0;       // by the word limits
};

// What decides on which side of the split a pair falls: its source side without what makes
// near-duplicates differ. Lower case (Latin, Greek, Cyrillic), each run of digits as one 0, each
// run of other ASCII signs and spaces as one space.
std::string split_key(const std::string& source);

// Errors name the path, the line (from 1) and the remedy: kNotFound for no such file;
// kInvalidArgument for an empty file, a line without exactly one tab, bytes that are not UTF-8, too
// few pairs, or none on one side of the split. Empty lines are passed over. A pair is held out
// where mix64(fnv1a_64(split_key(source))) % 100 < valid_percent, so no source sentence, nor one
// that differs in case, digits or punctuation only, stands on both sides; and growing the file
// moves no pair.
Result<PairSplit> load_pairs(const std::string& path, const PairOptions& options = {});

}  // namespace norma::lab
