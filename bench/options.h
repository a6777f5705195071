// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What was asked for and what the suite adds to it.
#pragma once

#include <vector>

#include "bench/contests.h"

namespace norma::bench {

// Fills in what was left to the suite. kInvalidArgument: it cannot be meant, or this machine cannot
// do it.
Status complete(Options* options, const std::vector<Contest>& contests, int all_threads);

}  // namespace norma::bench
