// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// The C interface of Norma: LayerNorm, RMSNorm, the L2 norm, CRMSNorm and SeeDNorm over the rows of
// a matrix, BatchNorm over its columns, GroupNorm and InstanceNorm over images, DyT and Derf in a
// norm's place, forward and backward; and row norms with a gate, RoPE or 8-bit output after them.
//
//   LayerNorm  y = (x - mean) * rstd * weight + bias,  rstd = 1 / sqrt(var + eps), var biased
//   RMSNorm    y = x * rstd * weight + bias,           rstd = 1 / sqrt(mean(x^2) + eps)
//   L2 norm    y = x * rstd * weight + bias,           rstd = 1 / max(sqrt(sum(x^2)), eps);
//              with one weight for all columns ScaleNorm
//   CRMSNorm   RMSNorm of a vector of mean 0 whose last element is not stored, y of the others:
//              rstd = 1 / sqrt((sum(x^2) + sum(x)^2) / (cols + 1) + eps)
//   GroupNorm  LayerNorm of each group of channels of a sample, weight and bias by channel;
//              as many groups as channels is InstanceNorm
//   BatchNorm  LayerNorm's formula for each column, in evaluation with running statistics
//   SeeDNorm   RMSNorm with the weight tanh(sum(x * beta)) * alpha + gamma
//   DyT        y = tanh(alpha * x) * weight + bias
//   Derf       y = erf(alpha * x + shift) * weight + bias
//
// What it does not do:
// - It has no tensors and no graph: rows in host memory come in, and the caller keeps what the
//   backward pass needs.
// - f64 is for checking: it runs on the scalar reference.
// - It never prints, never ends the process, and lets no C++ exception out.
// - Its default threads do not survive fork(): a child of a process that has used them must pass an
//   executor of its own, or norma_serial_executor().
//
// Conventions:
// (1) Memory. Arguments are pointers with lengths; nothing is kept after a call returns, and
//     nothing is returned that the caller must free. Neither pass allocates: a pass that needs
//     scratch works in memory that the caller brings and whose size it asks for first.
// (2) Errors. A function that can fail returns NORMA_OK (0) or another norma_status, and then
//     norma_last_error() gives one line that names the function, the rule and the value:
//     "[layer_norm] weight must have cols=768 elements but has 512." Where a call returns
//     NORMA_INVALID_ARGUMENT or NORMA_UNSUPPORTED no output has been touched.
// (3) Threads. Every function may be called from several threads at once, as long as no call
//     writes what another reads or writes. A call deals its rows to an executor; NULL is the
//     default one (OpenMP's pool, as many threads as OMP_NUM_THREADS says). Small calls stay on
//     their thread.
// (4) Rows. Row r begins at data + r * stride, counted in elements, and its cols elements are
//     dense. Inputs may have any stride: 0 is one row again and again, negative walks back from
//     data. Outputs of more than one row need at least cols, of either sign. data needs no
//     alignment beyond that of an element. rows and cols may be 0, and a matrix ends below 2^63
//     bytes.
// (5) Absent. A weight, bias, statistic or gradient whose data is NULL is absent: its operation
//     does not happen. Every other data may be NULL only where it has no elements.
// (6) Aliasing. y may be x, and dx may be dy: the same data and the same stride. Every other
//     overlap of an output with anything is refused.
// (7) Numbers. A row's result has the same bits whatever the other rows, the threads, the SIMD
//     width, the alignment and the stride (the contract norma-1, docs/numerics.md). Of BatchNorm
//     in training that is true but for the other rows. eps is taken as it is: finite, >= 0, inside
//     the root unless eps_mode says otherwise. The caller's rounding mode and flush-to-zero flags
//     change nothing and are left as they were. As any arithmetic does, a call may raise the
//     floating-point exception flags, such as FE_INEXACT.
// (8) Types. Rows of one call have one type: f32, bf16, f16 or f64. Weight and bias have it too, or
//     both are f32; each gradient of a parameter has it, or is f32. f64 goes with f64 alone. 16-bit
//     elements are promoted exactly, worked in f32 and rounded once, to nearest even, when stored.
// (9) Growth. Arguments are structs because a norm takes up to ten of them and more are to come:
//     by name none can be swapped, and a later field needs no new function. Their first field is
//     struct_size = sizeof(the struct); fields are only ever added at the end, and zero in a new
//     one means what its absence meant. A library older than the caller's header accepts the
//     longer struct where the fields it does not know are all zero, and says NORMA_UNSUPPORTED
//     otherwise. So set the whole struct to zero first, with a designated initialiser or memset.
//     The views (norma_rows, ...) and norma_executor keep their layout for ever, numbers keep
//     their meaning, and NORMA_ABI_VERSION grows only when a promise on this page is broken.
#ifndef NORMA_NORMA_H_
#define NORMA_NORMA_H_

#include <stddef.h>
#include <stdint.h>

#define NORMA_VERSION_MAJOR 0
#define NORMA_VERSION_MINOR 1
#define NORMA_VERSION_PATCH 0
#define NORMA_ABI_VERSION 0

#if defined(__GNUC__)
#define NORMA_API __attribute__((visibility("default")))
#else
#define NORMA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

// What a function returns.
enum norma_status {
  NORMA_OK = 0,
  NORMA_INVALID_ARGUMENT = 1,  // the request breaks a rule of this page
  NORMA_UNSUPPORTED = 2,       // a meaningful request that this library cannot serve yet
  NORMA_INTERNAL = 7           // an executor failed, memory ran out, or a promise is broken
};

// The type of an element.
enum norma_dtype { NORMA_F32 = 0, NORMA_BF16 = 1, NORMA_F16 = 2, NORMA_F64 = 3 };

// A matrix in the caller's memory, to read.
typedef struct norma_const_rows {
  const void* data;
  int64_t rows;
  int64_t cols;
  int64_t stride;  // elements from one row to the next
  int32_t dtype;   // a norma_dtype
} norma_const_rows;

// A matrix in the caller's memory, to write.
typedef struct norma_rows {
  void* data;
  int64_t rows;
  int64_t cols;
  int64_t stride;
  int32_t dtype;
} norma_rows;

// A dense vector in the caller's memory, to read; absent where data is NULL.
typedef struct norma_const_vector {
  const void* data;
  int64_t size;
  int32_t dtype;
} norma_const_vector;

// A dense vector in the caller's memory, to write; absent where data is NULL.
typedef struct norma_vector {
  void* data;
  int64_t size;
  int32_t dtype;
} norma_vector;

// Work on the items begin <= i < end of a loop.
typedef void (*norma_body)(void* context, int64_t begin, int64_t end);

// Who runs a loop in parallel: the host's thread pool behind two functions.
typedef struct norma_executor {
  // Calls body(context, begin, end) over ranges that cover 0 <= i < count exactly once, each at
  // least `grain` long but the last, on any threads, and returns when all are done.
  void (*parallel_for)(void* self, int64_t count, int64_t grain, norma_body body, void* context);
  // How many ranges may run at the same time, >= 1. May depend on the calling thread, not on time:
  // a workspace size and the call it is for must see the same number.
  int (*threads)(void* self);
  void* self;  // handed to both
} norma_executor;

// Everything on the calling thread.
NORMA_API const norma_executor* norma_serial_executor(void);

// Where eps stands. sigma is the root of the variance, of the mean of squares, or of their sum.
enum norma_eps_mode {
  NORMA_EPS_DEFAULT = 0,  // inside, and for the L2 norm the clamp
  NORMA_EPS_OUTSIDE = 1,  // rstd = 1 / (sigma + eps)
  NORMA_EPS_CLAMP = 2,    // rstd = 1 / max(sigma, eps)
  NORMA_EPS_INSIDE = 3    // rstd = 1 / sqrt(sigma^2 + eps)
};

// The arguments of a forward pass over rows.
typedef struct norma_row_norm_forward_args {
  size_t struct_size;         // sizeof(norma_row_norm_forward_args)
  double eps;
  norma_const_rows x;         // [rows, cols]
  norma_const_vector weight;  // [cols], or absent; L2 norm: or [1], the same for all columns
  norma_const_vector bias;    // [cols], or absent
  norma_rows y;               // [rows, cols]; may be x
  // Statistics to save for the backward pass, [rows] each, f64 where x is f64 and f32 otherwise;
  // each may be NULL. The mean is mean_hi + mean_lo; RMSNorm and the L2 norm have none: both must
  // be NULL there. CRMSNorm saves sum(x) * rstd as mean_hi, and mean_lo must be NULL.
  void* mean_hi;
  void* mean_lo;
  void* rstd;
  // 1: the dialect of Gemma, 1 + weight (in f32) instead of weight. 0: weight.
  int32_t weight_plus_one;
  // 1: the dialect of LLaMA, x * rstd is rounded to y's type before the weight. 0: one rounding.
  int32_t round_before_weight;
  // Where residual.data is not NULL: sum = x + residual_scale * residual is stored, rounded to its
  // type, and the stored sum is what is normalised, bit for bit as in two calls. Both [rows, cols]
  // of x's type. sum and y may each be x or residual itself: the same data and the same stride.
  norma_const_rows residual;
  norma_rows sum;
  float residual_scale;       // finite and not 0 where there is a residual
  // RMSNorm and L2 norm: the statistics are those of the first statistic_cols columns of a row
  // (partial RMSNorm); y is of all columns. 0: of all columns; else between 1 and cols.
  int64_t statistic_cols;
  int32_t eps_mode;           // a norma_eps_mode
} norma_row_norm_forward_args;

// The arguments of a backward pass over rows. Gradients are overwritten, never added to.
typedef struct norma_row_norm_backward_args {
  size_t struct_size;         // sizeof(norma_row_norm_backward_args)
  norma_const_rows x;         // [rows, cols], as in the forward pass
  norma_const_rows dy;        // [rows, cols]
  norma_const_vector weight;  // [cols], or absent, as in the forward pass
  // Statistics, [rows] each, as the forward pass saved them: LayerNorm needs all three, CRMSNorm
  // mean_hi and rstd, the others rstd alone. Where only dbias is asked for, neither they nor x are
  // read.
  const void* mean_hi;
  const void* mean_lo;
  const void* rstd;
  norma_rows dx;              // [rows, cols], or absent; may be dy
  norma_vector dweight;       // of weight's size, or absent; L2 norm without a weight: either size
  norma_vector dbias;         // [cols], or absent
  int32_t weight_plus_one;      // as in the forward pass
  int32_t round_before_weight;  // as in the forward pass; the gradient sees through the rounding
  // Where the forward pass had a residual: x above is its sum. dsum, or absent: the gradient from
  // the sum's other uses, added to dx, which is then the gradient of the sum and of the forward's
  // x. dresidual = residual_scale * dx, or absent. All [rows, cols] of x's type.
  norma_const_rows dsum;
  norma_rows dresidual;
  float residual_scale;         // finite and not 0 where there is a dresidual
  int64_t statistic_cols;       // as in the forward pass
  double eps;                   // as in the forward pass; read where eps is outside or a clamp
  int32_t eps_mode;             // as in the forward pass
} norma_row_norm_backward_args;

// executor: NULL for the default one.
NORMA_API int norma_layer_norm_forward(const norma_row_norm_forward_args* args,
                                       const norma_executor* executor);
NORMA_API int norma_rms_norm_forward(const norma_row_norm_forward_args* args,
                                     const norma_executor* executor);
NORMA_API int norma_l2_norm_forward(const norma_row_norm_forward_args* args,
                                    const norma_executor* executor);
NORMA_API int norma_crms_norm_forward(const norma_row_norm_forward_args* args,
                                      const norma_executor* executor);

// Stores in *bytes the least workspace that the backward pass needs for these arguments and this
// executor; it may be 0.
NORMA_API int norma_layer_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                                       const norma_executor* executor,
                                                       size_t* bytes);
NORMA_API int norma_rms_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                                     const norma_executor* executor,
                                                     size_t* bytes);
NORMA_API int norma_l2_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                                    const norma_executor* executor,
                                                    size_t* bytes);
NORMA_API int norma_crms_norm_backward_workspace_size(const norma_row_norm_backward_args* args,
                                                      const norma_executor* executor,
                                                      size_t* bytes);

// workspace: workspace_bytes of scratch, at least what was asked for above and aligned to 64 bytes;
// NULL where that is 0. It overlaps no argument, and holds nothing of worth afterwards.
NORMA_API int norma_layer_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                                        size_t workspace_bytes, const norma_executor* executor);
NORMA_API int norma_rms_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                                      size_t workspace_bytes, const norma_executor* executor);
NORMA_API int norma_l2_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                                     size_t workspace_bytes, const norma_executor* executor);
NORMA_API int norma_crms_norm_backward(const norma_row_norm_backward_args* args, void* workspace,
                                       size_t workspace_bytes, const norma_executor* executor);

// What would run for these arguments, and why nothing better: a line for the implementation that is
// taken, or for the rule the arguments break, then one for each refusal. Writes at most `capacity`
// bytes to `text`, a final 0 among them, and the full length without it to *length. text may be
// NULL where capacity is 0, and length may be NULL.
NORMA_API int norma_layer_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                               size_t capacity, size_t* length);
NORMA_API int norma_rms_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                             size_t capacity, size_t* length);
NORMA_API int norma_l2_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                            size_t capacity, size_t* length);
NORMA_API int norma_crms_norm_forward_explain(const norma_row_norm_forward_args* args, char* text,
                                              size_t capacity, size_t* length);
NORMA_API int norma_layer_norm_backward_explain(const norma_row_norm_backward_args* args,
                                                char* text, size_t capacity, size_t* length);
NORMA_API int norma_rms_norm_backward_explain(const norma_row_norm_backward_args* args, char* text,
                                              size_t capacity, size_t* length);
NORMA_API int norma_l2_norm_backward_explain(const norma_row_norm_backward_args* args, char* text,
                                             size_t capacity, size_t* length);
NORMA_API int norma_crms_norm_backward_explain(const norma_row_norm_backward_args* args, char* text,
                                               size_t capacity, size_t* length);

// The message of the last call on this thread that failed; "" where none has. One line, at most 511
// bytes. Valid until the next failure on this thread; success leaves it as it is.
NORMA_API const char* norma_last_error(void);

// The instruction set that the CPU kernels use in this process, such as "avx512"; "scalar" where
// only the reference is there. The environment variable NORMA_TARGET (sse4, avx2, avx512,
// avx512_bf16, neon) forces one; "none" where this machine lacks it, and every call then says so.
NORMA_API const char* norma_cpu_target(void);

// Of the library that is loaded, to be compared with the macros above: "0.1.0", and 0.
NORMA_API const char* norma_version(void);
NORMA_API int norma_abi_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#include "norma/channel_norms.h"
#include "norma/fused_norms.h"
#include "norma/pointwise.h"
#include "norma/seed_norm.h"

#endif  // NORMA_NORMA_H_
