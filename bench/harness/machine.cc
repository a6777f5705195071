// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/machine.h"

#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "base/cache_size.h"

namespace norma::bench {
namespace {

// With its family and model where the system tells them: virtual machines call several kinds of
// processor by one name.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  std::map<std::string, std::string> first;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const size_t key = line.find_last_not_of(" \t", line.find(':') - 1) + 1;
    const size_t value = line.find(": ");
    if (value != std::string::npos) first.emplace(line.substr(0, key), line.substr(value + 2));
  }
  const std::string name = first.contains("model name") ? first["model name"] : "unknown processor";
  if (!first.contains("cpu family")) return name;
  return fmt::format("{} (family {}, model {})", name, first["cpu family"], first["model"]);
}

}  // namespace

std::string machine_name() {
  return fmt::format("{}, {} cores, {} MiB last-level cache", processor_name(),
                     std::thread::hardware_concurrency(), last_level_cache_bytes() >> 20);
}

CacheSizes cache_sizes() {
  return {.l1 = first_level_cache_bytes(),
          .l2 = second_level_cache_bytes(),
          .last_level = last_level_cache_bytes()};
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc));
}

}  // namespace norma::bench
