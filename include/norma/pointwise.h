// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// DyT and Derf in C; norma.h includes this, and its conventions hold.
#ifndef NORMA_POINTWISE_H_
#define NORMA_POINTWISE_H_

#include "norma/norma.h"

#ifdef __cplusplus
extern "C" {
#endif

// The arguments of DyT's forward pass (docs/pointwise.md).
typedef struct norma_dyt_forward_args {
  size_t struct_size;         // sizeof(norma_dyt_forward_args)
  double alpha;               // any value; rounded to f32 where x is not f64
  norma_const_rows x;         // [rows, cols]
  norma_const_vector weight;  // [cols], or absent
  norma_const_vector bias;    // [cols], or absent
  norma_rows y;               // [rows, cols]; may be x
} norma_dyt_forward_args;

// The arguments of DyT's backward pass, which wants nothing saved but x. Gradients are overwritten,
// never added to.
typedef struct norma_dyt_backward_args {
  size_t struct_size;         // sizeof(norma_dyt_backward_args)
  double alpha;               // as in the forward pass
  norma_const_rows x;         // [rows, cols], as in the forward pass; not read for dbias alone
  norma_const_rows dy;        // [rows, cols]
  norma_const_vector weight;  // [cols], or absent, as in the forward pass
  norma_rows dx;              // [rows, cols], or absent; may be dy
  norma_vector dweight;       // [cols], or absent
  norma_vector dbias;         // [cols], or absent
  void* dalpha;               // one f32, or one f64 where x is f64; or NULL
} norma_dyt_backward_args;

// As for the row norms.
NORMA_API int norma_dyt_forward(const norma_dyt_forward_args* args, const norma_executor* executor);
NORMA_API int norma_dyt_backward_workspace_size(const norma_dyt_backward_args* args,
                                                const norma_executor* executor, size_t* bytes);
NORMA_API int norma_dyt_backward(const norma_dyt_backward_args* args, void* workspace,
                                 size_t workspace_bytes, const norma_executor* executor);

// The arguments of Derf's forward pass (docs/pointwise.md).
typedef struct norma_derf_forward_args {
  size_t struct_size;         // sizeof(norma_derf_forward_args)
  double alpha;               // any values; rounded to f32 where x is not f64
  double shift;
  norma_const_rows x;         // [rows, cols]
  norma_const_vector weight;  // [cols], or absent
  norma_const_vector bias;    // [cols], or absent
  norma_rows y;               // [rows, cols]; may be x
} norma_derf_forward_args;

// The arguments of Derf's backward pass, as of DyT's.
typedef struct norma_derf_backward_args {
  size_t struct_size;         // sizeof(norma_derf_backward_args)
  double alpha;               // as in the forward pass
  double shift;
  norma_const_rows x;         // [rows, cols], as in the forward pass; not read for dbias alone
  norma_const_rows dy;        // [rows, cols]
  norma_const_vector weight;  // [cols], or absent, as in the forward pass
  norma_rows dx;              // [rows, cols], or absent; may be dy
  norma_vector dweight;       // [cols], or absent
  norma_vector dbias;         // [cols], or absent
  void* dalpha;               // one f32 each, or one f64 where x is f64; or NULL
  void* dshift;
} norma_derf_backward_args;

NORMA_API int norma_derf_forward(const norma_derf_forward_args* args,
                                 const norma_executor* executor);
NORMA_API int norma_derf_backward_workspace_size(const norma_derf_backward_args* args,
                                                 const norma_executor* executor, size_t* bytes);
NORMA_API int norma_derf_backward(const norma_derf_backward_args* args, void* workspace,
                                  size_t workspace_bytes, const norma_executor* executor);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // NORMA_POINTWISE_H_
