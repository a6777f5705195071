// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Section 5 of norma-1 for what is little beside the data itself: one value a channel of each
// sample, nodes of a tree, columns that are redone in f64.
#pragma once

#include <cstdint>

namespace norma::cpu {

constexpr int64_t kStrip = 16;  // columns of a cache line, added together

// result[c] = the column sum of terms[r * cols + c] over `rows` >= 1 rows.
void add_columns(const float* terms, int64_t rows, int64_t cols, float* result);

// sums[c] = the tree of adjacent pairs over nodes[k * stride + c], k < count, c < min(cols,
// kStrip), count >= 1; then + 0.0.
void add_nodes(const double* nodes, int64_t count, int64_t stride, int64_t cols, double* sums);

// Column sums in f64 of e = x - pivot and e * e, of up to kStrip columns x[r * stride + c] over the
// rows whose byte of the mask is not 0; without a mask, all of them. T is float, BFloat16 or
// Float16.
template <typename T>
void redo_columns(const T* x, int64_t rows, int64_t stride, const uint8_t* mask, int64_t cols,
                  const double* pivot, double* s, double* q);

}  // namespace norma::cpu
