// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What of this process is in memory.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace norma::test {

// -1 where the system does not say.
inline int64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS", 0) == 0) return std::stoll(line.substr(line.find(':') + 1)) * 1024;
  }
  return -1;
}

}  // namespace norma::test
