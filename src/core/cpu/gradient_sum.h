// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A parameter's gradient as one thread sums it down the columns: section 5 of norma-1.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/rows_view.h"
#include "core/cpu/column_strip.h"
#include "core/cpu/column_tree.h"
#include "core/cpu/kernels.h"
#include "core/cpu/scratch.h"

namespace norma::cpu {

inline constexpr int64_t kRowBlock = 32;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One gradient over a range of columns: f32 within a block of rows, f64 nodes over blocks.
class GradientSum {
 public:
  // Shared by threads that take different columns.
  struct Memory {
    float* block = nullptr;   // null: not asked for, or one block of f32, which is summed in place
    double* nodes = nullptr;  // null where there is one block
    int64_t stride = 0;
  };
  static Memory take(Scratch& scratch, const VectorView& gradient, int64_t blocks) {
    if (gradient.data == nullptr) return {};
    if (blocks <= 1 && gradient.dtype == DType::kF32) return {};
    const int64_t stride = ceil_div(gradient.size, kStrip) * kStrip;
    float* block = scratch.take<float>(stride);
    if (blocks <= 1) return {block, nullptr, stride};
    return {block, scratch.take<double>(stride * ColumnTree::slots(blocks)), stride};
  }

  GradientSum(const Kernels& kernels, const Memory& memory, const VectorView& result, Range cols)
      : block_(memory.block),
        is_tree_(memory.nodes != nullptr),
        result_(result),
        cols_(cols),
        parameters_(&kernels.parameters),
        tree_(kernels.columns, is_tree_ ? memory.nodes + cols.begin : nullptr, memory.stride,
              cols.end - cols.begin) {}

  // Where the terms of a block's rows are added, indexed by column; null where not asked for.
  float* terms() const { return block_ != nullptr ? block_ : static_cast<float*>(result_.data); }
  void begin_block() {
    if (terms() != nullptr) std::fill(terms() + cols_.begin, terms() + cols_.end, 0.0f);
  }
  void end_block(int64_t block) {
    if (is_tree_) tree_.push_block(block_ + cols_.begin, block);
  }
  void append(const GradientSum& right) {
    if (is_tree_) tree_.push_all(right.tree_);
  }
  void finish() {
    if (block_ == nullptr) return;
    const bool is_f32 = result_.dtype == DType::kF32;
    char* to = static_cast<char*>(result_.data) +
               cols_.begin * static_cast<int64_t>(size_of(result_.dtype));
    // The last block's terms are no longer needed.
    float* sums = block_ + cols_.begin;
    if (is_tree_) tree_.finish(is_f32 ? reinterpret_cast<float*>(to) : sums);
    if (!is_f32) {
      parameters_->of[static_cast<size_t>(result_.dtype)].from_f32(sums, to,
                                                                   cols_.end - cols_.begin);
    }
  }

 private:
  float* block_;
  bool is_tree_;
  VectorView result_;
  Range cols_;
  const ParameterTable* parameters_;
  ColumnTree tree_;
};

}  // namespace norma::cpu
