// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <string_view>

namespace norma::text {

// Unicode's Normalization Form C (UAX #15): characters and their marks composed. REQUIRES valid
// UTF-8.
std::string nfc(std::string_view text);

}  // namespace norma::text
