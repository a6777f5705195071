// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The vocabulary of what is fused with a row norm: what follows it while its rows are still in the
// caches. z is the norm's output, rounded to the rows' type as a call of the norm alone stores it,
// so that a fused call has the bits of its parts (docs/fused-norms.md).
//
// Gate (gated RMSNorm of Mamba 2: Dao, Gu 2024, arXiv 2405.21060; norm, then gate):
//   y = z * silu(gate), silu(g) = g / (1 + exp(-g)).
// RoPE (Su et al. 2021, arXiv 2104.09864, eq. 34; after a norm of queries and keys by heads):
//   y_a = z_a cos - z_b sin, y_b = z_b cos + z_a sin for each pair (a, b) of columns.
// Quantised output: q = z * (1 / scale) to nearest even, scale = max |z| of the row / largest q.
#pragma once

#include <cstdint>

#include "base/rows_view.h"
#include "core/norm_spec.h"

namespace norma {

// Types: gate has x's.
struct GatedForward {
  NormForward norm;  // y is what the gate has been multiplied into
  ConstRowsView gate;
};

// dx must be there: it holds the gradient of z on the way.
struct GatedBackward {
  NormBackward norm;     // dy is the gradient of the gated y
  ConstVectorView bias;  // as in the forward pass; read for dgate
  ConstRowsView gate;
  RowsView dgate;  // may be absent; else the spec's eps must be the forward pass's
};

enum class RopePairs : int32_t {
  kHalves = 0,       // columns i and i + pairs (GPT-NeoX, LLaMA as Hugging Face stores it)
  kInterleaved = 1,  // columns 2 i and 2 i + 1 (the paper, LLaMA as Meta stores it)
};

// Row r is turned by row positions[(r / rows_per_position) % position_count] of the tables, or
// by row r / rows_per_position where positions is null. Columns past the 2 * cos.cols first are
// left as they are.
struct Rope {
  ConstRowsView cos;  // [positions, pairs], 2 * pairs <= x.cols; f32 (f64 rows: f64), as sin
  ConstRowsView sin;
  const int64_t* positions = nullptr;
  int64_t position_count = 0;
  int64_t rows_per_position = 1;  // heads, where the heads of a position are adjacent rows
  RopePairs pairs = RopePairs::kHalves;
};

inline int64_t rope_position(const Rope& rope, int64_t r) {
  const int64_t group = r / rope.rows_per_position;
  return rope.positions == nullptr ? group : rope.positions[group % rope.position_count];
}

struct RopeForward {
  NormForward norm;  // y is the turned z
  Rope rope;
};

// dx must be there, as for the gate.
struct RopeBackward {
  NormBackward norm;  // dy is the gradient of the turned y
  Rope rope;
};

enum class QuantFormat : int32_t {
  kInt8 = 0,  // two's complement, -127 .. 127
  kE4m3 = 1,  // 8-bit floats without infinities (OCP OFP8 2023): -448 .. 448
};

constexpr float largest_of(QuantFormat format) {
  return format == QuantFormat::kInt8 ? 127.0f : 448.0f;
}

// There is no gradient.
struct QuantizedForward {
  NormForward norm;   // y is absent: it is not stored
  void* q = nullptr;  // [rows, cols] of one byte each
  int64_t q_stride = 0;
  float* scale = nullptr;  // [rows]: z is about q * scale
  QuantFormat format = QuantFormat::kInt8;
};

}  // namespace norma
