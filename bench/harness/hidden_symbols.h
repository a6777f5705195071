// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Functions that a library of this process has and does not export.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace norma::bench {

// Where the named functions are, by the symbol table in the library's file. `file` is the last part
// of its path. Those that are not found are not in the map: all of them where the library is not
// loaded, or was stripped of that table, or is no ELF file of 64 bits.
std::map<std::string, void*> hidden_functions(const std::string& file,
                                              const std::vector<std::string>& names);

}  // namespace norma::bench
