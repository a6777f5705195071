// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// UTF-8 (RFC 3629): validity, characters, white space, lower case; the same in every locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace norma::text {

// Offset of the first byte that is not part of valid UTF-8, or npos. Overlong forms, surrogates
// (U+D800..DFFF), code points above U+10FFFF and cut sequences are not valid.
size_t find_invalid_utf8(std::string_view text);

// Length in bytes of the character that starts at text[0]. REQUIRES: valid UTF-8, not empty.
size_t character_length(std::string_view text);

// The code point at text[0]. REQUIRES as above.
char32_t code_point(std::string_view text);

void append_utf8(std::string& out, char32_t code_point);

// Space, tab, and the other ASCII characters that separate words: \n \v \f \r.
constexpr bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The pieces between runs of ASCII white space, none empty; they point into `text`.
std::vector<std::string_view> split_words(std::string_view text);

// Unicode's simple lower case for the Latin (but for the irregular part of Extended-B), Greek and
// Cyrillic blocks; other characters stay. REQUIRES: valid UTF-8.
std::string to_lower(std::string_view text);

}  // namespace norma::text
