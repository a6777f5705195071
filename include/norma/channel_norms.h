// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// GroupNorm, InstanceNorm and BatchNorm in C; norma.h includes this, and its conventions hold.
#ifndef NORMA_CHANNEL_NORMS_H_
#define NORMA_CHANNEL_NORMS_H_

#include "norma/norma.h"

#ifdef __cplusplus
extern "C" {
#endif

// Where element (sample, channel, position) of images lies; both are dense. positions is height *
// width, or whatever a channel has many of.
enum norma_layout {
  NORMA_NCHW = 0,  // (sample * channels + channel) * positions + position
  NORMA_NHWC = 1   // (sample * positions + position) * channels + channel
};

// Images in the caller's memory, to read.
typedef struct norma_const_images {
  const void* data;
  int64_t samples;
  int64_t channels;
  int64_t positions;
  int32_t layout;  // a norma_layout
  int32_t dtype;   // a norma_dtype
} norma_const_images;

// Images in the caller's memory, to write.
typedef struct norma_images {
  void* data;
  int64_t samples;
  int64_t channels;
  int64_t positions;
  int32_t layout;
  int32_t dtype;
} norma_images;

// The arguments of GroupNorm's forward pass. Both layouts give the same bits for the same values
// (docs/channel-norms.md).
typedef struct norma_group_norm_forward_args {
  size_t struct_size;         // sizeof(norma_group_norm_forward_args)
  double eps;
  int64_t groups;             // >= 1, divides channels; channels itself is InstanceNorm
  norma_const_images x;
  norma_const_vector weight;  // [channels], or absent
  norma_const_vector bias;    // [channels], or absent
  norma_images y;             // shape, layout and dtype of x; may be x
  // Statistics to save for the backward pass, [samples * groups] each, f64 where x is f64 and f32
  // otherwise; each may be NULL. The mean is mean_hi + mean_lo.
  void* mean_hi;
  void* mean_lo;
  void* rstd;
} norma_group_norm_forward_args;

// The arguments of GroupNorm's backward pass. Gradients are overwritten, never added to.
typedef struct norma_group_norm_backward_args {
  size_t struct_size;         // sizeof(norma_group_norm_backward_args)
  int64_t groups;             // as in the forward pass
  norma_const_images x;       // as in the forward pass
  norma_const_images dy;      // shape, layout and dtype of x
  norma_const_vector weight;  // [channels], or absent, as in the forward pass
  // Statistics, [samples * groups] each, as the forward pass saved them. Where only dbias is asked
  // for, neither they nor x are read.
  const void* mean_hi;
  const void* mean_lo;
  const void* rstd;
  norma_images dx;            // as dy, or absent; may be dy
  norma_vector dweight;       // [channels], or absent
  norma_vector dbias;         // [channels], or absent
} norma_group_norm_backward_args;

// As for the row norms, of both passes: a forward pass over NHWC works in scratch too.
NORMA_API int norma_group_norm_forward_workspace_size(const norma_group_norm_forward_args* args,
                                                      const norma_executor* executor,
                                                      size_t* bytes);
NORMA_API int norma_group_norm_backward_workspace_size(const norma_group_norm_backward_args* args,
                                                       const norma_executor* executor,
                                                       size_t* bytes);
NORMA_API int norma_group_norm_forward(const norma_group_norm_forward_args* args, void* workspace,
                                       size_t workspace_bytes, const norma_executor* executor);
NORMA_API int norma_group_norm_backward(const norma_group_norm_backward_args* args,
                                        void* workspace, size_t workspace_bytes,
                                        const norma_executor* executor);

// The arguments of BatchNorm's forward pass over the columns of a matrix.
typedef struct norma_batch_norm_forward_args {
  size_t struct_size;         // sizeof(norma_batch_norm_forward_args)
  double eps;
  // Training: running = (1 - momentum) * running + momentum * the batch's. From 0 to 1.
  double momentum;
  int32_t training;           // 1: the batch's statistics; 0: evaluation, by the running ones
  norma_const_rows x;         // [rows, cols]
  // [rows] bytes, or NULL: every row counts. A row whose byte is 0 is padding: it enters no
  // statistics and no gradient, whatever it holds, and its y and dx are 0. Training wants two rows
  // that count, as one value has no variance.
  const uint8_t* mask;
  norma_const_vector weight;  // [cols], or absent
  norma_const_vector bias;    // [cols], or absent
  norma_rows y;               // [rows, cols]; may be x
  // [cols], of the type of saved statistics. Training: updated where present, the variance by
  // n - 1. Evaluation: read, not written.
  norma_vector running_mean;
  norma_vector running_var;
  // Statistics to save for the backward pass, [cols] each, f64 where x is f64 and f32 otherwise;
  // each may be NULL. The mean is mean_hi + mean_lo.
  void* mean_hi;
  void* mean_lo;
  void* rstd;
} norma_batch_norm_forward_args;

// The arguments of BatchNorm's backward pass. Gradients are overwritten, never added to.
typedef struct norma_batch_norm_backward_args {
  size_t struct_size;         // sizeof(norma_batch_norm_backward_args)
  int32_t training;           // as in the forward pass
  norma_const_rows x;         // [rows, cols], as in the forward pass
  norma_const_rows dy;        // [rows, cols]
  const uint8_t* mask;        // as in the forward pass
  norma_const_vector weight;  // [cols], or absent, as in the forward pass
  // Statistics, [cols] each, as the forward pass saved them, in evaluation too. Where only dbias is
  // asked for, neither they nor x are read.
  const void* mean_hi;
  const void* mean_lo;
  const void* rstd;
  norma_rows dx;              // [rows, cols], or absent; may be dy
  norma_vector dweight;       // [cols], or absent
  norma_vector dbias;         // [cols], or absent
} norma_batch_norm_backward_args;

// The workspace of BatchNorm is the same for every executor.
NORMA_API int norma_batch_norm_forward_workspace_size(const norma_batch_norm_forward_args* args,
                                                      const norma_executor* executor,
                                                      size_t* bytes);
NORMA_API int norma_batch_norm_backward_workspace_size(const norma_batch_norm_backward_args* args,
                                                       const norma_executor* executor,
                                                       size_t* bytes);
NORMA_API int norma_batch_norm_forward(const norma_batch_norm_forward_args* args, void* workspace,
                                       size_t workspace_bytes, const norma_executor* executor);
NORMA_API int norma_batch_norm_backward(const norma_batch_norm_backward_args* args,
                                        void* workspace, size_t workspace_bytes,
                                        const norma_executor* executor);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // NORMA_CHANNEL_NORMS_H_
