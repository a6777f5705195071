// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Row norms with what follows them from C: values by hand and against two calls, and the rules that
// only the C side has.
#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

enum { kRows = 6, kCols = 4, kSize = kRows * kCols };

static float x[kSize], gate[kSize], y[kSize], z[kSize], rstd[kRows];

static norma_row_norm_forward_args rms_norm(float* to) {
  norma_row_norm_forward_args a = {.struct_size = sizeof a, .eps = 1e-5};
  a.x = const_rows(x, NORMA_F32, kRows, kCols, kCols);
  a.rstd = rstd;
  if (to != NULL) a.y = mutable_rows(to, NORMA_F32, kRows, kCols, kCols);
  return a;
}

// y is within 8 roundings of 2^-24 of the norm's y times silu by the C library.
static void gated_values(void) {
  const norma_row_norm_forward_args alone = rms_norm(z), within = rms_norm(y);
  CHECK_OK(norma_rms_norm_forward(&alone, NULL));
  norma_gated_norm_forward_args a = {.struct_size = sizeof a, .kind = NORMA_RMS_NORM};
  a.norm = &within, a.gate = const_rows(gate, NORMA_F32, kRows, kCols, kCols);
  CHECK_OK(norma_gated_norm_forward(&a, NULL));
  for (int i = 0; i < kSize; ++i) {
    const double want = z[i] * gate[i] / (1 + exp(-gate[i]));
    CHECK(fabs(y[i] - want) <= 0x1p-21 * fabs(want));
  }

  // Where the gate is 0, silu is 0 and its slope 1/2: dgate = dy * z / 2, and no gradient for x.
  float zeros[kSize] = {0}, dx[kSize], dgate[kSize], workspace[1024 + 16];
  norma_row_norm_backward_args norm = {.struct_size = sizeof norm, .eps = 1e-5, .rstd = rstd};
  norm.x = alone.x, norm.dy = const_rows(gate, NORMA_F32, kRows, kCols, kCols);
  norm.dx = mutable_rows(dx, NORMA_F32, kRows, kCols, kCols);
  norma_gated_norm_backward_args b = {.struct_size = sizeof b, .kind = NORMA_RMS_NORM};
  b.norm = &norm, b.gate = const_rows(zeros, NORMA_F32, kRows, kCols, kCols);
  b.dgate = mutable_rows(dgate, NORMA_F32, kRows, kCols, kCols);
  size_t bytes = 1;
  CHECK_OK(norma_gated_norm_backward_workspace_size(&b, NULL, &bytes));
  CHECK(bytes <= 4096);
  CHECK_OK(norma_gated_norm_backward(&b, aligned_64(workspace), bytes, NULL));
  for (int i = 0; i < kSize; ++i) CHECK(dx[i] == 0 && dgate[i] == gate[i] * z[i] / 2);
}

// A quarter turn takes (a, b) to (-b, a), and back; the norm's own pass is that of the turned dy.
static void rope_values(void) {
  const float cos[4] = {1, 1, 0, 0}, sin[4] = {0, 0, 1, 1};
  const int64_t positions[2] = {0, 1};
  const norma_row_norm_forward_args alone = rms_norm(z), within = rms_norm(y);
  CHECK_OK(norma_rms_norm_forward(&alone, NULL));
  norma_rope_norm_forward_args a = {.struct_size = sizeof a, .kind = NORMA_RMS_NORM};
  a.norm = &within;
  a.rope.cos = const_rows(cos, NORMA_F32, 2, 2, 2);
  a.rope.sin = const_rows(sin, NORMA_F32, 2, 2, 2);
  a.rope.positions = positions, a.rope.position_count = 2, a.rope.rows_per_position = 1;
  for (int32_t pairs = 0; pairs < 2; ++pairs) {
    a.rope.pairs = pairs;
    CHECK_OK(norma_rope_norm_forward(&a, NULL));
    for (int r = 0; r < kRows; ++r) {
      const float *from = z + r * kCols, *to = y + r * kCols;
      const int b = pairs == NORMA_ROPE_HALVES ? 2 : 1, next = pairs == NORMA_ROPE_HALVES ? 1 : 2;
      for (int k = 0; k < 2; ++k) {
        const float first = from[k * next], second = from[k * next + b];
        CHECK(to[k * next] == (r % 2 ? -second : first));
        CHECK(to[k * next + b] == (r % 2 ? first : second));
      }
    }
  }
  float dx[kSize], want[kSize];
  norma_row_norm_backward_args norm = {.struct_size = sizeof norm, .rstd = rstd};
  norm.x = alone.x, norm.dy = const_rows(y, NORMA_F32, kRows, kCols, kCols);
  norm.dx = mutable_rows(dx, NORMA_F32, kRows, kCols, kCols);
  norma_rope_norm_backward_args b = {.struct_size = sizeof b, .kind = NORMA_RMS_NORM};
  b.norm = &norm, b.rope = a.rope;
  size_t bytes = 1;
  CHECK_OK(norma_rope_norm_backward_workspace_size(&b, NULL, &bytes));
  CHECK(bytes == 0);
  CHECK_OK(norma_rope_norm_backward(&b, NULL, 0, NULL));
  // y is z turned, and turned back z itself.
  norma_row_norm_backward_args unturned = norm;
  unturned.dy = const_rows(z, NORMA_F32, kRows, kCols, kCols), unturned.dx.data = want;
  CHECK_OK(norma_rms_norm_backward(&unturned, NULL, 0, NULL));
  for (int i = 0; i < kSize; ++i) CHECK(dx[i] == want[i]);
}

static void quantized_values(void) {
  norma_row_norm_forward_args norm = rms_norm(NULL);
  const norma_row_norm_forward_args alone = rms_norm(z);
  CHECK_OK(norma_rms_norm_forward(&alone, NULL));
  int8_t q[kSize];
  float scale[kRows], workspace[64 + 16];
  norma_quantized_norm_forward_args a = {.struct_size = sizeof a, .kind = NORMA_RMS_NORM};
  a.norm = &norm, a.q = q, a.q_stride = kCols, a.scale = scale;
  size_t bytes = 0;
  CHECK_OK(norma_quantized_norm_forward_workspace_size(&a, norma_serial_executor(), &bytes));
  CHECK(bytes > 0 && bytes <= 256);
  CHECK_OK(norma_quantized_norm_forward(&a, aligned_64(workspace), bytes, norma_serial_executor()));
  for (int r = 0; r < kRows; ++r) {
    int largest = 0;
    for (int i = r * kCols; i < (r + 1) * kCols; ++i) {
      CHECK(fabsf(q[i] * scale[r] - z[i]) <= 0.5001f * scale[r]);
      if (abs(q[i]) > largest) largest = abs(q[i]);
    }
    CHECK(largest == 127);
  }
  CHECK_ERROR(norma_quantized_norm_forward(&a, NULL, 0, norma_serial_executor()),
              NORMA_INVALID_ARGUMENT,
              "[quantized_norm] workspace must have 128 bytes but has 0: ask "
              "quantized_norm_forward_workspace_size with the same executor.");
}

static void errors(void) {
  const norma_row_norm_forward_args within = rms_norm(y);
  norma_gated_norm_forward_args a = {.struct_size = sizeof a, .kind = NORMA_RMS_NORM};
  a.gate = const_rows(gate, NORMA_F32, kRows, kCols, kCols);
  CHECK_ERROR(norma_gated_norm_forward(NULL, NULL), NORMA_INVALID_ARGUMENT,
              "[gated_norm] args must not be null.");
  CHECK_ERROR(norma_gated_norm_forward(&a, NULL), NORMA_INVALID_ARGUMENT,
              "[gated_norm] norm must not be null.");
  a.norm = &within, a.kind = 4;
  CHECK_ERROR(norma_gated_norm_forward(&a, NULL), NORMA_INVALID_ARGUMENT,
              "[gated_norm] kind must be 0 (layer_norm), 1 (rms_norm), 2 (l2_norm) or 3 "
              "(crms_norm) but is 4.");
  a.kind = NORMA_RMS_NORM, a.struct_size = 8;
  CHECK_ERROR(norma_gated_norm_forward(&a, NULL), NORMA_INVALID_ARGUMENT,
              "[gated_norm] struct_size must be the struct's sizeof, 64 here, but is 8.");
  norma_row_norm_forward_args broken = within;
  broken.struct_size = 8, a.struct_size = sizeof a, a.norm = &broken;
  CHECK_ERROR(norma_gated_norm_forward(&a, NULL), NORMA_INVALID_ARGUMENT,
              "[rms_norm] struct_size must be the struct's sizeof, 280 here, but is 8.");
  norma_rope_norm_backward_args b = {.struct_size = sizeof b};
  CHECK_ERROR(norma_rope_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[rope_norm_backward] norm must not be null.");
  norma_quantized_norm_forward_args q = {.struct_size = sizeof q, .kind = -1};
  CHECK_ERROR(norma_quantized_norm_forward(&q, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[quantized_norm] kind must be 0 (layer_norm), 1 (rms_norm), 2 (l2_norm) or 3 "
              "(crms_norm) but is -1.");
}

int main(void) {
  uint64_t seed = 5;
  for (int i = 0; i < kSize; ++i) {
    x[i] = (float)next_value(&seed), gate[i] = (float)(3 * next_value(&seed));
  }
  gated_values();
  rope_values();
  quantized_values();
  errors();
  printf("%s: %d failures\n", norma_cpu_target(), failures);
  return failures != 0;
}
