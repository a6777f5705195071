// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/machine.h"

#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <thread>

namespace norma::bench {
namespace {

std::string first_line(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

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

int64_t last_level_cache_bytes() {
  int64_t largest = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string cache = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", i);
    const std::string size = first_line(cache + "size");  // "32768K"
    if (size.empty() || size.back() != 'K' || first_line(cache + "type") == "Instruction") continue;
    largest = std::max<int64_t>(largest, std::stoll(size) << 10);
  }
  return largest ? largest : int64_t{32} << 20;
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc));
}

}  // namespace norma::bench
