// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Every rule of norma.h, broken alone: the code, and the line that a user reads.
#include <limits.h>
#include <math.h>

#include "tests/c_api/check.h"

enum { kRows = 3, kCols = 5, kSize = kRows * kCols };

static float x[kSize + 1], y[kSize + 1], dy[kSize], dx[kSize], weight[kCols], bias[kCols];
static float hi[kRows], lo[kRows], rstd[kRows], dweight[kCols], dbias[kCols];

static norma_row_norm_forward_args f;
static norma_row_norm_backward_args b;

static void reset(void) {
  memset(&f, 0, sizeof f);
  f.struct_size = sizeof f, f.eps = 1e-5;
  f.x = const_rows(x, NORMA_F32, kRows, kCols, kCols);
  f.y = mutable_rows(y, NORMA_F32, kRows, kCols, kCols);
  f.weight = const_vector(weight, NORMA_F32, kCols);
  f.bias = const_vector(bias, NORMA_F32, kCols);
  memset(&b, 0, sizeof b);
  b.struct_size = sizeof b;
  b.x = f.x, b.weight = f.weight;
  b.dy = const_rows(dy, NORMA_F32, kRows, kCols, kCols);
  b.mean_hi = hi, b.mean_lo = lo, b.rstd = rstd;
  b.dx = mutable_rows(dx, NORMA_F32, kRows, kCols, kCols);
  b.dweight = mutable_vector(dweight, NORMA_F32, kCols);
  b.dbias = mutable_vector(dbias, NORMA_F32, kCols);
}

#define FORWARD(change, code, message) \
  reset(), change;                     \
  CHECK_ERROR(norma_layer_norm_forward(&f, NULL), code, "[layer_norm] " message)
#define INVALID(change, message) FORWARD(change, NORMA_INVALID_ARGUMENT, message)
#define BACKWARD(change, message)                                                    \
  reset(), change;                                                                   \
  CHECK_ERROR(norma_layer_norm_backward_workspace_size(&b, NULL, &bytes),            \
              NORMA_INVALID_ARGUMENT, "[layer_norm_backward] " message);             \
  CHECK_ERROR(norma_layer_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,  \
              "[layer_norm_backward] " message)

static void structs_and_executors(void) {
  CHECK_ERROR(norma_layer_norm_forward(NULL, NULL), NORMA_INVALID_ARGUMENT,
              "[layer_norm] args must not be null.");
  CHECK_ERROR(norma_rms_norm_backward(NULL, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[rms_norm_backward] args must not be null.");
  INVALID(f.struct_size = 0, "struct_size must be the struct's sizeof, 280 here, but is 0.");
  INVALID(f.struct_size = 167, "struct_size must be the struct's sizeof, 280 here, but is 167.");
  INVALID(f.struct_size = 99999,
          "struct_size must be the struct's sizeof, 280 here, but is 99999.");
  reset(), b.struct_size = 168;
  CHECK_ERROR(norma_rms_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[rms_norm_backward] struct_size must be the struct's sizeof, 344 here, but is 168.");
  reset();
  norma_executor executor = *norma_serial_executor();
  executor.threads = NULL;
  CHECK_ERROR(norma_layer_norm_forward(&f, &executor), NORMA_INVALID_ARGUMENT,
              "[layer_norm] executor->threads must not be null.");
  executor.parallel_for = NULL;
  CHECK_ERROR(norma_rms_norm_forward(&f, &executor), NORMA_INVALID_ARGUMENT,
              "[rms_norm] executor->parallel_for must not be null.");
  CHECK_ERROR(norma_layer_norm_backward_workspace_size(&b, NULL, NULL), NORMA_INVALID_ARGUMENT,
              "[layer_norm_backward] bytes must not be null.");
  CHECK_ERROR(norma_layer_norm_forward_explain(&f, NULL, 8, NULL), NORMA_INVALID_ARGUMENT,
              "[layer_norm] text must not be null.");
}

static void forward(void) {
  INVALID(f.eps = -1e-5, "eps must be finite and >= 0 but is -1e-05.");
  INVALID(f.eps = NAN, "eps must be finite and >= 0 but is nan.");
  INVALID(f.eps = INFINITY, "eps must be finite and >= 0 but is inf.");
  INVALID(f.x.data = NULL, "x must not be null.");
  INVALID(f.y.data = NULL, "y must not be null.");
  INVALID(f.x.rows = -1, "x must have rows >= 0 and cols >= 0 but is [-1, 5].");
  INVALID(f.y.cols = -7, "y must have rows >= 0 and cols >= 0 but is [3, -7].");
  INVALID(f.x.dtype = 4, "x must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has 4.");
  INVALID(f.weight.dtype = -1,
          "weight must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has -1.");
  INVALID(f.y.rows = 2, "y must have the shape of x, [3, 5], but is [2, 5].");
  INVALID(f.y.stride = 4,
          "y must have a stride of at least cols=5 elements but has 4: its rows would overwrite "
          "each other.");
  INVALID(f.x.stride = INT64_MAX,
          "x must end below 2^63 bytes but is [3, 5] with stride 9223372036854775807.");
  INVALID(f.weight.size = 4, "weight must have cols=5 elements but has 4.");
  INVALID(f.bias.size = -1, "bias must have cols=5 elements but has -1.");
  INVALID(f.x.data = (char*)x + 1, "x must be aligned to its elements of 4 bytes but is not.");
  INVALID(f.rstd = (char*)rstd + 2, "rstd must be aligned to its elements of 4 bytes but is not.");
  INVALID(f.y.data = x + 1,
          "y must not overlap x: give it its own memory, or x's own data and stride for in-place.");
  INVALID(f.y.data = weight,
          "y must not overlap weight: give it its own memory, or x's own data and stride for "
          "in-place.");
  INVALID((f.mean_hi = rstd, f.rstd = rstd),
          "rstd must not overlap mean_hi: give it its own memory.");
  INVALID(f.rstd = x, "rstd must not overlap x: give it its own memory.");
  reset(), f.mean_lo = lo;
  CHECK_ERROR(norma_rms_norm_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[rms_norm] mean_lo must be null: RMSNorm has no mean.");
  FORWARD(f.weight.dtype = NORMA_F16, NORMA_UNSUPPORTED,
          "weight has dtype f16 where x has f32: it must have that.");
  FORWARD((f.x.dtype = f.y.dtype = NORMA_BF16, f.weight.dtype = NORMA_F16), NORMA_UNSUPPORTED,
          "weight has dtype f16 where x has bf16: it must have that, or f32.");
  FORWARD((f.x.dtype = f.y.dtype = f.bias.dtype = NORMA_BF16), NORMA_UNSUPPORTED,
          "bias has dtype bf16 where weight has f32: they must be the same, convert one of them.");
  INVALID((f.residual = f.x, f.residual_scale = 1),
          "sum is missing: x + residual_scale * residual needs the residual and memory for the "
          "sum.");
  INVALID((f.residual = f.x, f.sum = f.y, f.y.data = dx, f.residual_scale = 0),
          "residual_scale must be finite and not 0 but is 0.000000.");
  INVALID((f.residual = f.x, f.sum = f.y, f.residual_scale = 1),
          "sum must not overlap y: give it its own memory.");
  INVALID((f.residual = f.x, f.residual.cols = 4, f.sum = f.y, f.residual_scale = 1),
          "residual must have the shape of x, [3, 5], but is [3, 4].");
  INVALID(f.weight_plus_one = 2, "weight_plus_one must be 0 or 1 but is 2.");
  INVALID(f.round_before_weight = -1, "round_before_weight must be 0 or 1 but is -1.");
  INVALID(f.eps_mode = 4,
          "eps_mode must be 0 (default), 1 (outside), 2 (clamp) or 3 (inside) but is 4.");
  INVALID(f.statistic_cols = 2,
          "statistic_cols must be 0 but is 2: statistics of a part of the columns are RMSNorm's "
          "and the L2 norm's.");
  reset(), f.statistic_cols = 6;
  CHECK_ERROR(norma_rms_norm_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[rms_norm] statistic_cols must be 0 or between 1 and cols=5 but is 6.");
  INVALID(f.weight.size = 1, "weight must have cols=5 elements but has 1.");
  reset(), f.weight.size = 2;
  CHECK_ERROR(norma_l2_norm_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[l2_norm] weight must have cols=5 elements, or one, but has 2.");
  reset(), f.mean_hi = hi;
  CHECK_ERROR(norma_l2_norm_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[l2_norm] mean_hi must be null: the L2 norm has no mean.");
  reset(), b.mean_hi = b.mean_lo = NULL, b.weight.size = 1;
  CHECK_ERROR(norma_l2_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[l2_norm_backward] dweight must have weight's size, 1, but has 5.");
  reset(), f.mean_hi = hi, f.mean_lo = lo;
  CHECK_ERROR(norma_crms_norm_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[crms_norm] mean_lo must be null: CRMSNorm saves mean_hi and rstd.");
  reset(), b.mean_hi = b.mean_lo = NULL;
  CHECK_ERROR(norma_crms_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[crms_norm_backward] mean_hi is missing: the backward needs the statistics that the "
              "forward saved.");
}

static void backward(void) {
  size_t bytes;
  BACKWARD(b.dy.rows = 2, "x must have the shape of dy, [2, 5], but is [3, 5].");
  BACKWARD(b.dy.data = NULL, "dy must not be null.");
  BACKWARD((b.dsum = b.dy, b.dx.data = NULL),
           "dx is missing: dsum is added to it and dresidual is a share of it.");
  BACKWARD((b.dresidual = b.dx, b.residual_scale = 1),
           "dresidual must not overlap dx: give it its own memory.");
  BACKWARD(b.weight_plus_one = 3, "weight_plus_one must be 0 or 1 but is 3.");
  BACKWARD(b.round_before_weight = 2, "round_before_weight must be 0 or 1 but is 2.");
  BACKWARD(b.eps = -1, "eps must be finite and >= 0 but is -1.");
  BACKWARD(b.eps_mode = -1,
           "eps_mode must be 0 (default), 1 (outside), 2 (clamp) or 3 (inside) but is -1.");
  BACKWARD(b.statistic_cols = -3,
           "statistic_cols must be 0 but is -3: statistics of a part of the columns are RMSNorm's "
           "and the L2 norm's.");
  BACKWARD(b.dx.stride = -4,
           "dx must have a stride of at least cols=5 elements but has -4: its rows would overwrite "
           "each other.");
  BACKWARD(b.mean_hi = NULL,
           "mean_hi is missing: the backward needs the statistics that the forward saved.");
  BACKWARD(b.rstd = NULL,
           "rstd is missing: the backward needs the statistics that the forward saved.");
  BACKWARD(b.dweight.size = 6, "dweight must have cols=5 elements but has 6.");
  BACKWARD(b.dx.data = x,
           "dx must not overlap x: give it its own memory, or dy's own data and stride for "
           "in-place.");
  BACKWARD(b.dbias.data = dweight, "dbias must not overlap dweight: give it its own memory.");
  reset();
  CHECK_ERROR(norma_rms_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[rms_norm_backward] mean_hi must be null: RMSNorm has no mean.");

  // dbias alone is a sum over dy: neither x nor statistics are asked for.
  reset();
  for (int i = 0; i < kSize; ++i) dy[i] = 1;
  b.x.data = NULL, b.mean_hi = b.mean_lo = b.rstd = NULL;
  b.dx.data = NULL, b.dweight.data = NULL;
  static char workspace[1 << 14];
  CHECK_OK(norma_layer_norm_backward_workspace_size(&b, norma_serial_executor(), &bytes));
  CHECK(bytes <= sizeof workspace - 64);
  CHECK_OK(norma_layer_norm_backward(&b, aligned_64(workspace), bytes, norma_serial_executor()));
  CHECK(dbias[0] == kRows && dbias[kCols - 1] == kRows);
}

static void workspace(void) {
  static char memory[1 << 16];
  char* aligned = aligned_64(memory);
  size_t bytes = 0;
  char message[200];
  for (int i = 0; i < kSize; ++i) CHECK(y[i] == 0 && dx[i] == 0);  // refused calls wrote nothing
  reset();
  CHECK_OK(norma_layer_norm_backward_workspace_size(&b, NULL, &bytes));
  CHECK(bytes < sizeof memory - 200);
  if (bytes == 0) return;
  snprintf(message, sizeof message,
           "[layer_norm_backward] workspace must have %zu bytes but has %zu: ask "
           "norm_backward_workspace_size with the same executor.", bytes, bytes - 1);
  CHECK_ERROR(norma_layer_norm_backward(&b, aligned, bytes - 1, NULL), NORMA_INVALID_ARGUMENT,
              message);
  CHECK_ERROR(norma_layer_norm_backward(&b, aligned + 4, bytes, NULL), NORMA_INVALID_ARGUMENT,
              "[layer_norm_backward] workspace must be aligned to 64 bytes but is not.");
  b.dbias.data = aligned + bytes;
  CHECK_ERROR(norma_layer_norm_backward(&b, aligned, bytes + 64, NULL), NORMA_INVALID_ARGUMENT,
              "[layer_norm_backward] workspace must not overlap dbias: give it its own memory.");
  // Which argument is met first depends on where the linker put them.
  CHECK(norma_layer_norm_backward(&b, aligned, SIZE_MAX, NULL) == NORMA_INVALID_ARGUMENT);
  CHECK_OK(norma_layer_norm_backward(&b, aligned, bytes, NULL));
  b.dbias.data = aligned;
  CHECK_ERROR(norma_layer_norm_backward(&b, aligned, bytes, NULL), NORMA_INVALID_ARGUMENT,
              "[layer_norm_backward] workspace must not overlap dbias: give it its own memory.");
}

int main(void) {
  structs_and_executors();
  forward();
  backward();
  workspace();
  printf("%d failures\n", failures);
  return failures != 0;
}
