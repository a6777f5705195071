// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/bleu.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <unordered_map>

#include "text/utf8.h"

namespace norma::text {
namespace {

constexpr int kOrders = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_point(char c) { return c == '.' || c == ','; }

// ASCII punctuation but for the apostrophe, comma, hyphen and point; the last two have rules below.
bool stands_alone(char c) {
  return (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// White space as Python's str.split() has it, where sacreBLEU cuts the tokens.
bool is_unicode_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Where `first` and `second` hold of two neighbours, puts spaces around the left or the right one.
// A match takes both characters: the next one starts behind them, as in a regular expression.
template <typename First, typename Second>
std::string separate(const std::string& line, First first, Second second, bool around_right) {
  std::string out;
  out.reserve(line.size() * 2);
  for (size_t i = 0; i < line.size(); ++i) {
    if (i + 1 == line.size() || !first(line[i]) || !second(line[i + 1])) {
      out += line[i];
      continue;
    }
    if (!around_right) out += ' ';
    out += line[i];
    out += ' ';
    out += line[++i];
    if (around_right) out += ' ';
  }
  return out;
}

std::string join_by_single_spaces(std::string_view text) {
  std::string out;
  bool gap = false;
  while (!text.empty()) {
    const size_t length = character_length(text);
    if (is_unicode_space(code_point(text))) {
      gap = !out.empty();
    } else {
      if (gap) out += ' ';
      gap = false;
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string_view strip_right(std::string_view text) {
  size_t end = 0;  // behind the last character that is not white space
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    i += character_length(rest);
    if (!is_unicode_space(code_point(rest))) end = i;
  }
  return text.substr(0, end);
}

// Tokens joined by single spaces have their n-grams as substrings.
struct Sentence {
  explicit Sentence(std::string_view line) : text(tokenize_13a(strip_right(line))) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(' ', begin), text.size());
      tokens.push_back({begin, end});
      begin = end + 1;
    }
  }
  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
  std::unordered_map<std::string_view, int64_t> count_ngrams(int64_t order) const {
    std::unordered_map<std::string_view, int64_t> counts;
    for (int64_t i = 0; i + order <= size(); ++i) {
      const size_t begin = tokens[i].first, end = tokens[i + order - 1].second;
      ++counts[std::string_view(text).substr(begin, end - begin)];
    }
    return counts;
  }

  std::string text;
  std::vector<std::pair<size_t, size_t>> tokens;
};

}  // namespace

std::string tokenize_13a(std::string_view line) {
  std::string text(line);
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  // In this order: "&amp;lt;" becomes "<".
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
  std::string spaced = " ";
  for (char c : text) {
    if (stands_alone(c)) {
      spaced += {' ', c, ' '};
    } else {
      spaced += c;
    }
  }
  spaced += ' ';
  const auto not_digit = [](char c) { return !is_digit(c); };
  const auto is_hyphen = [](char c) { return c == '-'; };
  spaced = separate(spaced, not_digit, is_point, true);
  spaced = separate(spaced, is_point, not_digit, false);
  spaced = separate(spaced, is_digit, is_hyphen, true);
  return join_by_single_spaces(spaced);
}

Bleu corpus_bleu(const std::vector<std::string>& hypotheses,
                 const std::vector<std::string>& references) {
  assert(hypotheses.size() == references.size());
  Bleu bleu;
  int64_t matches[kOrders] = {}, totals[kOrders] = {};
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    const Sentence hypothesis(hypotheses[i]), reference(references[i]);
    bleu.hypothesis_length += hypothesis.size();
    bleu.reference_length += reference.size();
    for (int n = 0; n < kOrders; ++n) {
      const auto allowed = reference.count_ngrams(n + 1);
      for (const auto& [ngram, count] : hypothesis.count_ngrams(n + 1)) {
        totals[n] += count;
        const auto found = allowed.find(ngram);
        if (found != allowed.end()) matches[n] += std::min(count, found->second);
      }
    }
  }
  const double lengths = static_cast<double>(bleu.reference_length) /
                         static_cast<double>(std::max<int64_t>(bleu.hypothesis_length, 1));
  if (bleu.hypothesis_length < bleu.reference_length) {
    bleu.brevity_penalty = bleu.hypothesis_length == 0 ? 0 : std::exp(1 - lengths);
  }
  // Without any match of any order the score is 0 by definition, whatever the smoothing.
  if (std::all_of(matches, matches + kOrders, [](int64_t m) { return m == 0; })) return bleu;
  double log_sum = 0, smoothing = 1;
  for (int n = 0; n < kOrders; ++n) {
    if (totals[n] == 0) return bleu;  // no hypothesis has as many tokens: log(0), a score of 0
    if (matches[n] == 0) {
      smoothing *= 2;  // "exp": each further order without a match counts as half a match less
      bleu.precisions[n] = 100.0 / (smoothing * static_cast<double>(totals[n]));
    } else {
      bleu.precisions[n] = 100.0 * static_cast<double>(matches[n]) / static_cast<double>(totals[n]);
    }
    log_sum += std::log(bleu.precisions[n]);
  }
  bleu.score = bleu.brevity_penalty * std::exp(log_sum / kOrders);
  return bleu;
}

}  // namespace norma::text
