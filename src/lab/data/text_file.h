// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Text files as people have them: a byte order mark and carriage returns are taken away.
#pragma once

#include <string>

#include "base/status.h"

namespace norma::lab {

// The whole file with "\n" line ends. Errors name the path and the remedy: kNotFound for no such
// file; kInvalidArgument for an empty file or for bytes that are not UTF-8 (line and byte, from 1).
Result<std::string> read_text_file(const std::string& path);

}  // namespace norma::lab
