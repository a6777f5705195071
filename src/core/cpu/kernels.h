// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The interface between the kernels, compiled once for each SIMD target, and the drivers that cut
// the work. Rows are f32, bf16 or f16, a kernel for each, and worked with in f32. A kernel runs on
// the calling thread, allocates nothing, and its results depend on no state.
#pragma once

#include <cstdint>

#include "core/cpu/channel_kernels.h"
#include "core/cpu/lstm_kernels.h"
#include "core/cpu/pointwise_kernels.h"
#include "core/norm_spec.h"

namespace norma::cpu {

// f32, bf16, f16: the numbers of their DType.
inline constexpr int kRowTypes = 3;

// What a kernel reports of its row sums, for tests that compare the order of additions itself.
struct RawSums {
  double pivot, s, q;
};

// From the sums of a row to its statistics and back: what section 2 takes beside them.
struct StatisticsRule {
  int64_t cols;       // of the first columns of a row, >= 1
  int64_t divisor;    // what sums are divided by, by their product with 1/divisor in f64
  EpsMode eps_mode;   // never kDefault
  double eps;         // added to the variance, >= 2^-252
  double eps_beside;  // beside its root, where eps is not inside
};

struct ForwardArgs {
  const void* x;  // of the kernel's type, as y
  int64_t x_stride;
  void* y;
  int64_t y_stride;
  const void* weight;  // null: not multiplied
  const void* bias;    // null: not added
  bool one_weight;      // for all columns
  bool f32_parameters;  // else weight and bias have the rows' type
  bool weight_plus_one;
  bool round_before_weight;
  int64_t cols;  // >= 1
  StatisticsRule rule;
  float* mean_hi;  // each null: not stored; CRMSNorm: the sum times rstd
  float* mean_lo;
  float* rstd;
  bool stream;   // y's rows begin at 64-byte boundaries, and y goes past the caches
  RawSums* raw;  // null, or one of the f32 pass for each row
  // Not null: x is the sum that is yet to be stored, addend + scale * residual.
  const void* addend;
  int64_t addend_stride;
  const void* residual;
  int64_t residual_stride;
  float scale;
};

struct BackwardArgs {
  const void* x;  // of the kernel's type, as dy and dx
  int64_t x_stride;
  const void* dy;
  int64_t dy_stride;
  const float* weight;  // null: not multiplied; whatever the dialect, what dy is multiplied by
  const float* mean_hi;
  const float* mean_lo;
  const float* rstd;
  void* dx;
  int64_t dx_stride;
  int64_t cols;  // >= 1
  StatisticsRule rule;
  bool stream;    // as in ForwardArgs, for dx
  int64_t ahead;  // rows from one that is swept to the one that is fetched meanwhile
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

struct RowStatistics {
  float mean_hi, mean_lo, rstd;
};

// The sums of a part of a row: the forward pass's, or G and H.
struct PartSums {
  double s, q;
};
inline constexpr int64_t kMostParts = 64;

// One row in parts, a thread each. The parts of a call hold equally many columns, 2^k blocks
// of 1024, but the last: the sum of each is a node of the row's tree.
struct WideRowKernels {
  // Of these columns the sum that is to be normalised, where there is a residual.
  void (*add)(const ForwardArgs& args, int64_t row, Range cols);
  float (*pivot)(const ForwardArgs& args, int64_t row);
  PartSums (*sums)(const ForwardArgs& args, int64_t row, float pivot, Range cols);
  // Of the sums of all parts; stored where they are asked for.
  RowStatistics (*statistics)(const ForwardArgs& args, int64_t row, float pivot,
                              const PartSums* parts, int64_t count);
  void (*normalize)(const ForwardArgs& args, int64_t row, Range cols, const RowStatistics& of_row);
  PartSums (*backward_sums)(const BackwardArgs& args, int64_t row, Range cols);
  void (*backward_means)(const BackwardArgs& args, int64_t row, const PartSums* parts,
                         int64_t count, RowMeans means);
};

// One norm on one target, for one type of rows.
struct NormKernels {
  void (*forward)(const ForwardArgs& args, Range rows);
  // What backward_sums and backward_sweep do to all columns of rows in one block, in one pass;
  // false: not these rows, and nothing is done.
  bool (*backward_short)(const BackwardArgs& args, Range rows, float* dweight, float* dbias);
  // means.g[r - rows.begin] and means.gx[..] of each row.
  void (*backward_sums)(const BackwardArgs& args, Range rows, RowMeans means);
  // For `cols` of `rows`, which lie in one block of 32: dx from the means, and in row order
  // dweight[c] += dy * xhat, dbias[c] += dy. Each of dx (with the means), dweight and dbias may be
  // null.
  void (*backward_sweep)(const BackwardArgs& args, Range rows, Range cols, RowMeans means,
                         float* dweight, float* dbias);
  WideRowKernels wide;
};

// The f64 part of the column sums on one target, over n columns.
struct ColumnKernels {
  void (*to_node)(const float* block, double* node, int64_t n);     // node = block
  void (*add_block)(double* node, const float* block, int64_t n);   // node = node + block
  void (*add_node)(double* node, const double* right, int64_t n);   // node = node + right
  void (*to_result)(const double* node, float* result, int64_t n);  // result = f32(node + 0)
};

// dx = dx + dsum where dsum is not null, then dresidual = scale * dx where that is not null; of the
// kernel's type, each result rounded to it.
struct ResidualArgs {
  void* dx;
  int64_t dx_stride;
  const void* dsum;
  int64_t dsum_stride;
  void* dresidual;
  int64_t dresidual_stride;
  float scale;
};
struct ResidualTable {
  void (*backward[kRowTypes])(const ResidualArgs& args, Range rows, Range cols);  // by DType
};

// Vectors of parameters on their way to and from f32, on one target, for one type of theirs.
struct ParameterKernels {
  void (*to_f32)(const void* data, float* result, int64_t n);
  void (*from_f32)(const float* values, void* data, int64_t n);
};
struct ParameterTable {
  ParameterKernels of[kRowTypes];  // by DType
};

struct FusedKernels;  // fused_kernels.h

struct Kernels {
  const char* name;       // sse4, avx2, avx512, avx512_bf16, neon
  const char* plan_name;  // cpu:sse4, ...
  int lanes;              // f32 lanes of a vector
  // By DType: f32, bf16, f16.
  NormKernels layer_norm[kRowTypes];
  NormKernels rms_norm[kRowTypes];
  NormKernels crms_norm[kRowTypes];
  ColumnKernels columns;
  ParameterTable parameters;
  ResidualTable residual;
  GroupNormKernels group_norm;
  BatchNormKernels batch_norm;
  PointwiseTable dyt;
  PointwiseTable derf;
  LstmKernels lstm;
  const FusedKernels* fused;
};

}  // namespace norma::cpu
