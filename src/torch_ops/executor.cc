// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/executor.h"

#include <ATen/Parallel.h>

#include <algorithm>

#ifndef _OPENMP
#error "at::parallel_for is inlined here; without -fopenmp it is serial (NORMA_EXECUTOR=openmp)."
#endif

namespace norma::torch_ops {
namespace {

void torch_for(void*, int64_t count, int64_t grain, Executor::Body body, void* context) {
  at::parallel_for(0, count, std::max<int64_t>(grain, 1),
                   [=](int64_t begin, int64_t end) { body(context, begin, end); });
}

int torch_threads(void*) { return at::in_parallel_region() ? 1 : at::get_num_threads(); }

}  // namespace

const Executor& torch_executor() {
  static constexpr Executor executor{torch_for, torch_threads, nullptr};
  return executor;
}

}  // namespace norma::torch_ops
