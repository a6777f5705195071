// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/utf8.h"

namespace norma::text {
namespace {

unsigned char byte(std::string_view text, size_t i) { return static_cast<unsigned char>(text[i]); }

bool in(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// In these ranges capital and small letters alternate; `odd` says that the capitals are odd.
struct AlternatingRange {
  char32_t first, last;
  bool odd;
};
constexpr AlternatingRange kAlternating[] = {
    {0x0100, 0x012F, false}, {0x0132, 0x0137, false}, {0x0139, 0x0148, true},
    {0x014A, 0x0177, false}, {0x0179, 0x017E, true},  {0x01CD, 0x01DC, true},
    {0x01DE, 0x01EF, false}, {0x01F8, 0x021F, false}, {0x0222, 0x0233, false},
    {0x0370, 0x0373, false}, {0x03D8, 0x03EF, false}, {0x0460, 0x0481, false},
    {0x048A, 0x04BF, false}, {0x04C1, 0x04CE, true},  {0x04D0, 0x052F, false},
    {0x1E00, 0x1E95, false}, {0x1EA0, 0x1EFF, false}};

// In these the small letter stands at a fixed distance.
struct ShiftedRange {
  char32_t first, last;
  int shift;
};
constexpr ShiftedRange kShifted[] = {
    {'A', 'Z', 32},         {0x00C0, 0x00D6, 32},   {0x00D8, 0x00DE, 32},  {0x0130, 0x0130, -199},
    {0x0178, 0x0178, -121}, {0x01F6, 0x01F6, -97},  {0x01F7, 0x01F7, -56}, {0x0220, 0x0220, -130},
    {0x0386, 0x0386, 38},   {0x0388, 0x038A, 37},   {0x038C, 0x038C, 64},  {0x038E, 0x038F, 63},
    {0x0391, 0x03A1, 32},   {0x03A3, 0x03AB, 32},   {0x0400, 0x040F, 80},  {0x0410, 0x042F, 32},
    {0x04C0, 0x04C0, 15},   {0x1E9E, 0x1E9E, -7615}};

char32_t lower(char32_t c) {
  for (const ShiftedRange& range : kShifted) {
    if (in(c, range.first, range.last)) return c + range.shift;
  }
  for (const AlternatingRange& range : kAlternating) {
    if (in(c, range.first, range.last)) return c + ((c & 1) == range.odd ? 1 : 0);
  }
  return c;
}

}  // namespace

size_t find_invalid_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const unsigned char lead = byte(text, i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    // RFC 3629, section 4: only the second byte has a range that depends on the lead.
    size_t length;
    unsigned char low = 0x80, high = 0xBF;
    if (in(lead, 0xC2, 0xDF)) {
      length = 2;
    } else if (in(lead, 0xE0, 0xEF)) {
      length = 3;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (in(lead, 0xF0, 0xF4)) {
      length = 4;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return i;
    }
    if (text.size() - i < length || !in(byte(text, i + 1), low, high)) return i;
    for (size_t k = 2; k < length; ++k) {
      if (!in(byte(text, i + k), 0x80, 0xBF)) return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

size_t character_length(std::string_view text) {
  const unsigned char lead = byte(text, 0);
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

char32_t code_point(std::string_view text) {
  const size_t length = character_length(text);
  if (length == 1) return byte(text, 0);
  char32_t c = byte(text, 0) & (0x7Fu >> length);
  for (size_t k = 1; k < length; ++k) c = c << 6 | (byte(text, k) & 0x3Fu);
  return c;
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  out += static_cast<char>((0xF00u >> length & 0xFFu) | c >> 6 * (length - 1));
  for (int k = length - 2; k >= 0; --k) out += static_cast<char>(0x80u | (c >> 6 * k & 0x3Fu));
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  size_t i = 0;
  while (i < text.size()) {
    while (i < text.size() && is_ascii_space(text[i])) ++i;
    const size_t begin = i;
    while (i < text.size() && !is_ascii_space(text[i])) ++i;
    if (i > begin) words.push_back(text.substr(begin, i - begin));
  }
  return words;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    append_utf8(out, lower(code_point(text)));
    text.remove_prefix(character_length(text));
  }
  return out;
}

}  // namespace norma::text
