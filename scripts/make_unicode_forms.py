# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Prints src/text/unicode_forms.cc from the Unicode version that this Python has."""
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)  # decomposed by a formula


def bases():
    """(c, part) of what is left of c without accents, where it is something else."""
    found = []
    for point in range(0x110000):
        if point in HANGUL or unicodedata.category(chr(point)) == "Mn":
            continue
        parts = [p for p in unicodedata.normalize("NFD", chr(point))
                 if unicodedata.category(p) != "Mn"]
        if parts != [chr(point)]:
            assert parts, "a character would vanish"
            found += [(point, ord(part)) for part in parts]
    return found


def lower_runs():
    """[first, last, step, shift] of capitals; U+0130, which becomes two, is left out."""
    found = []
    for point in range(0x110000):
        lower = chr(point).lower()
        if lower == chr(point) or len(lower) > 1:
            continue
        shift = ord(lower) - point
        if found and found[-1][3] == shift and point - found[-1][1] <= 2:
            step = point - found[-1][1]
            if found[-1][2] in (0, step):
                found[-1][1:3] = point, step
                continue
        found.append([point, point, 0, shift])
    return found


def listed(items):
    lines, line = [], "   "
    for item in items:
        if len(line) + 1 + len(item) > 100:
            lines.append(line)
            line = "   "
        line += " " + item
    return "\n".join(lines + [line])


BASES = listed(f"{{0x{c:X}, 0x{part:X}}}," for c, part in bases())
LOWER = listed(f"{{0x{first:X}, 0x{last:X}, {max(step, 1)}, {shift}}},"
               for first, last, step, shift in lower_runs())
print(f"""// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The tables are Unicode {unicodedata.unidata_version}'s: scripts/make_unicode_forms.py prints this
// file.
#include "text/unicode_forms.h"

#include <algorithm>
#include <iterator>

#include "text/unicode_categories.h"
#include "text/utf8.h"

namespace norma::text {{
namespace {{

struct Base {{
  char32_t of, part;
}};
struct Capitals {{
  char32_t first, last;
  int step, shift;
}};

constexpr Base kBases[] = {{
{BASES}
}};
constexpr Capitals kCapitals[] = {{
{LOWER}
}};

// Unicode, section 3.12: a syllable is a leading consonant, a vowel and, at times, a trailing one.
void append_hangul(std::string& out, char32_t syllable) {{
  const char32_t index = syllable - 0xAC00;
  append_utf8(out, 0x1100 + index / 588);
  append_utf8(out, 0x1161 + index % 588 / 28);
  if (index % 28 != 0) append_utf8(out, 0x11A7 + index % 28);
}}

}}  // namespace

void append_without_accents(std::string& out, char32_t c) {{
  if (is_nonspacing_mark(c)) return;
  if (c >= 0xAC00 && c <= 0xD7A3) return append_hangul(out, c);
  auto found = std::lower_bound(std::begin(kBases), std::end(kBases), c,
                                [](const Base& base, char32_t value) {{ return base.of < value; }});
  if (found == std::end(kBases) || found->of != c) return append_utf8(out, c);
  for (; found != std::end(kBases) && found->of == c; ++found) append_utf8(out, found->part);
}}

void append_lower(std::string& out, char32_t c) {{
  if (c == 0x130) {{
    out += "i\\u0307";
    return;
  }}
  const auto after = std::upper_bound(
      std::begin(kCapitals), std::end(kCapitals), c,
      [](char32_t value, const Capitals& run) {{ return value < run.first; }});
  if (after != std::begin(kCapitals)) {{
    const Capitals& run = *std::prev(after);
    if (c <= run.last && (c - run.first) % static_cast<char32_t>(run.step) == 0) {{
      c = static_cast<char32_t>(static_cast<int>(c) + run.shift);
    }}
  }}
  append_utf8(out, c);
}}

}}  // namespace norma::text""")
