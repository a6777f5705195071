// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What kind of character a code point is, as regular expressions ask: \p{L}, \p{N}, \s.
#pragma once

namespace norma::text {

bool is_letter(char32_t c);
bool is_number(char32_t c);
bool is_white_space(char32_t c);  // Unicode's White_Space

}  // namespace norma::text
