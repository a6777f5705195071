// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace norma {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// Half a name is likelier than another name that is as short: "warmup" means "warmup_steps".
size_t distance(std::string_view word, std::string_view name) {
  const bool begins = !word.empty() && (name.starts_with(word) || word.starts_with(name));
  return begins ? std::min<size_t>(1, edit_distance(word, name)) : edit_distance(word, name);
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& names) {
  return *std::min_element(names.begin(), names.end(),
                           [word](const std::string& a, const std::string& b) {
                             return distance(word, a) < distance(word, b);
                           });
}

std::string unknown_name(std::string_view what, std::string_view word,
                         const std::vector<std::string>& names) {
  std::string message = "unknown " + std::string(what) + " \"" + std::string(word) +
                        "\"; did you mean \"" + nearest_name(word, names) + "\"? Known: ";
  for (const std::string& name : names) message += (&name == &names.front() ? "" : ", ") + name;
  return message + ".";
}

}  // namespace norma
