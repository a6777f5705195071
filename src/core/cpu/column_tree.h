// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The f64 tree of section 5 over blocks of 32 rows, for a run of blocks that one thread works
// through.
#pragma once

#include <bit>
#include <cstdint>

#include "core/cpu/kernels.h"

namespace norma::cpu {

// Nodes of the tree over all blocks that are done and whose sibling is not, left to right. Node
// (level, index) covers blocks index << level .. (index + 1 << level) - 1; each node is a strip of
// f64 sums in caller's memory, a slot for each place on the stack.
class ColumnTree {
 public:
  // Enough slots for any run of blocks out of `blocks`: nodes grow to the left end and shrink to
  // the right.
  static int64_t slots(int64_t blocks) {
    return 2 * std::bit_width(static_cast<uint64_t>(blocks)) + 1;
  }

  // slot s begins at memory + s * stride; strips are of n columns.
  ColumnTree(const ColumnKernels& kernels, double* memory, int64_t stride, int64_t n)
      : kernels_(&kernels), memory_(memory), stride_(stride), n_(n) {}

  void push_block(const float* sums, int64_t block) {
    if (top_ > 0 && joins(block, 0)) {
      kernels_->add_block(slot(top_ - 1), sums, n_);
      ++nodes_[top_ - 1].level;
      join_upward();
    } else {
      kernels_->to_node(sums, slot(top_), n_);
      nodes_[top_++] = {block, 0};
    }
  }
  // Takes the nodes of `right`, which begins where this ends.
  void push_all(const ColumnTree& right) {
    for (int i = 0; i < right.top_; ++i) push_node(right.slot(i), right.nodes_[i]);
  }
  // The sums of all pushed blocks, which begin at block 0; leaves the tree empty.
  void finish(float* result) {
    for (; top_ > 1; --top_) kernels_->add_node(slot(top_ - 2), slot(top_ - 1), n_);
    kernels_->to_result(slot(0), result, n_);
    top_ = 0;
  }

 private:
  struct Node {
    int64_t first;  // block
    int level;
  };

  double* slot(int i) const { return memory_ + i * stride_; }
  bool joins(int64_t first, int level) const {
    const Node& left = nodes_[top_ - 1];
    return left.level == level && (left.first ^ (int64_t{1} << level)) == first &&
           left.first < first;
  }
  void push_node(const double* sums, Node node) {
    if (top_ > 0 && joins(node.first, node.level)) {
      kernels_->add_node(slot(top_ - 1), sums, n_);
      ++nodes_[top_ - 1].level;
      join_upward();
    } else {
      copy(sums, slot(top_));
      nodes_[top_++] = node;
    }
  }
  void join_upward() {
    while (top_ > 1) {
      const Node last = nodes_[top_ - 1];
      --top_;
      if (!joins(last.first, last.level)) {
        ++top_;
        return;
      }
      kernels_->add_node(slot(top_ - 1), slot(top_), n_);
      ++nodes_[top_ - 1].level;
    }
  }
  void copy(const double* from, double* to) const {
    for (int64_t i = 0; i < n_; ++i) to[i] = from[i];
  }

  const ColumnKernels* kernels_;
  double* memory_;
  int64_t stride_, n_;
  int top_ = 0;
  Node nodes_[2 * 64 + 1];
};

}  // namespace norma::cpu
