// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Other forms of a character, in all of Unicode.
#pragma once

#include <string>

namespace norma::text {

// Its canonical decomposition (Unicode, section 3.7) without non-spacing marks, of which nothing is
// left: "e" of U+00E9.
void append_without_accents(std::string& out, char32_t c);

// Its lower case without regard to what stands beside it, which is two characters for U+0130 alone.
void append_lower(std::string& out, char32_t c);

}  // namespace norma::text
