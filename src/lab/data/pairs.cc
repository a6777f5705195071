// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/pairs.h"

#include <set>
#include <string_view>

#include "base/hash.h"
#include "lab/data/text_file.h"
#include "text/utf8.h"

namespace norma::lab {
namespace {

Status check(const PairOptions& options) {
  if (options.valid_percent < 1 || options.valid_percent > 99) {
    return invalid_argument("[load_pairs] valid_percent must be 1..99 but is " +
                            std::to_string(options.valid_percent) + ".");
  }
  if (options.min_words < 1 || options.max_words < 0 ||
      (options.max_words > 0 && options.max_words < options.min_words)) {
    return invalid_argument("[load_pairs] min_words must be at least 1 and at most max_words " +
                            std::string("(0: no limit) but they are ") +
                            std::to_string(options.min_words) + " and " +
                            std::to_string(options.max_words) + ".");
  }
  return Status();
}

bool fits(std::string_view side, const PairOptions& options) {
  const int64_t words = static_cast<int64_t>(text::split_words(side).size());
  return words >= options.min_words && (options.max_words == 0 || words <= options.max_words);
}

bool is_held_out(const std::string& source, int64_t valid_percent) {
  return mix64(fnv1a_64(split_key(source))) % 100 < static_cast<uint64_t>(valid_percent);
}

Status too_few(const std::string& path, const PairSplit& split, const PairOptions& options) {
  const char* remedy = split.left_out == 0      ? "Give more pairs."
                       : options.max_words == 0 ? "Give more pairs or lower min_words."
                                                : "Give more pairs or raise max_words.";
  return invalid_argument(
      path + " has too few pairs: " + std::to_string(split.lines - split.left_out) + " of " +
      std::to_string(split.lines) + " are within the word limits, but " +
      std::to_string(options.min_pairs) + " are needed. " + remedy);
}

// One side of the split is empty, whose sides are chosen by split_key() alone.
Status one_sided(const std::string& path, const PairSplit& split, const PairOptions& options) {
  const std::vector<Pair>& all = split.train.empty() ? split.valid : split.train;
  std::set<std::string> keys;
  for (const Pair& pair : all) keys.insert(split_key(pair.source));
  const std::string none = split.train.empty() ? "left to train on" : "held out";
  const std::string pairs = std::to_string(all.size()) + " pairs";
  if (keys.size() == 1) {
    return invalid_argument(path + ": the sources of all " + pairs +
                            " differ in case, digits and punctuation at most, and such pairs stay "
                            "together, so none is " +
                            none + ". Give sources that differ in their words.");
  }
  return invalid_argument(path + ": none of " + pairs + " is " + none +
                          " at valid_percent=" + std::to_string(options.valid_percent) +
                          ": their sources are only " + std::to_string(keys.size()) +
                          " different ones, but for case, digits and punctuation. Give more "
                          "different sources or another valid_percent.");
}

}  // namespace

std::string split_key(const std::string& source) {
  std::string key;
  bool gap = false;
  for (char c : text::to_lower(source)) {
    const bool digit = c >= '0' && c <= '9';
    const bool kept = digit || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    if (!kept) {
      gap = !key.empty();
      continue;
    }
    if (gap) key += ' ';
    if (!digit || key.empty() || key.back() != '0') key += digit ? '0' : c;
    gap = false;
  }
  return key;
}

Result<PairSplit> load_pairs(const std::string& path, const PairOptions& options) {
  NORMA_RETURN_IF_ERROR(check(options));
  const Result<std::string> file = read_text_file(path);
  if (!file.ok()) return file.status();
  PairSplit split;
  std::string_view rest = file.value();
  for (int64_t number = 1; !rest.empty(); ++number) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty()) continue;
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos || line.find('\t', tab + 1) != std::string_view::npos) {
      return invalid_argument(path + ": line " + std::to_string(number) +
                              " must be a source and a target sentence with exactly one tab "
                              "between them. Correct the line" +
                              (number == 1
                                   ? "; or, where the file is running text, say so: --family "
                                     "gpt or llama to train, --text to check it."
                                   : "."));
    }
    ++split.lines;
    Pair pair{std::string(line.substr(0, tab)), std::string(line.substr(tab + 1))};
    if (!fits(pair.source, options) || !fits(pair.target, options)) {
      ++split.left_out;
      continue;
    }
    const bool held_out = is_held_out(pair.source, options.valid_percent);
    (held_out ? split.valid : split.train).push_back(std::move(pair));
  }
  const int64_t kept = split.lines - split.left_out;
  if (kept < options.min_pairs || kept == 0) return too_few(path, split, options);
  if (split.train.empty() || split.valid.empty()) return one_sided(path, split, options);
  return split;
}

}  // namespace norma::lab
