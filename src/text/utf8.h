// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// UTF-8 validity (RFC 3629) and folding for the train/validation split.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace norma::text {

// Offset of the first byte that is not part of valid UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

}  // namespace norma::text
