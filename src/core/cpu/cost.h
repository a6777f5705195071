// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What work costs, to decide how much of it is worth a thread, and when output should pass the
// caches by.
#pragma once

#include <cstdint>

#include "base/rows_view.h"

namespace norma::cpu {

// Fewest rows that a thread is woken for.
int64_t forward_grain(int64_t cols);
int64_t backward_grain(int64_t cols);

// Whether an output is stored past the caches: the `matrices` of its size that the call reads and
// writes do not fit the last-level cache together, and its rows are aligned for such stores.
bool streams(const RowsView& output, int matrices);

// For tests: every grain is this many rows, until called with 0.
void force_grain(int64_t rows);
// For tests: an output is large from so many bytes on, until called with 0.
void force_stream_bytes(int64_t bytes);

}  // namespace norma::cpu
