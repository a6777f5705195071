// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What two runs of the same recipe must have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace norma::test {

// Every number of a run's metrics.jsonl but the clock's.
inline std::vector<nlohmann::ordered_json> metrics_without_clock(const std::string& folder) {
  std::vector<nlohmann::ordered_json> lines;
  std::istringstream text(read_text(folder + "/metrics.jsonl"));
  for (std::string line; std::getline(text, line);) {
    lines.push_back(nlohmann::ordered_json::parse(line));
    lines.back().erase("seconds");
  }
  return lines;
}

}  // namespace norma::test
