// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The interface between the kernels of the pointwise functions, compiled once for each SIMD target,
// and the driver that cuts the work. Rows are f32, bf16 or f16, a kernel for each, and worked with
// in f32. A kernel runs on the calling thread, allocates nothing and depends on no state.
#pragma once

#include <cstdint>

namespace norma::cpu {

struct Range;  // kernels.h

// Elements of a row that are added in f32: a block of norma-1's section 1.
inline constexpr int64_t kSumBlock = 1024;

struct PointwiseScalars {
  float alpha, shift;
};

struct PointwiseForwardArgs {
  PointwiseScalars scalars;
  const void* x;  // of the kernel's type, as y
  int64_t x_stride;
  void* y;
  int64_t y_stride;
  const void* weight;   // null: not multiplied
  const void* bias;     // null: not added
  bool f32_parameters;  // else weight and bias have the rows' type
  int64_t cols;         // >= 1
  bool stream;          // y's rows begin at 64-byte boundaries, and y goes past the caches
};

struct PointwiseBackwardArgs {
  PointwiseScalars scalars;
  const void* x;  // of the kernel's type, as dy and dx; null where only dbias is asked for
  int64_t x_stride;
  const void* dy;
  int64_t dy_stride;
  const float* weight;  // null: not multiplied
  void* dx;             // null: not asked for
  int64_t dx_stride;
  int64_t cols;  // >= 1
  bool stream;   // as in PointwiseForwardArgs, for dx
  // The sums of the terms of dalpha and dshift, of block b of row r at r * blocks + b; null: not
  // asked for.
  float* alpha_sums;
  float* shift_sums;
  int64_t blocks;
};

// One function on one target, for one type of rows.
struct PointwiseKernels {
  void (*forward)(const PointwiseForwardArgs& args, Range rows);
  // For `cols`, which begin at a multiple of kSumBlock and end at one or with the row, of `rows`,
  // which lie in one block of 32 where there is a column sum: dx, the sums of the blocks, and in
  // row order dweight[c] += dy * value, dbias[c] += dy. dweight and dbias may be null.
  void (*backward)(const PointwiseBackwardArgs& args, Range rows, Range cols, float* dweight,
                   float* dbias);
};

struct PointwiseTable {
  PointwiseKernels of[3];  // by DType: f32, bf16, f16
};

}  // namespace norma::cpu
