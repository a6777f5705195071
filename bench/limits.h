// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What is refused before anything is timed, because this machine cannot do it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "bench/harness/problem.h"

namespace norma::bench {

// Each must be 0, which is all, or at most the number of processors, or of the threads that torch
// takes by itself where these are more.
Status check_threads(const std::vector<int>& threads, int torch_threads);

// Each task must fit into main memory, whoever else uses it, in each shape. REQUIRES: rows and
// cols of at least 1, of any size.
Status check_memory(const std::vector<Task>& tasks, const std::vector<int64_t>& rows,
                    const std::vector<int64_t>& cols);

}  // namespace norma::bench
