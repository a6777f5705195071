// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where the vectors made elsewhere lie; absent is allowed, and the test then skips with a word.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace norma::test {

inline std::string shared_data_path(const std::string& name) {
  const char* root = std::getenv("NORMA_SHARED_DATA");
  return std::string(root ? root : NORMA_SHARED_DATA_DEFAULT) + "/" + name;
}

}  // namespace norma::test

#define NORMA_SKIP_IF_ABSENT(path)                                            \
  do {                                                                        \
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "data folder absent: " << (path); \
  } while (false)
