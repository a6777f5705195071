// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Text into HTML and SVG. Whatever comes out of a file passes through escape() exactly once.
#pragma once

#include <string>
#include <string_view>

namespace norma::lab::report {

// Safe as text and inside a double-quoted attribute. Control characters that HTML forbids become
// U+FFFD.
std::string escape(std::string_view text);

// A coordinate: at most one decimal, no trailing zero.
std::string coordinate(double value);

}  // namespace norma::lab::report
