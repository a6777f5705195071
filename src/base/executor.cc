// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "base/executor.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

#ifdef NORMA_EXECUTOR_OPENMP
#include <omp.h>
#endif

namespace norma {
namespace {

// Length of one of `parts` equal ranges, never below the grain.
int64_t range_length(int64_t count, int64_t grain, int64_t parts) {
  return std::max<int64_t>(std::max<int64_t>(grain, 1), (count + parts - 1) / parts);
}

void serial_for(void*, int64_t count, int64_t, Executor::Body body, void* context) {
  if (count > 0) body(context, 0, count);
}
int one_thread(void*) { return 1; }

int std_threads(void* self) { return static_cast<int>(reinterpret_cast<intptr_t>(self)); }

void std_thread_for(void* self, int64_t count, int64_t grain, Executor::Body body, void* context) {
  if (count <= 0) return;
  const int64_t length = range_length(count, grain, std_threads(self));
  std::vector<std::thread> workers;
  int64_t begin = length;
  try {
    for (; begin < count; begin += length) {
      workers.emplace_back(body, context, begin, std::min(count, begin + length));
    }
  } catch (const std::exception&) {
    // The system refuses another thread: what it was to do is done here, below.
  }
  body(context, 0, std::min(count, length));
  for (; begin < count; begin += length) body(context, begin, std::min(count, begin + length));
  for (std::thread& worker : workers) worker.join();
}

#ifdef NORMA_EXECUTOR_OPENMP
int openmp_threads(void*) { return omp_in_parallel() ? 1 : omp_get_max_threads(); }

void openmp_for(void* self, int64_t count, int64_t grain, Executor::Body body, void* context) {
  if (count <= 0) return;
  const int64_t length = range_length(count, grain, openmp_threads(self));
  const int64_t ranges = (count + length - 1) / length;
  if (ranges == 1) return body(context, 0, count);
#pragma omp parallel for schedule(static, 1) num_threads(static_cast<int>(ranges))
  for (int64_t i = 0; i < ranges; ++i) {
    body(context, i * length, std::min(count, (i + 1) * length));
  }
}
#endif

}  // namespace

const Executor& serial_executor() {
  static constexpr Executor executor{serial_for, one_thread, nullptr};
  return executor;
}

const Executor& std_thread_executor(int threads) {
  static const auto executors = [] {
    std::array<Executor, 65> all;
    for (intptr_t i = 0; i <= 64; ++i) {
      all[i] = {std_thread_for, std_threads, reinterpret_cast<void*>(std::max<intptr_t>(i, 1))};
    }
    return all;
  }();
  return executors[std::clamp(threads, 1, 64)];
}

const Executor& default_executor() {
#ifdef NORMA_EXECUTOR_OPENMP
  static constexpr Executor executor{openmp_for, openmp_threads, nullptr};
  return executor;
#else
  return std_thread_executor(static_cast<int>(std::thread::hardware_concurrency()));
#endif
}

}  // namespace norma
