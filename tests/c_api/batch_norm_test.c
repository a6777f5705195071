// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm from C: arithmetic by hand, which is exact here, training and evaluation with padding,
// in place, and the rules that only the C side has.
#include <stdlib.h>

#include "tests/c_api/check.h"

static void forward(const norma_batch_norm_forward_args* a, const norma_executor* executor) {
  size_t bytes = 0;
  CHECK_OK(norma_batch_norm_forward_workspace_size(a, executor, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_batch_norm_forward(a, aligned_64(workspace), bytes, executor));
  free(workspace);
}
static void backward(const norma_batch_norm_backward_args* a, const norma_executor* executor) {
  size_t bytes = 0;
  CHECK_OK(norma_batch_norm_backward_workspace_size(a, executor, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_batch_norm_backward(a, aligned_64(workspace), bytes, executor));
  free(workspace);
}

// Two columns, rows 1 and 3 count: mean 2 and 6, variance 1 and 4 (2 and 8 without bias).
static void by_hand(void) {
  const float x[6] = {1, 4, 99, -99, 3, 8}, weight[2] = {2, 1}, bias[2] = {0.5f, 0};
  const uint8_t mask[3] = {1, 0, 1};
  float y[6], hi[2], lo[2], rstd[2], mean[2] = {4, 6}, var[2] = {1, 4};
  norma_batch_norm_forward_args f = {.struct_size = sizeof f, .momentum = 0.25, .training = 1};
  f.x = const_rows(x, NORMA_F32, 3, 2, 2);
  f.y = mutable_rows(y, NORMA_F32, 3, 2, 2);
  f.mask = mask;
  f.weight = const_vector(weight, NORMA_F32, 2), f.bias = const_vector(bias, NORMA_F32, 2);
  f.running_mean = mutable_vector(mean, NORMA_F32, 2);
  f.running_var = mutable_vector(var, NORMA_F32, 2);
  f.mean_hi = hi, f.mean_lo = lo, f.rstd = rstd;
  forward(&f, NULL);
  CHECK(y[0] == -1.5f && y[2] == 0 && y[4] == 2.5f && y[1] == -1 && y[3] == 0 && y[5] == 1);
  CHECK(hi[0] == 2 && hi[1] == 6 && rstd[0] == 1 && rstd[1] == 0.5f);
  CHECK(mean[0] == 3.5f && mean[1] == 6 && var[0] == 1.25f && var[1] == 5);

  // dy is 1 at row 0 of column 0: g = 2 0, xhat = -1 1, a = 1, h = -1.
  const float dy[6] = {1, 0, 99, 99, 0, 0};
  float dx[6], dweight[2], dbias[2];
  norma_batch_norm_backward_args b = {.struct_size = sizeof b, .training = 1};
  b.x = f.x, b.mask = mask, b.weight = f.weight;
  b.mean_hi = hi, b.mean_lo = lo, b.rstd = rstd;
  b.dy = const_rows(dy, NORMA_F32, 3, 2, 2);
  b.dx = mutable_rows(dx, NORMA_F32, 3, 2, 2);
  b.dweight = mutable_vector(dweight, NORMA_F32, 2);
  b.dbias = mutable_vector(dbias, NORMA_F32, 2);
  backward(&b, norma_serial_executor());
  CHECK(dx[0] == 0 && dx[2] == 0 && dx[4] == 0 && dx[1] == 0);
  CHECK(dweight[0] == -1 && dbias[0] == 1 && dweight[1] == 0 && dbias[1] == 0);

  // Evaluation: mean 3 and variance 16.
  mean[0] = 3, var[0] = 16;
  f.training = 0, f.momentum = 0;
  forward(&f, norma_serial_executor());
  CHECK(y[0] == -0.5f && y[2] == 0 && y[4] == 0.5f && mean[0] == 3 && rstd[0] == 0.25f);
  b.training = 0;
  backward(&b, NULL);
  CHECK(dx[0] == 0.5f && dx[4] == 0 && dx[2] == 0 && dweight[0] == -0.5f && dbias[0] == 1);
}

// by_hand's training in bf16, which holds its numbers, with f32 parameters and dweight in bf16.
static void halves_by_hand(void) {
  const float exact[6] = {1, 4, 99, -99, 3, 8}, weight[2] = {2, 1}, bias[2] = {0.5f, 0};
  const uint8_t mask[3] = {1, 0, 1};
  uint16_t x[6], y[6], dy[6] = {bf16_of(1), 0, bf16_of(99), 0, 0, 0}, dx[6], dweight[2];
  for (int i = 0; i < 6; ++i) x[i] = bf16_of(exact[i]);
  float hi[2], lo[2], rstd[2], mean[2] = {4, 6}, var[2] = {1, 4}, dbias[2];
  norma_batch_norm_forward_args f = {.struct_size = sizeof f, .momentum = 0.25, .training = 1};
  f.x = const_rows(x, NORMA_BF16, 3, 2, 2), f.y = mutable_rows(y, NORMA_BF16, 3, 2, 2);
  f.mask = mask;
  f.weight = const_vector(weight, NORMA_F32, 2), f.bias = const_vector(bias, NORMA_F32, 2);
  f.running_mean = mutable_vector(mean, NORMA_F32, 2);
  f.running_var = mutable_vector(var, NORMA_F32, 2);
  f.mean_hi = hi, f.mean_lo = lo, f.rstd = rstd;
  forward(&f, NULL);
  CHECK(y[0] == bf16_of(-1.5f) && y[2] == 0 && y[4] == bf16_of(2.5f));
  CHECK(y[1] == bf16_of(-1) && y[3] == 0 && y[5] == bf16_of(1));
  CHECK(mean[0] == 3.5f && mean[1] == 6 && var[0] == 1.25f && var[1] == 5);
  norma_batch_norm_backward_args b = {.struct_size = sizeof b, .training = 1};
  b.x = f.x, b.mask = mask, b.weight = f.weight, b.mean_hi = hi, b.mean_lo = lo, b.rstd = rstd;
  b.dy = const_rows(dy, NORMA_BF16, 3, 2, 2), b.dx = mutable_rows(dx, NORMA_BF16, 3, 2, 2);
  b.dweight = mutable_vector(dweight, NORMA_BF16, 2);
  b.dbias = mutable_vector(dbias, NORMA_F32, 2);
  backward(&b, NULL);
  CHECK(dx[0] == 0 && dx[2] == 0 && dx[4] == 0 && dx[1] == 0);
  CHECK(dweight[0] == bf16_of(-1) && dbias[0] == 1 && dweight[1] == 0 && dbias[1] == 0);
}

static void in_place(void) {
  enum { kRows = 700, kCols = 45, kSize = kRows * kCols };
  static float x[kSize], y[kSize], copy[kSize];
  uint64_t seed = 5;
  for (int i = 0; i < kSize; ++i) x[i] = (float)next_value(&seed);
  norma_batch_norm_forward_args f = {.struct_size = sizeof f, .eps = 1e-5, .training = 1};
  f.x = const_rows(x, NORMA_F32, kRows, kCols, kCols);
  f.y = mutable_rows(y, NORMA_F32, kRows, kCols, kCols);
  forward(&f, NULL);
  memcpy(copy, x, sizeof x);
  f.x.data = f.y.data = copy;
  forward(&f, norma_serial_executor());
  CHECK(memcmp(copy, y, sizeof y) == 0);
}

static void errors(void) {
  float x[4] = {0}, y[4];
  norma_batch_norm_forward_args f = {.struct_size = sizeof f, .eps = 1e-5, .training = 1};
  f.x = const_rows(x, NORMA_F32, 1, 4, 4);
  f.y = mutable_rows(y, NORMA_F32, 1, 4, 4);
  size_t bytes = 0;
  CHECK_ERROR(norma_batch_norm_forward_workspace_size(&f, NULL, &bytes), NORMA_INVALID_ARGUMENT,
              "[batch_norm] training must have at least 2 rows that count but has 1: the variance "
              "of fewer is undefined, take the running statistics.");
  f.training = 2;
  CHECK_ERROR(norma_batch_norm_forward(&f, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[batch_norm] training must be 0 or 1 but is 2.");
  f.training = 0;
  CHECK_ERROR(norma_batch_norm_forward(&f, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[batch_norm] running_mean is missing: evaluation normalises by it.");
  f.struct_size = 239;
  CHECK_ERROR(norma_batch_norm_forward(&f, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[batch_norm] struct_size must be the struct's sizeof, 240 here, but is 239.");
  CHECK_ERROR(norma_batch_norm_backward(NULL, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[batch_norm_backward] args must not be null.");
}

int main(void) {
  by_hand();
  halves_by_hand();
  in_place();
  errors();
  printf("%s: %d failures\n", norma_cpu_target(), failures);
  return failures != 0;
}
