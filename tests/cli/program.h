// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The program as a user starts it, in a folder with a small data set, and words for what it said.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/metrics.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_task.h"

namespace norma::test {

using Words = std::vector<std::string>;

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A model that takes 12 steps in a moment; dropout, so that the generator's state matters.
inline Words tiny_model() {
  return {"--vocab-size", "80", "--valid-percent", "20", "--d-model", "16", "--heads", "2",
          "--ffn", "32", "--encoder-layers", "1", "--decoder-layers", "1", "--max-length", "64",
          "--dropout", "0.1", "--lr", "1e-2", "--batch-size", "8"};
}
inline Words tiny_training() {
  return tiny_model() + Words{"--steps", "12", "--log-every", "4", "--valid-every", "6",
                              "--checkpoint-every", "5"};
}

// "norma: ...", a line of at least some words, and nothing else.
MATCHER(IsOneLineError, "is one line of an error") {
  return arg.rfind("norma: ", 0) == 0 && arg.size() > 20 && arg.back() == '\n' &&
         std::count(arg.begin(), arg.end(), '\n') == 1;
}

// Each test's folder has pairs.tsv, 300 lines, and is where the program runs.
class Program : public ::testing::Test {
 protected:
  void SetUp() override { write_tiny_pairs(path("pairs.tsv")); }

  std::string path(const std::string& name) const { return folder_.path(name); }
  bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }
  Process process(const Words& words) const {
    Process p;
    p.command = Words{NORMA_PROGRAM} + words;
    p.folder = folder_.path();
    return p;
  }
  ProcessEnd norma(const Words& words, const std::string& input = "") const {
    Process p = process(words);
    p.input = input;
    return run_process(p);
  }
  ProcessEnd train(const std::string& out, const Words& more = {}) const {
    return norma(Words{"train", "--data", "pairs.tsv", "--out", out} + tiny_training() + more);
  }
  std::vector<nlohmann::ordered_json> metrics(const std::string& run) const {
    return metrics_without_clock(path(run));
  }
  nlohmann::json summary(const std::string& run) const {
    return nlohmann::json::parse(read_text(path(run + "/summary.json")));
  }

  TempFolder folder_;
};

// Failed with `code`: nothing on standard output, one line on standard error with each of `parts`.
inline void expect_error(const ProcessEnd& end, int code, const Words& parts) {
  EXPECT_EQ(end.exit_code, code) << end.err;
  EXPECT_EQ(end.out, "");
  EXPECT_THAT(end.err, IsOneLineError());
  for (const std::string& part : parts) EXPECT_THAT(end.err, ::testing::HasSubstr(part));
}

// Done: exit code 0, and nothing on standard error, which is no terminal here.
inline void expect_done(const ProcessEnd& end) {
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(end.err, "");
}

}  // namespace norma::test
