// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// SeeDNorm in C; norma.h includes this, and its conventions hold.
#ifndef NORMA_SEED_NORM_H_
#define NORMA_SEED_NORM_H_

#include "norma/norma.h"

#ifdef __cplusplus
extern "C" {
#endif

// With xhat = x / sqrt(mean(x^2) + eps): y = (tanh(dot) * alpha + gamma) * xhat,
// dot = sum(x * beta) of the row (docs/seed-norm.md).
typedef struct norma_seed_norm_forward_args {
  size_t struct_size;        // sizeof(norma_seed_norm_forward_args)
  double eps;                // finite, >= 0, inside the root
  norma_const_rows x;        // [rows, cols]
  norma_const_vector alpha;  // [cols] each, all of one type: x's, or f32
  norma_const_vector beta;
  norma_const_vector gamma;
  norma_rows y;              // [rows, cols]; may be x
  // To save for the backward pass, [rows] each, f64 where x is f64 and f32 otherwise; may be NULL.
  void* dot;
  void* rstd;
} norma_seed_norm_forward_args;

// Gradients are overwritten, never added to.
typedef struct norma_seed_norm_backward_args {
  size_t struct_size;        // sizeof(norma_seed_norm_backward_args)
  norma_const_rows x;        // [rows, cols], as in the forward pass
  norma_const_rows dy;       // [rows, cols]
  norma_const_vector alpha;  // as in the forward pass
  norma_const_vector beta;
  norma_const_vector gamma;
  const void* dot;           // as the forward pass saved them
  const void* rstd;
  norma_rows dx;             // [rows, cols], or absent; may be dy
  norma_vector dalpha;       // [cols] each, or absent
  norma_vector dbeta;
  norma_vector dgamma;
} norma_seed_norm_backward_args;

// As for the row norms.
NORMA_API int norma_seed_norm_forward(const norma_seed_norm_forward_args* args,
                                      const norma_executor* executor);
NORMA_API int norma_seed_norm_backward_workspace_size(const norma_seed_norm_backward_args* args,
                                                      const norma_executor* executor,
                                                      size_t* bytes);
NORMA_API int norma_seed_norm_backward(const norma_seed_norm_backward_args* args, void* workspace,
                                       size_t workspace_bytes, const norma_executor* executor);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // NORMA_SEED_NORM_H_
