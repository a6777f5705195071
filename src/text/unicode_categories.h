// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What kind of character a code point is, as regular expressions ask: \p{L}, \p{N}, \s, and as
// tokenizers do.
#pragma once

namespace norma::text {

bool is_letter(char32_t c);
bool is_number(char32_t c);
bool is_punctuation(char32_t c);       // \p{P}
bool is_nonspacing_mark(char32_t c);   // \p{Mn}: accents
bool is_control(char32_t c);           // \p{Cc}, \p{Cf}, and what is for private use
bool is_white_space(char32_t c);  // Unicode's White_Space

}  // namespace norma::text
