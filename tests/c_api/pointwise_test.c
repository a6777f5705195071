// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The pointwise functions from C: values against the C library's, in place, f64, and the rules that
// only the C side has.
#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

enum { kRows = 70, kCols = 9, kSize = kRows * kCols };

static void backward(const norma_dyt_backward_args* a, const norma_executor* executor) {
  size_t bytes = 0;
  CHECK_OK(norma_dyt_backward_workspace_size(a, executor, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_dyt_backward(a, aligned_64(workspace), bytes, executor));
  free(workspace);
}

// By hand where tanh is 0 or 1: x = 0, and x far out.
static void by_hand(void) {
  const float x[4] = {0, 100, -100, 0}, weight[2] = {2, 3}, bias[2] = {0.5f, -1};
  float y[4];
  norma_dyt_forward_args f = {.struct_size = sizeof f, .alpha = 0.5};
  f.x = const_rows(x, NORMA_F32, 2, 2, 2);
  f.y = mutable_rows(y, NORMA_F32, 2, 2, 2);
  f.weight = const_vector(weight, NORMA_F32, 2);
  f.bias = const_vector(bias, NORMA_F32, 2);
  CHECK_OK(norma_dyt_forward(&f, NULL));
  CHECK(y[0] == 0.5f && y[1] == 2 && y[2] == -1.5f && y[3] == -1);

  // dx = dy * weight * alpha at 0, nothing far out, where no gradient gets through.
  const float dy[4] = {1, 5, 7, -2};
  float dx[4], dweight[2], dbias[2], dalpha = 9;
  norma_dyt_backward_args b = {.struct_size = sizeof b, .alpha = 0.5};
  b.x = f.x, b.weight = f.weight;
  b.dy = const_rows(dy, NORMA_F32, 2, 2, 2);
  b.dx = mutable_rows(dx, NORMA_F32, 2, 2, 2);
  b.dweight = mutable_vector(dweight, NORMA_F32, 2);
  b.dbias = mutable_vector(dbias, NORMA_F32, 2);
  b.dalpha = &dalpha;
  backward(&b, norma_serial_executor());
  CHECK(dx[0] == 1 && fabsf(dx[1]) < 1e-37f && fabsf(dx[2]) < 1e-37f && dx[3] == -3);
  CHECK(dweight[0] == -7 && dweight[1] == 5 && dbias[0] == 8 && dbias[1] == 3);
  CHECK(fabsf(dalpha) < 1e-35f);
}

// Derf at 0 and far out: erf'(0) is 2 / sqrt(pi), rounded.
static void derf_by_hand(void) {
  const float x[4] = {0.5f, 100, -100, 0.5f}, weight[2] = {2, 3}, dy[4] = {1, 5, 7, -2};
  float y[4], dx[4], dweight[2], dbias[2], dalpha = 9, dshift = 9;
  norma_derf_forward_args f = {.struct_size = sizeof f, .alpha = 0.5, .shift = -0.25};
  f.x = const_rows(x, NORMA_F32, 2, 2, 2);
  f.y = mutable_rows(y, NORMA_F32, 2, 2, 2);
  f.weight = const_vector(weight, NORMA_F32, 2);
  CHECK_OK(norma_derf_forward(&f, NULL));
  CHECK(y[0] == 0 && y[1] == 3 && y[2] == -2 && y[3] == 0);
  norma_derf_backward_args b = {.struct_size = sizeof b, .alpha = 0.5, .shift = -0.25};
  b.x = f.x, b.weight = f.weight;
  b.dy = const_rows(dy, NORMA_F32, 2, 2, 2);
  b.dx = mutable_rows(dx, NORMA_F32, 2, 2, 2);
  b.dweight = mutable_vector(dweight, NORMA_F32, 2);
  b.dbias = mutable_vector(dbias, NORMA_F32, 2);
  b.dalpha = &dalpha, b.dshift = &dshift;
  size_t bytes = 0;
  CHECK_OK(norma_derf_backward_workspace_size(&b, NULL, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_derf_backward(&b, aligned_64(workspace), bytes, NULL));
  free(workspace);
  const float slope = 0x1.20dd76p0f;
  CHECK(dx[0] == slope && dx[1] == 0 && dx[2] == 0 && dx[3] == -3 * slope);
  CHECK(dweight[0] == -7 && dweight[1] == 5 && dbias[0] == 8 && dbias[1] == 3);
  // v is 2 slope in the first row, -6 slope in the second; x is 1/2 in both.
  CHECK(fabsf(dalpha + 2 * slope) < 1e-6f && fabsf(dshift + 4 * slope) < 1e-6f);
  f.struct_size = 8, b.struct_size = 8;
  CHECK_ERROR(norma_derf_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[derf] struct_size must be the struct's sizeof, 152 here, but is 8.");
  CHECK_ERROR(norma_derf_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[derf_backward] struct_size must be the struct's sizeof, 232 here, but is 8.");
}

// Ordinary values of both types that C knows, in place too. f32: 8 roundings of room, 2^-24 each.
static void values(int32_t dtype) {
  double values[kSize], got[kSize];
  float floats[kSize];
  uint64_t seed = 3;
  for (int i = 0; i < kSize; ++i) floats[i] = (float)(values[i] = (float)(3 * next_value(&seed)));
  void* const memory = dtype == NORMA_F64 ? (void*)values : floats;
  void* const result = dtype == NORMA_F64 ? (void*)got : malloc(sizeof floats);
  norma_dyt_forward_args f = {.struct_size = sizeof f, .alpha = 0.75};
  f.x = const_rows(memory, dtype, kRows, kCols, kCols);
  f.y = mutable_rows(result, dtype, kRows, kCols, kCols);
  CHECK_OK(norma_dyt_forward(&f, NULL));
  const double room = dtype == NORMA_F64 ? 0x1p-50 : 0x1p-21;
  for (int i = 0; i < kSize; ++i) {
    const double x = dtype == NORMA_F64 ? values[i] : floats[i];
    const double y = dtype == NORMA_F64 ? got[i] : ((float*)result)[i];
    CHECK(fabs(y - tanh(0.75 * x)) <= room * fabs(y));
  }
  f.y.data = memory;
  CHECK_OK(norma_dyt_forward(&f, norma_serial_executor()));
  CHECK(memcmp(memory, result, dtype == NORMA_F64 ? sizeof got : sizeof floats) == 0);
  if (dtype != NORMA_F64) free(result);
}

static void errors(void) {
  float x[12] = {0}, y[12], dalpha;
  norma_dyt_forward_args f = {.struct_size = sizeof f, .alpha = 1};
  f.x = const_rows(x, NORMA_F32, 3, 4, 4);
  f.y = mutable_rows(y, NORMA_F32, 3, 4, 4);
  CHECK_OK(norma_dyt_forward(&f, NULL));
  CHECK_ERROR(norma_dyt_forward(NULL, NULL), NORMA_INVALID_ARGUMENT,
              "[dyt] args must not be null.");
  f.x.dtype = 9;
  CHECK_ERROR(norma_dyt_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[dyt] x must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has 9.");
  f.struct_size = 8;
  CHECK_ERROR(norma_dyt_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[dyt] struct_size must be the struct's sizeof, 144 here, but is 8.");
  norma_dyt_backward_args b = {.struct_size = sizeof b, .alpha = 1};
  b.x = b.dy = const_rows(x, NORMA_F32, 3, 4, 4);
  b.dalpha = &dalpha;
  size_t bytes = 0;
  CHECK_ERROR(norma_dyt_backward_workspace_size(&b, NULL, NULL), NORMA_INVALID_ARGUMENT,
              "[dyt_backward] bytes must not be null.");
  CHECK_OK(norma_dyt_backward_workspace_size(&b, NULL, &bytes));
  CHECK(bytes == 64);
  CHECK_ERROR(norma_dyt_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[dyt_backward] workspace must have 64 bytes but has 0: ask "
              "dyt_backward_workspace_size with the same executor.");
  norma_executor none = {NULL, NULL, NULL};
  CHECK_ERROR(norma_dyt_backward(&b, NULL, 0, &none), NORMA_INVALID_ARGUMENT,
              "[dyt_backward] executor->parallel_for must not be null.");
  b.struct_size = 40;
  CHECK_ERROR(norma_dyt_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[dyt_backward] struct_size must be the struct's sizeof, 216 here, but is 40.");
}

// A later header's longer struct is accepted where what is unknown here is zero.
static void longer_structs(void) {
  float x[2] = {0, 100}, y[2];
  struct {
    norma_dyt_forward_args known;
    int64_t later;
  } a;
  memset(&a, 0, sizeof a);
  a.known.struct_size = sizeof a, a.known.alpha = 1;
  a.known.x = const_rows(x, NORMA_F32, 1, 2, 2);
  a.known.y = mutable_rows(y, NORMA_F32, 1, 2, 2);
  CHECK_OK(norma_dyt_forward(&a.known, NULL));
  CHECK(y[0] == 0 && y[1] == 1);
  a.later = 1;
  CHECK(norma_dyt_forward(&a.known, NULL) == NORMA_UNSUPPORTED);
}

int main(void) {
  by_hand();
  derf_by_hand();
  values(NORMA_F32);
  values(NORMA_F64);
  errors();
  longer_structs();
  printf("%s: %d failures\n", norma_cpu_target(), failures);
  return failures != 0;
}
