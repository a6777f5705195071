// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/cpu/column_strip.h"

#include <algorithm>

#include "base/float16.h"

namespace norma::cpu {
namespace {

constexpr int64_t kRowBlock = 32;
constexpr int kLevels = 64;  // of a tree over any number of blocks

// Adds block values from left to right as a tree of adjacent pairs, for a strip of columns at once.
struct StripTree {
  double nodes[kLevels][kStrip];
  int top = 0;
  int64_t pushed = 0;

  template <typename Work>
  void push(const Work* block, int64_t width = kStrip) {
    for (int64_t c = 0; c < width; ++c) nodes[top][c] = static_cast<double>(block[c]);
    for (int64_t c = width; c < kStrip; ++c) nodes[top][c] = 0;
    for (int64_t k = pushed; k & 1; k >>= 1) join();
    ++top;
    ++pushed;
  }
  void finish(double* sums, int64_t width) {
    for (top -= 1; top > 0;) join();
    for (int64_t c = 0; c < width; ++c) sums[c] = nodes[0][c] + 0.0;
  }
  // The last node to the left of `top` and the one at `top` become one.
  void join() {
    --top;
    for (int64_t c = 0; c < kStrip; ++c) nodes[top][c] = nodes[top][c] + nodes[top + 1][c];
  }
};

}  // namespace

void add_columns(const float* terms, int64_t rows, int64_t cols, float* result) {
  for (int64_t first = 0; first < cols; first += kStrip) {
    const int64_t width = std::min(kStrip, cols - first);
    StripTree tree;
    for (int64_t begin = 0; begin < rows; begin += kRowBlock) {
      float block[kStrip] = {};
      const int64_t end = std::min(begin + kRowBlock, rows);
      for (int64_t r = begin; r < end; ++r) {
        const float* row = terms + r * cols + first;
        for (int64_t c = 0; c < width; ++c) block[c] = block[c] + row[c];
      }
      tree.push(block);
    }
    double sums[kStrip];
    tree.finish(sums, width);
    for (int64_t c = 0; c < width; ++c) result[first + c] = static_cast<float>(sums[c]);
  }
}

void add_nodes(const double* nodes, int64_t count, int64_t stride, int64_t cols, double* sums) {
  const int64_t width = std::min(kStrip, cols);
  StripTree tree;
  for (int64_t k = 0; k < count; ++k) tree.push(nodes + k * stride, width);
  tree.finish(sums, width);
}

template <typename T>
void redo_columns(const T* x, int64_t rows, int64_t stride, const uint8_t* mask, int64_t cols,
                  const double* pivot, double* s, double* q) {
  StripTree tree_s, tree_q;
  int64_t begin = 0;
  do {
    double block_s[kStrip] = {}, block_q[kStrip] = {};
    const int64_t end = std::min(begin + kRowBlock, rows);
    for (int64_t r = begin; r < end; ++r) {
      if (mask != nullptr && mask[r] == 0) continue;
      const T* row = x + r * stride;
      for (int64_t c = 0; c < cols; ++c) {
        const double e = static_cast<double>(to_f32(row[c])) - pivot[c];
        block_s[c] = block_s[c] + e;
        block_q[c] = block_q[c] + e * e;
      }
    }
    tree_s.push(block_s);
    tree_q.push(block_q);
    begin = end;
  } while (begin < rows);
  tree_s.finish(s, cols);
  tree_q.finish(q, cols);
}

template void redo_columns(const float*, int64_t, int64_t, const uint8_t*, int64_t, const double*,
                           double*, double*);
template void redo_columns(const BFloat16*, int64_t, int64_t, const uint8_t*, int64_t,
                           const double*, double*, double*);
template void redo_columns(const Float16*, int64_t, int64_t, const uint8_t*, int64_t, const double*,
                           double*, double*);

}  // namespace norma::cpu
