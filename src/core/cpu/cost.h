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

// Fewest columns of one row that a thread is woken for. A row is cut where it has two such parts:
// its sums and its output are dealt one after the other, and the threads are waited for twice.
int64_t column_grain();

// Whether an output is stored past the caches: the `matrices` of its size that the call reads and
// writes do not fit the last-level cache together (16-bit ones by half as much again), and its rows
// are aligned for such stores.
bool streams(const RowsView& output, int matrices);

// Whether what is fetched for later goes into L1, and not into L2 alone. Set before any kernels are
// handed out, and then left.
extern bool fetch_into_l1;
void set_fetch_into_l1();

// For tests: every grain is this many rows, and that of columns a block, until called with 0.
void force_grain(int64_t rows);
// For tests: an output is large from so many bytes on, until called with 0.
void force_stream_bytes(int64_t bytes);
// For tests: a forward pass works on its rows in this one of the ways it has, from 1 on, the last
// where it has fewer, until called with 0.
void force_way(int way);
int forced_way();

}  // namespace norma::cpu
