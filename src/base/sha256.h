// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SHA-256 (FIPS 180-4): names the exact bytes of a data set, so that `sha256sum` can check them.
#pragma once

#include <string>
#include <string_view>

namespace norma {

// 64 hexadecimal digits, lower case.
std::string sha256(std::string_view bytes);

}  // namespace norma
