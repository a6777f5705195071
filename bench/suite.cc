// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/suite.h"

#include "bench/harness/model_contest.h"

namespace norma::bench {
namespace {

// Those of the first results, which the short suite stays comparable with.
const std::vector<std::string> kFirstTasks = {"layer_norm_forward", "layer_norm_backward",
                                              "rms_norm_forward", "rms_norm_backward"};

const std::vector<Suite>& suites() {
  static const std::vector<Suite> all = {
      {.name = "short",
       .tasks = kFirstTasks,
       .rows = {1, 16, 128, 2048, 8192},
       .cols = {64, 768, 1024, 4096},
       .threads = {1, 0}},
      {.name = "cpu",
       .tasks = {},
       .rows = {1, 8, 64, 512, 4096, 65536},
       .cols = {64, 128, 256, 300, 768, 1023, 1024, 2048, 4096, 4097, 8192},
       .threads = {1, 0},
       .dtypes = {DType::kF32, DType::kBF16, DType::kF16},
       .all_peers = true,
       .cap = {.bytes = 128 << 20, .few_rows = 4096, .bytes_of_few_rows = 512 << 20}},
      {.name = "models",
       .tasks = model_task_names(),
       .rows = {},
       .cols = {},
       .threads = {1, 0},
       .least_samples = 5,
       .cold = false,
       .models = true},
      {.name = "operators",
       .tasks = operator_task_names(),
       .rows = {},
       .cols = {},
       .threads = {1, 0},
       .cold = false,
       .models = true},
      {.name = "toy",
       .tasks = kFirstTasks,
       .rows = {3, 40},
       .cols = {5, 64},
       .threads = {1, 2},
       .least_samples = 1,
       .cold = false},
  };
  return all;
}

}  // namespace

const Suite* find_suite(const std::string& name) {
  for (const Suite& suite : suites()) {
    if (suite.name == name) return &suite;
  }
  return nullptr;
}

std::vector<std::string> suite_names() {
  std::vector<std::string> names;
  for (const Suite& suite : suites()) names.push_back(suite.name);
  return names;
}

Shapes shapes_of(const Task& task, DType dtype, const std::vector<int64_t>& rows,
                 const std::vector<int64_t>& cols, const Cap& cap) {
  Shapes shapes;
  for (const int64_t r : rows) {
    const int64_t most = cap.of(dtype, r);
    for (const int64_t c : cols) {
      // In floating point: what is left out may not fit an integer.
      const double bytes =
          static_cast<double>(bytes_of_a_set(task, dtype, r, 1)) * static_cast<double>(c);
      const bool fits = most == 0 || bytes <= static_cast<double>(most);
      (fits ? shapes.fit : shapes.left_out).push_back({r, c});
    }
  }
  return shapes;
}

}  // namespace norma::bench
