// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/machine.h"

#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <thread>

#include "base/cache_size.h"

namespace norma::bench {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

}  // namespace

std::string machine_name() {
  return fmt::format("{}, {} cores, {} MiB last-level cache", processor_name(),
                     std::thread::hardware_concurrency(), last_level_cache_bytes() >> 20);
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc));
}

}  // namespace norma::bench
