# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Prints src/text/unicode_categories.cc from the Unicode version that this Python has."""
import unicodedata


def ranges(category):
    """(first, last) of the code points whose category begins with `category`."""
    found = []
    for point in range(0x110000):
        if not unicodedata.category(chr(point)).startswith(category):
            continue
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def table(name, category):
    items = [f"{{0x{first:X}, 0x{last:X}}}," for first, last in ranges(category)]
    lines, line = [], "   "
    for item in items:
        if len(line) + 1 + len(item) > 100:
            lines.append(line)
            line = "   "
        line += " " + item
    lines.append(line)
    body = "\n".join(lines)
    return f"constexpr Range {name}[] = {{\n{body}\n}};\n"


print(f"""// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The tables are Unicode {unicodedata.unidata_version}'s: scripts/make_unicode_categories.py prints
// this file.
#include "text/unicode_categories.h"

#include <algorithm>
#include <iterator>

namespace norma::text {{
namespace {{

struct Range {{
  char32_t first, last;
}};

{table("kLetters", "L")}
{table("kNumbers", "N")}
{table("kPunctuation", "P")}
{table("kNonspacingMarks", "Mn")}
{table("kFormat", "Cf")}
template <size_t N>
bool contains(const Range (&ranges)[N], char32_t c) {{
  const Range* const after = std::upper_bound(
      std::begin(ranges), std::end(ranges), c,
      [](char32_t value, const Range& range) {{ return value < range.first; }});
  return after != std::begin(ranges) && c <= std::prev(after)->last;
}}

}}  // namespace

bool is_letter(char32_t c) {{ return contains(kLetters, c); }}

bool is_number(char32_t c) {{ return contains(kNumbers, c); }}

bool is_punctuation(char32_t c) {{ return contains(kPunctuation, c); }}

bool is_nonspacing_mark(char32_t c) {{ return contains(kNonspacingMarks, c); }}

bool is_control(char32_t c) {{
  const bool is_private = (c >= 0xE000 && c <= 0xF8FF) || c >= 0xF0000;
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || is_private || contains(kFormat, c);
}}

bool is_white_space(char32_t c) {{
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}}

}}  // namespace norma::text""")
