// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How the system's refusal of a file becomes a message: one line with what was tried, the path, the
// system's word and what to do about it.
#pragma once

#include <string>

#include "base/status.h"

namespace norma {

// "cannot read x.txt: No such file or directory. Check the path." `doing` is "read" or the like,
// `error` an errno; `otherwise` the remedy where nothing has that name, or nothing better is known.
// kNotFound where nothing has that name, else kIo.
Status io_error(const std::string& doing, const std::string& path, int error,
                const std::string& otherwise = "Check the path.");

}  // namespace norma
