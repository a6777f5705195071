// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What SeeDNorm's kernels do beside RMSNorm's, on one target. By DType of the rows; worked with in
// f32. Each runs on the calling thread, allocates nothing and depends on no state.
#pragma once

#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/norm_tables.h"

namespace norma::cpu {

struct SeedForwardArgs {
  const void* x;  // of the kernel's type, as y
  int64_t x_stride;
  void* y;
  int64_t y_stride;
  const void* alpha;
  const void* beta;
  const void* gamma;
  bool f32_parameters;  // else they have the rows' type
  int64_t cols;         // >= 1
  float* dot;           // of the first of the rows of the call
};

struct SeedBackwardArgs {
  const void* x;  // of the kernel's type, as dy and dx
  int64_t x_stride;
  const void* dy;
  int64_t dy_stride;
  const float* alpha;
  const float* beta;
  const float* gamma;
  const float* dot;
  const float* rstd;
  void* dx;  // null: not asked for
  int64_t dx_stride;
  int64_t cols;  // >= 1
};

// Of one row: tanh of its dot, what dx subtracts, and what of beta it adds.
struct SeedRow {
  float t, h, e;
};

struct SeedNormKernels {
  // Of `count` rows from `first` on: dot; and y, which holds xhat, times the gain.
  void (*dots[kRowTypes])(const SeedForwardArgs& args, int64_t first, int64_t count);
  void (*gains[kRowTypes])(const SeedForwardArgs& args, int64_t first, int64_t count);
  // rows[r - first] of at most 32 rows.
  void (*sums[kRowTypes])(const SeedBackwardArgs& args, Range range, SeedRow* rows);
  // dx of rows in one block of 32, and in row order the terms of the column sums, each of which may
  // be null.
  void (*sweep[kRowTypes])(const SeedBackwardArgs& args, Range range, const SeedRow* rows,
                           float* dalpha, float* dbeta, float* dgamma);
};

// As in norm_tables.h.
bool seed_norm_kernels(Target target, SeedNormKernels* kernels);

}  // namespace norma::cpu
