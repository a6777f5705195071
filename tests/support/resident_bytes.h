// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What of this process is in memory.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace norma::test {

// -1 where the system does not say.
inline int64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) return std::stoll(line.substr(line.find(':') + 1)) * 1024;
  }
  return -1;
}
inline int64_t resident_bytes() { return status_bytes("VmRSS"); }
// The most since begin_peak().
inline int64_t peak_resident_bytes() { return status_bytes("VmHWM"); }
inline void begin_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace norma::test
