// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/limits.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace norma::bench {
namespace {

double memory_bytes() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// At least: one set of rows, their statistics and a vector of weights. The number may be none that
// an integer holds.
double bytes_to_allocate(const Task& task, int64_t rows, int64_t cols) {
  const auto r = static_cast<double>(rows), c = static_cast<double>(cols);
  return ((task.backward ? 3 : 2) * r * c + 3 * r + c) * sizeof(float);
}

}  // namespace

Status check_threads(const std::vector<int>& threads, int torch_threads) {
  const int most = std::max(torch_threads, static_cast<int>(std::thread::hardware_concurrency()));
  for (const int n : threads) {
    if (n >= 0 && n <= most) continue;
    return invalid_argument(
        fmt::format("[bench] --threads must be 1 to {}, the processors here, or 0 for all of "
                    "them, but is {}.",
                    most, n));
  }
  return {};
}

Status check_memory(const std::vector<Task>& tasks, const std::vector<int64_t>& rows,
                    const std::vector<int64_t>& cols) {
  constexpr double kGiB = 1 << 30;
  const double memory = memory_bytes();
  for (const Task& task : tasks) {
    for (const int64_t r : rows) {
      for (const int64_t c : cols) {
        const double bytes = bytes_to_allocate(task, r, c);
        if (bytes <= memory) continue;
        return invalid_argument(fmt::format(
            "[bench] --rows {} and --cols {} need {:.0f} GiB for {}, but the machine has {:.0f} "
            "GiB. Give fewer rows or columns.",
            r, c, bytes / kGiB, task.name, memory / kGiB));
      }
    }
  }
  return {};
}

}  // namespace norma::bench
