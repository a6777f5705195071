// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "bench/harness/model_contest.h"
#include "bench/limits.h"
#include "bench/suite.h"

namespace norma::bench {
namespace {

Status check_at_least(const char* what, int64_t value, int64_t least) {
  if (value >= least) return {};
  return invalid_argument(
      fmt::format("[bench] {} must be at least {} but is {}.", what, least, value));
}

Status check_names(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid_argument("[bench] " + unknown_name("task", name, known));
    }
  }
  return {};
}

}  // namespace

Status complete(Options* options, const std::vector<Contest>& contests, int all_threads) {
  Options& o = *options;
  const Suite* suite = find_suite(o.suite);
  if (!suite) {
    return invalid_argument("[bench] " + unknown_name("suite", o.suite, suite_names()));
  }
  if (o.tasks.empty()) o.tasks = suite->tasks;
  std::vector<std::string> names;
  for (const Contest& contest : contests) names.push_back(contest.task.name);
  if (o.tasks.empty()) o.tasks = names;
  NORMA_RETURN_IF_ERROR(check_names(o.tasks, suite->models ? suite->tasks : names));
  // The suite's own may be more than a small machine has.
  NORMA_RETURN_IF_ERROR(check_threads(o.threads, all_threads));
  if (o.rows.empty()) o.rows = suite->rows;
  if (o.cols.empty()) o.cols = suite->cols;
  if (o.threads.empty()) o.threads = suite->threads;
  for (int& threads : o.threads) threads = threads == 0 ? all_threads : threads;
  o.threads.erase(std::unique(o.threads.begin(), o.threads.end()), o.threads.end());
  if (suite->models && !(o.rows.empty() && o.cols.empty())) {
    return invalid_argument(
        "[bench] --rows and --cols are of no use to the suite " + suite->name + ": its tasks have "
        "sizes of their own. Leave them out.");
  }
  for (const int64_t rows : o.rows) NORMA_RETURN_IF_ERROR(check_at_least("--rows", rows, 1));
  for (const int64_t cols : o.cols) NORMA_RETURN_IF_ERROR(check_at_least("--cols", cols, 1));
  NORMA_RETURN_IF_ERROR(check_at_least("--samples", o.samples, suite->least_samples));
  for (const Contest& contest : contests) {
    if (std::find(o.tasks.begin(), o.tasks.end(), contest.task.name) == o.tasks.end()) continue;
    // f32 has the largest cap.
    const Shapes shapes = shapes_of(contest.task, DType::kF32, o.rows, o.cols, suite->cap);
    for (const Shape& s : shapes.fit) {
      NORMA_RETURN_IF_ERROR(check_memory({contest.task}, {s.rows}, {s.cols}));
    }
  }
  return {};
}

}  // namespace norma::bench
