// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How far runs came, and what two of the same recipe must have in common.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "weights/safetensors.h"

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

// Steps that metrics.jsonl has a line of; a line that a kill cut off is none.
inline int64_t steps_told(const std::string& folder) {
  std::istringstream text(read_text(folder + "/metrics.jsonl"));
  int64_t steps = 0;
  for (std::string line; std::getline(text, line) && !text.eof();) {
    steps += line.find("\"kind\":\"train\"") != std::string::npos;
  }
  return steps;
}

// The step that a file of weights is of, 0 where there is none; fails where it is not whole.
inline int64_t saved_step(const std::string& file) {
  if (!std::filesystem::exists(file)) return 0;
  const auto opened = weights::SafetensorsFile::open(file);
  EXPECT_TRUE(opened.ok()) << opened.status().message();
  return opened.ok() ? std::stoll(opened.value().metadata().at("step")) : 0;
}

}  // namespace norma::test
