// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// Row norms with what follows them in C; norma.h includes this, and its conventions hold. z is what
// the norm alone would store as y, rounded to the rows' type: the bits are those of two calls
// (docs/fused-norms.md).
#ifndef NORMA_FUSED_NORMS_H_
#define NORMA_FUSED_NORMS_H_

#include "norma/norma.h"

#ifdef __cplusplus
extern "C" {
#endif

enum norma_row_norm {
  NORMA_LAYER_NORM = 0,
  NORMA_RMS_NORM = 1,
  NORMA_L2_NORM = 2,
  NORMA_CRMS_NORM = 3
};

// y = z * silu(gate), silu(g) = g / (1 + exp(-g)): norm, then gate, as in Mamba 2's gated RMSNorm.
typedef struct norma_gated_norm_forward_args {
  size_t struct_size;                       // sizeof(norma_gated_norm_forward_args)
  const norma_row_norm_forward_args* norm;  // of which y is the gated y
  norma_const_rows gate;                    // [rows, cols], of x's type
  int32_t kind;                             // a norma_row_norm
} norma_gated_norm_forward_args;

typedef struct norma_gated_norm_backward_args {
  size_t struct_size;                        // sizeof(norma_gated_norm_backward_args)
  const norma_row_norm_backward_args* norm;  // of which dy is the gated y's; dx must be there
  norma_const_rows gate;                     // [rows, cols], as in the forward pass
  norma_const_vector bias;                   // as in the forward pass; read for dgate
  norma_rows dgate;                          // [rows, cols], or absent; with it, norm->eps is read
  int32_t kind;                              // as in the forward pass
} norma_gated_norm_backward_args;

NORMA_API int norma_gated_norm_forward(const norma_gated_norm_forward_args* args,
                                       const norma_executor* executor);
NORMA_API int norma_gated_norm_backward_workspace_size(const norma_gated_norm_backward_args* args,
                                                       const norma_executor* executor,
                                                       size_t* bytes);
NORMA_API int norma_gated_norm_backward(const norma_gated_norm_backward_args* args,
                                        void* workspace, size_t workspace_bytes,
                                        const norma_executor* executor);

// The columns of a pair that is turned.
enum norma_rope_pairs {
  NORMA_ROPE_HALVES = 0,      // i and i + pairs, as Hugging Face stores LLaMA
  NORMA_ROPE_INTERLEAVED = 1  // 2 i and 2 i + 1, as Meta stores it
};

// Row r is turned by row positions[(r / rows_per_position) % position_count] of cos and sin, or by
// row r / rows_per_position where positions is NULL. With the heads of a position as adjacent rows
// rows_per_position is their number; with the positions of a head as adjacent rows it is 1.
typedef struct norma_rope {
  norma_const_rows cos;      // [positions, pairs], 2 * pairs <= cols; f32, f64 where x is f64
  norma_const_rows sin;      // as cos
  const int64_t* positions;  // [position_count], each a row of cos and sin; or NULL
  int64_t position_count;
  int64_t rows_per_position;  // at least 1
  int32_t pairs;              // a norma_rope_pairs
} norma_rope;

// y_a = z_a cos - z_b sin, y_b = z_b cos + z_a sin for each pair of columns (a, b); the columns
// past the pairs are left as they are. For QK-norm: the rows are heads.
typedef struct norma_rope_norm_forward_args {
  size_t struct_size;                       // sizeof(norma_rope_norm_forward_args)
  const norma_row_norm_forward_args* norm;  // of which y is the turned y
  norma_rope rope;
  int32_t kind;                             // a norma_row_norm
} norma_rope_norm_forward_args;

typedef struct norma_rope_norm_backward_args {
  size_t struct_size;                        // sizeof(norma_rope_norm_backward_args)
  const norma_row_norm_backward_args* norm;  // of which dy is the turned y's; dx must be there
  norma_rope rope;                           // as in the forward pass
  int32_t kind;                              // as in the forward pass
} norma_rope_norm_backward_args;

NORMA_API int norma_rope_norm_forward(const norma_rope_norm_forward_args* args,
                                      const norma_executor* executor);
NORMA_API int norma_rope_norm_backward_workspace_size(const norma_rope_norm_backward_args* args,
                                                      const norma_executor* executor,
                                                      size_t* bytes);
NORMA_API int norma_rope_norm_backward(const norma_rope_norm_backward_args* args, void* workspace,
                                       size_t workspace_bytes, const norma_executor* executor);

enum norma_quant_format {
  NORMA_QUANT_INT8 = 0,  // two's complement, -127 .. 127
  NORMA_QUANT_E4M3 = 1   // 8-bit floats of 4 exponent bits, no infinities: -448 .. 448
};

// scale = max |z| of the row / 127 or 448, at least 2^-126; q = z * (1 / scale), to nearest even. A
// row of zeros has q = 0 and the least scale; one with an infinity or a NaN a NaN as scale, and
// q = 0 (int8) or NaN (e4m3). There is no gradient.
typedef struct norma_quantized_norm_forward_args {
  size_t struct_size;                       // sizeof(norma_quantized_norm_forward_args)
  const norma_row_norm_forward_args* norm;  // without y, which is not stored
  void* q;                                  // [rows, cols] of one byte each
  int64_t q_stride;                         // bytes from one row to the next
  float* scale;                             // [rows]
  int32_t format;                           // a norma_quant_format
  int32_t kind;                             // a norma_row_norm
} norma_quantized_norm_forward_args;

// As for a backward pass: bytes of scratch, aligned to 64; NULL where that is 0.
NORMA_API int norma_quantized_norm_forward_workspace_size(
    const norma_quantized_norm_forward_args* args, const norma_executor* executor, size_t* bytes);
NORMA_API int norma_quantized_norm_forward(const norma_quantized_norm_forward_args* args,
                                           void* workspace, size_t workspace_bytes,
                                           const norma_executor* executor);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // NORMA_FUSED_NORMS_H_
