// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where the vectors made elsewhere lie. All of them absent is allowed, and a test then skips with a
// word; where some are there, one that is missing is a failure.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace norma::test {

inline std::string shared_data_root() {
  const char* root = std::getenv("NORMA_SHARED_DATA");
  return root ? root : NORMA_SHARED_DATA_DEFAULT;
}
inline std::string shared_data_path(const std::string& name) {
  return shared_data_root() + "/" + name;
}

}  // namespace norma::test

#define NORMA_SKIP_IF_ABSENT(path)                                                        \
  do {                                                                                    \
    if (std::filesystem::exists(path)) break;                                             \
    const std::string norma_shared_root = ::norma::test::shared_data_root();              \
    if (std::filesystem::exists(norma_shared_root)) FAIL() << "missing data: " << (path); \
    GTEST_SKIP() << "data folder absent: " << norma_shared_root;                          \
  } while (false)
