// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Help for a name that is not known: which one was meant, and which there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace norma {

// The name with the fewest insertions, deletions and replacements of bytes away from `word`
// (Levenshtein 1966), the first of equals; a name that begins with `word`, or `word` with it,
// counts as one away. REQUIRES: names not empty.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

// `unknown placement "pots"; did you mean "post"? Known: none, post, pre.`
std::string unknown_name(std::string_view what, std::string_view word,
                         const std::vector<std::string>& names);

}  // namespace norma
