// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The numbered conventions of norma.h, one function each.
#include <stdlib.h>

#include "tests/c_api/check.h"

enum { kRows = 37, kCols = 19 };

static float x[kRows * kCols], y[kRows * kCols], expected[kRows * kCols];

static norma_row_norm_forward_args dense(void) {
  norma_row_norm_forward_args a = {.struct_size = sizeof a, .eps = 1e-5};
  a.x = const_rows(x, NORMA_F32, kRows, kCols, kCols);
  a.y = mutable_rows(y, NORMA_F32, kRows, kCols, kCols);
  return a;
}

static void fill(void) {
  uint64_t seed = 7;
  for (int i = 0; i < kRows * kCols; ++i) x[i] = (float)next_value(&seed);
  norma_row_norm_forward_args a = dense();
  a.y.data = expected;
  CHECK_OK(norma_layer_norm_forward(&a, norma_serial_executor()));
}

// (3) The executor that is passed does the work, and the bits are the same.
struct counting {
  int calls;
  int64_t items;
};
static void pieces_backwards(void* self, int64_t count, int64_t grain, norma_body body,
                             void* context) {
  struct counting* counting = self;
  ++counting->calls;
  counting->items += count;
  const int64_t length = grain < 1 ? 1 : grain;
  for (int64_t begin = (count - 1) / length * length; begin >= 0; begin -= length) {
    body(context, begin, begin + length < count ? begin + length : count);
  }
}
static int says_many(void* self) { return ((struct counting*)self)->calls >= 0 ? 7 : 0; }
static int says_none(void* self) { return ((struct counting*)self)->calls >= 0 ? -3 : 0; }

static void threads(void) {
  struct counting counting = {0, 0};
  norma_executor executor = {pieces_backwards, says_many, &counting};
  norma_row_norm_forward_args a = dense();
  CHECK_OK(norma_layer_norm_forward(&a, &executor));
  CHECK(memcmp(y, expected, sizeof y) == 0);
  executor.threads = says_none;
  memset(y, 0, sizeof y);
  CHECK_OK(norma_layer_norm_forward(&a, &executor));
  CHECK(memcmp(y, expected, sizeof y) == 0);
  memset(y, 0, sizeof y);
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  CHECK(memcmp(y, expected, sizeof y) == 0);
  CHECK(norma_serial_executor()->threads(norma_serial_executor()->self) == 1);
}

// (4) Strides, alignment, no elements.
static void rows(void) {
  enum { kWide = kCols + 5 };
  static float wide_x[kRows * kWide + 1], wide_y[kRows * kWide + 1];
  for (int i = 0; i < kRows * kWide + 1; ++i) wide_x[i] = wide_y[i] = -77;
  for (int r = 0; r < kRows; ++r) {
    memcpy(wide_x + 1 + r * kWide, x + r * kCols, kCols * sizeof *x);
  }
  norma_row_norm_forward_args a = dense();
  a.x = const_rows(wide_x + 1, NORMA_F32, kRows, kCols, kWide);
  a.y = mutable_rows(wide_y + 1, NORMA_F32, kRows, kCols, kWide);
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  for (int r = 0; r < kRows; ++r) {
    CHECK(memcmp(wide_y + 1 + r * kWide, expected + r * kCols, kCols * sizeof *x) == 0);
    for (int i = kCols; i < kWide && r + 1 < kRows; ++i) CHECK(wide_y[1 + r * kWide + i] == -77);
  }
  CHECK(wide_y[0] == -77);

  // Last row first, into rows that lie in their order.
  a = dense();
  a.x.data = x + (kRows - 1) * kCols;
  a.x.stride = -kCols;
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  for (int r = 0; r < kRows; ++r) {
    CHECK(memcmp(y + r * kCols, expected + (kRows - 1 - r) * kCols, kCols * sizeof *x) == 0);
  }
  // One row again and again.
  a = dense();
  a.x.stride = 0;
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  for (int r = 0; r < kRows; ++r) CHECK(memcmp(y + r * kCols, expected, kCols * sizeof *x) == 0);

  a = dense();
  a.x = const_rows(NULL, NORMA_F32, 0, kCols, kCols);
  a.y = mutable_rows(NULL, NORMA_F32, 0, kCols, kCols);
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  a.x = const_rows(NULL, NORMA_F32, kRows, 0, 0);
  a.y = mutable_rows(NULL, NORMA_F32, kRows, 0, 0);
  CHECK_OK(norma_rms_norm_forward(&a, NULL));
}

// (5) What is absent does not happen: a weight of ones and a bias of -0 change no bit.
static void absent(void) {
  float ones[kCols], zeros[kCols];
  for (int i = 0; i < kCols; ++i) ones[i] = 1, zeros[i] = -0.0f;
  norma_row_norm_forward_args a = dense();
  a.weight = const_vector(ones, NORMA_F32, kCols);
  a.bias = const_vector(zeros, NORMA_F32, kCols);
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  CHECK(memcmp(y, expected, sizeof y) == 0);
}

// (6) y may be x, dx may be dy.
static void in_place(void) {
  memcpy(y, x, sizeof y);
  norma_row_norm_forward_args a = dense();
  a.x.data = y;
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  CHECK(memcmp(y, expected, sizeof y) == 0);

  static float rstd[kRows], dy[kRows * kCols], dx[kRows * kCols];
  a = dense();
  a.rstd = rstd;
  CHECK_OK(norma_rms_norm_forward(&a, NULL));
  memcpy(dy, x + 1, sizeof dy - sizeof *dy);
  norma_row_norm_backward_args b = {.struct_size = sizeof b, .x = a.x, .rstd = rstd};
  b.dy = const_rows(dy, NORMA_F32, kRows, kCols, kCols);
  b.dx = mutable_rows(dx, NORMA_F32, kRows, kCols, kCols);
  size_t bytes = 0;
  CHECK_OK(norma_rms_norm_backward_workspace_size(&b, NULL, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_rms_norm_backward(&b, aligned_64(workspace), bytes, NULL));
  b.dx.data = dy;
  CHECK_OK(norma_rms_norm_backward(&b, aligned_64(workspace), bytes, NULL));
  CHECK(memcmp(dx, dy, sizeof dx) == 0);
  free(workspace);
}

// (8) Structs of other headers: an older one is shorter than what we know, a newer one longer.
static void growth(void) {
  CHECK(sizeof(norma_const_rows) == 40 && sizeof(norma_rows) == 40);
  CHECK(sizeof(norma_const_vector) == 24 && sizeof(norma_vector) == 24);
  CHECK(sizeof(norma_executor) == 24);
  CHECK(offsetof(norma_row_norm_forward_args, eps) == 8);
  CHECK(offsetof(norma_row_norm_forward_args, x) == 16);
  CHECK(offsetof(norma_row_norm_forward_args, y) == 104);
  CHECK(offsetof(norma_row_norm_forward_args, rstd) == 160);
  CHECK(offsetof(norma_row_norm_backward_args, dy) == 48);
  CHECK(offsetof(norma_row_norm_backward_args, rstd) == 128);
  CHECK(offsetof(norma_row_norm_backward_args, dbias) == 200);

  struct {
    norma_row_norm_forward_args known;
    int64_t later[3];
  } newer = {.known = dense()};
  newer.known.struct_size = sizeof newer;
  memset(y, 0, sizeof y);
  CHECK_OK(norma_layer_norm_forward(&newer.known, NULL));
  CHECK(memcmp(y, expected, sizeof y) == 0);
  newer.later[1] = 1;
  CHECK_ERROR(norma_layer_norm_forward(&newer.known, NULL), NORMA_UNSUPPORTED,
              "[layer_norm] args uses a field that norma 0.1.0 does not know: leave it zero, or "
              "load a newer library.");
  CHECK(strcmp(norma_version(), "0.1.0") == 0 && norma_abi_version() == NORMA_ABI_VERSION);
}

static void explain(void) {
  char text[4096], shorter[12];
  size_t length = 0, again = 0;
  norma_row_norm_forward_args a = dense();
  CHECK_OK(norma_layer_norm_forward_explain(&a, text, sizeof text, &length));
  CHECK(length > 20 && strlen(text) == length);
  CHECK(strncmp(text, "layer_norm forward f32 [37, 19]: ", 33) == 0);
  CHECK_OK(norma_layer_norm_forward_explain(&a, shorter, sizeof shorter, &again));
  CHECK(strcmp(shorter, "layer_norm ") == 0 && again == length);
  CHECK_OK(norma_rms_norm_forward_explain(&a, NULL, 0, &again));
  CHECK_OK(norma_rms_norm_forward_explain(&a, text, sizeof text, NULL));
  a.y.rows = 1;
  CHECK_OK(norma_rms_norm_forward_explain(&a, text, sizeof text, NULL));
  CHECK(strstr(text, "refused: [rms_norm] y must have the shape of x") != NULL);
  norma_row_norm_backward_args b = {.struct_size = sizeof b, .x = a.x, .dy = a.x};
  CHECK_OK(norma_layer_norm_backward_explain(&b, text, sizeof text, NULL));
  CHECK(strncmp(text, "layer_norm backward f32 [37, 19]: ", 34) == 0);
  CHECK_OK(norma_rms_norm_backward_explain(&b, text, sizeof text, NULL));
  CHECK(strncmp(text, "rms_norm backward f32 [37, 19]: ", 32) == 0);
}

int main(void) {
  CHECK(strcmp(norma_last_error(), "") == 0);
  fill();
  threads();
  rows();
  absent();
  in_place();
  growth();
  explain();
  printf("%d failures\n", failures);
  return failures != 0;
}
