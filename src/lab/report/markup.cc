// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/markup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace norma::lab::report {

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
          out += "\ufffd";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string coordinate(double value) {
  // A page never is a million units wide: what is beyond is cut, not printed with 300 digits.
  const double tenths = std::round(std::clamp(value, -1e6, 1e6) * 10);
  return fmt::format("{}", tenths == 0 ? 0.0 : tenths / 10);
}

}  // namespace norma::lab::report
