// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The kernels of what is fused with a row norm, on one target: they take the norm's rows while
// those are in the caches, or make the rows that its backward pass takes. By DType; worked with in
// f32. Each runs on the calling thread, allocates nothing and depends on no state.
#pragma once

#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/norm_tables.h"
#include "core/cpu/seed_norm_kernels.h"

namespace norma::cpu {

// A matrix of the kernel's type, or of another that is said.
struct ConstKernelRows {
  const void* data;
  int64_t stride;
};
struct KernelRows {
  void* data;
  int64_t stride;
};

// y = z * silu(gate).
struct GateArgs {
  ConstKernelRows z;  // of the first of the rows on; may be y itself
  KernelRows y;
  ConstKernelRows gate;
  int64_t cols;
  bool stream;  // y's rows begin at 64-byte boundaries, and y goes past the caches
};
// dgate = dy * dgate * silu'(gate), where it is not null, and dx = dy * silu(gate); dx may be dy.
struct GateBackwardArgs {
  ConstKernelRows dy, gate;
  KernelRows dx, dgate;
  int64_t cols;
};
struct GateKernels {
  void (*forward[kRowTypes])(const GateArgs& args, Range rows);
  void (*backward[kRowTypes])(const GateBackwardArgs& args, Range rows);
};

// to = from turned by the angles of each row's position, or turned back; `to` may be `from`.
struct RopeArgs {
  ConstKernelRows from;  // of the first of the rows on
  KernelRows to;
  ConstKernelRows cos, sin;  // of f32
  const int64_t* positions;  // null: the row's number over rows_per_position
  int64_t position_count;
  int64_t rows_per_position;
  int64_t pairs;
  int64_t cols;
  bool interleaved;
  bool back;
  bool stream;  // as in GateArgs, for what can be
};
struct RopeKernels {
  void (*turn[kRowTypes])(const RopeArgs& args, Range rows);
};

// Row r of z to row r of q and scale[r].
struct QuantArgs {
  ConstKernelRows z;
  KernelRows q;  // of bytes
  float* scale;
  int64_t cols;
  bool e4m3;  // else int8
};
struct QuantKernels {
  void (*quantize[kRowTypes])(const QuantArgs& args, int64_t rows);
};

struct FusedKernels {
  GateKernels gate;
  RopeKernels rope;
  QuantKernels quant;
  SeedNormKernels seed_norm;
};

// As in norm_tables.h.
bool gate_kernels(Target target, GateKernels* kernels);
bool rope_kernels(Target target, RopeKernels* kernels);
bool quant_kernels(Target target, QuantKernels* kernels);

}  // namespace norma::cpu
