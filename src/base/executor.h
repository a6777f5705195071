// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The thread seam: who runs a loop in parallel is the host's choice, so that one process has
// one pool. Results never depend on it (contract norma-1): work is cut by the problem, an executor
// only deals the pieces.
#pragma once

#include <cstdint>

namespace norma {

// Runs body(context, begin, end) over ranges that cover [0, count) exactly once, each at least
// `grain` long but the last, and returns when all are done. Ranges may run at the same time.
// `threads` is how many may.
struct Executor {
  using Body = void (*)(void* context, int64_t begin, int64_t end);
  void (*parallel_for)(void* self, int64_t count, int64_t grain, Body body,
                       void* context) = nullptr;
  int (*threads)(void* self) = nullptr;
  void* self = nullptr;
};

// OpenMP's pool, or std::thread where the library is built with NORMA_EXECUTOR=std_thread.
const Executor& default_executor();
// The calling thread.
const Executor& serial_executor();
// `threads` fresh std::threads a call. Slow to start, and understood by ThreadSanitizer. One
// executor for each value 1..64.
const Executor& std_thread_executor(int threads);

template <typename F>
void parallel_for(const Executor& executor, int64_t count, int64_t grain, const F& body) {
  executor.parallel_for(
      executor.self, count, grain,
      [](void* context, int64_t begin, int64_t end) {
        (*static_cast<const F*>(context))(begin, end);
      },
      const_cast<F*>(&body));
}

}  // namespace norma
