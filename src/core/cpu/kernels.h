// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The interface between the kernels, compiled once for each SIMD target, and the drivers that cut
// the work. Everything is f32. A kernel works on the calling thread, allocates nothing and depends
// on no state.
#pragma once

#include <cstdint>

namespace norma::cpu {

// What a kernel reports of its row sums, for tests that compare the order of additions itself.
struct RawSums {
  double pivot, s, q;
};

struct ForwardArgs {
  const float* x;
  int64_t x_stride;
  float* y;
  int64_t y_stride;
  const float* weight;  // null: not multiplied
  const float* bias;    // null: not added
  int64_t cols;         // >= 1
  double eps;           // >= 2^-252
  float* mean_hi;       // each null: not stored
  float* mean_lo;
  float* rstd;
  bool stream;   // y's rows begin at 64-byte boundaries, and y goes past the caches
  RawSums* raw;  // null, or one of the f32 pass for each row
};

struct BackwardArgs {
  const float* x;
  int64_t x_stride;
  const float* dy;
  int64_t dy_stride;
  const float* weight;  // null: not multiplied
  const float* mean_hi;
  const float* mean_lo;
  const float* rstd;
  float* dx;
  int64_t dx_stride;
  int64_t cols;  // >= 1
  bool stream;   // as in ForwardArgs, for dx
  RawSums* raw;  // null, or G in s and H in q for each row
};

struct Range {
  int64_t begin, end;
};

// What dx subtracts, one value a row: section 4's a and h.
struct RowMeans {
  float* g;
  float* gx;
};

// One norm on one target.
struct NormKernels {
  void (*forward)(const ForwardArgs& args, Range rows);
  // means.g[r - rows.begin] and means.gx[..] of each row.
  void (*backward_sums)(const BackwardArgs& args, Range rows, RowMeans means);
  // For `cols` of `rows`, which lie in one block of 32: dx from the means, and in row order
  // dweight[c] += dy * xhat, dbias[c] += dy. Each of dx (with the means), dweight and dbias may be
  // null.
  void (*backward_sweep)(const BackwardArgs& args, Range rows, Range cols, RowMeans means,
                         float* dweight, float* dbias);
};

// The f64 part of the column sums on one target, over n columns.
struct ColumnKernels {
  void (*to_node)(const float* block, double* node, int64_t n);     // node = block
  void (*add_block)(double* node, const float* block, int64_t n);   // node = node + block
  void (*add_node)(double* node, const double* right, int64_t n);   // node = node + right
  void (*to_result)(const double* node, float* result, int64_t n);  // result = f32(node + 0)
};

struct Kernels {
  const char* name;       // sse4, avx2, avx512, neon
  const char* plan_name;  // cpu:sse4, ...
  int lanes;              // f32 lanes of a vector
  NormKernels layer_norm;
  NormKernels rms_norm;
  ColumnKernels columns;
};

}  // namespace norma::cpu
