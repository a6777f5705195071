// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// GroupNorm and InstanceNorm from C: arithmetic by hand, which is exact here, both layouts, in
// place, f64 against long double, and the rules that only the C side has.
#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

static norma_const_images const_images(const void* data, int32_t dtype, int32_t layout,
                                       int64_t samples, int64_t channels, int64_t positions) {
  const norma_const_images view = {data, samples, channels, positions, layout, dtype};
  return view;
}
static norma_images mutable_images(void* data, int32_t dtype, int32_t layout, int64_t samples,
                                   int64_t channels, int64_t positions) {
  const norma_images view = {data, samples, channels, positions, layout, dtype};
  return view;
}

static void forward(const norma_group_norm_forward_args* a, const norma_executor* executor) {
  size_t bytes = 0;
  CHECK_OK(norma_group_norm_forward_workspace_size(a, executor, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_group_norm_forward(a, aligned_64(workspace), bytes, executor));
  free(workspace);
}
static void backward(const norma_group_norm_backward_args* a, const norma_executor* executor) {
  size_t bytes = 0;
  CHECK_OK(norma_group_norm_backward_workspace_size(a, executor, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_group_norm_backward(a, aligned_64(workspace), bytes, executor));
  free(workspace);
}

// Two channels of two positions: of mean 3 and variance 1 together, and with eps 3 the root is 2.
static void by_hand(int32_t layout) {
  const float nchw[4] = {2, 4, 2, 4}, nhwc[4] = {2, 2, 4, 4};
  const float weight[2] = {1, 2}, bias[2] = {0.5f, -1};
  float y[4], hi[2], lo[2], rstd[2];
  norma_group_norm_forward_args f = {.struct_size = sizeof f, .eps = 3, .groups = 1};
  f.x = const_images(layout == NORMA_NCHW ? nchw : nhwc, NORMA_F32, layout, 1, 2, 2);
  f.y = mutable_images(y, NORMA_F32, layout, 1, 2, 2);
  f.weight = const_vector(weight, NORMA_F32, 2);
  f.bias = const_vector(bias, NORMA_F32, 2);
  f.mean_hi = hi, f.mean_lo = lo, f.rstd = rstd;
  forward(&f, NULL);
  const int second = layout == NORMA_NCHW ? 2 : 1;  // where channel 1, position 0 lies
  CHECK(y[0] == 0 && y[3 - second] == 1 && y[second] == -2 && y[3] == 0);
  CHECK(hi[0] == 3 && lo[0] == 0 && rstd[0] == 0.5f);

  // dy is 1 at channel 0, position 0: g = 1 0 0 0, xhat = -1/2 1/2 -1/2 1/2, a = 1/4, h = -1/8.
  const float dy[4] = {1, 0, 0, 0};
  float dx[4], dweight[2], dbias[2];
  norma_group_norm_backward_args b = {.struct_size = sizeof b, .groups = 1};
  b.x = f.x, b.weight = f.weight, b.mean_hi = hi, b.mean_lo = lo, b.rstd = rstd;
  b.dy = const_images(dy, NORMA_F32, layout, 1, 2, 2);
  b.dx = mutable_images(dx, NORMA_F32, layout, 1, 2, 2);
  b.dweight = mutable_vector(dweight, NORMA_F32, 2);
  b.dbias = mutable_vector(dbias, NORMA_F32, 2);
  backward(&b, norma_serial_executor());
  CHECK(dx[0] == 0.34375f && dx[3 - second] == -0.09375f);
  CHECK(dx[second] == -0.15625f && dx[3] == -0.09375f);
  CHECK(dweight[0] == -0.5f && dweight[1] == 0 && dbias[0] == 1 && dbias[1] == 0);

  // As many groups as channels: InstanceNorm. Each channel is 2 4.
  f.groups = 2;
  forward(&f, norma_serial_executor());
  CHECK(y[0] == 0 && y[3 - second] == 1 && y[second] == -2 && y[3] == 0 && hi[1] == 3);
}

// by_hand's numbers in bf16, which holds them, with parameters in bf16 and dbias in f32.
static void halves_by_hand(int32_t layout) {
  const int second = layout == NORMA_NCHW ? 2 : 1, third = 3 - second;
  uint16_t x[4], y[4], dy[4] = {bf16_of(1), 0, 0, 0}, dx[4], dweight[2];
  x[0] = x[second] = bf16_of(2), x[third] = x[3] = bf16_of(4);
  const uint16_t weight[2] = {bf16_of(1), bf16_of(2)}, bias[2] = {bf16_of(0.5f), bf16_of(-1)};
  float hi[2], lo[2], rstd[2], dbias[2];
  norma_group_norm_forward_args f = {.struct_size = sizeof f, .eps = 3, .groups = 1};
  f.x = const_images(x, NORMA_BF16, layout, 1, 2, 2);
  f.y = mutable_images(y, NORMA_BF16, layout, 1, 2, 2);
  f.weight = const_vector(weight, NORMA_BF16, 2), f.bias = const_vector(bias, NORMA_BF16, 2);
  f.mean_hi = hi, f.mean_lo = lo, f.rstd = rstd;
  forward(&f, NULL);
  CHECK(y[0] == 0 && y[third] == bf16_of(1) && y[second] == bf16_of(-2) && y[3] == 0);
  CHECK(hi[0] == 3 && lo[0] == 0 && rstd[0] == 0.5f);
  norma_group_norm_backward_args b = {.struct_size = sizeof b, .groups = 1};
  b.x = f.x, b.weight = f.weight, b.mean_hi = hi, b.mean_lo = lo, b.rstd = rstd;
  b.dy = const_images(dy, NORMA_BF16, layout, 1, 2, 2);
  b.dx = mutable_images(dx, NORMA_BF16, layout, 1, 2, 2);
  b.dweight = mutable_vector(dweight, NORMA_BF16, 2);
  b.dbias = mutable_vector(dbias, NORMA_F32, 2);
  backward(&b, NULL);
  CHECK(dx[0] == bf16_of(0.34375f) && dx[third] == bf16_of(-0.09375f));
  CHECK(dx[second] == bf16_of(-0.15625f) && dx[3] == bf16_of(-0.09375f));
  CHECK(dweight[0] == bf16_of(-0.5f) && dweight[1] == 0 && dbias[0] == 1 && dbias[1] == 0);
}

// In place, many samples, against what the same call gives beside its input.
static void in_place(void) {
  enum { kSamples = 9, kChannels = 12, kPositions = 30, kSize = kSamples * kChannels * kPositions };
  static float x[kSize], y[kSize], hi[kSamples * 4], lo[kSamples * 4], rstd[kSamples * 4];
  uint64_t seed = 5;
  for (int i = 0; i < kSize; ++i) x[i] = (float)next_value(&seed);
  for (int32_t layout = 0; layout < 2; ++layout) {
    norma_group_norm_forward_args f = {.struct_size = sizeof f, .eps = 1e-5, .groups = 4};
    f.x = const_images(x, NORMA_F32, layout, kSamples, kChannels, kPositions);
    f.y = mutable_images(y, NORMA_F32, layout, kSamples, kChannels, kPositions);
    f.mean_hi = hi, f.mean_lo = lo, f.rstd = rstd;
    forward(&f, NULL);
    float* copy = malloc(sizeof x);
    memcpy(copy, x, sizeof x);
    f.x.data = f.y.data = copy;
    forward(&f, NULL);
    CHECK(memcmp(copy, y, sizeof y) == 0);
    memcpy(copy, x, sizeof x);  // as dy
    static float dx[kSize];
    norma_group_norm_backward_args b = {.struct_size = sizeof b, .groups = 4};
    b.x = const_images(x, NORMA_F32, layout, kSamples, kChannels, kPositions);
    b.dy = const_images(copy, NORMA_F32, layout, kSamples, kChannels, kPositions);
    b.mean_hi = hi, b.mean_lo = lo, b.rstd = rstd;
    b.dx = mutable_images(dx, NORMA_F32, layout, kSamples, kChannels, kPositions);
    backward(&b, NULL);
    b.dx.data = copy;
    backward(&b, NULL);
    CHECK(memcmp(copy, dx, sizeof dx) == 0);
    free(copy);
  }
}

// f64, one group of each sample, against two centred passes in long double; 64 roundings of room.
static void doubles(void) {
  enum { kSamples = 3, kChannels = 4, kPositions = 7, kRow = kChannels * kPositions };
  double x[kSamples * kRow], y[kSamples * kRow];
  uint64_t seed = 9;
  for (int i = 0; i < kSamples * kRow; ++i) x[i] = next_value(&seed) + 3;
  norma_group_norm_forward_args f = {.struct_size = sizeof f, .eps = 1e-5, .groups = 1};
  f.x = const_images(x, NORMA_F64, NORMA_NCHW, kSamples, kChannels, kPositions);
  f.y = mutable_images(y, NORMA_F64, NORMA_NCHW, kSamples, kChannels, kPositions);
  forward(&f, NULL);
  for (int n = 0; n < kSamples; ++n) {
    long double mean = 0, var = 0;
    for (int i = 0; i < kRow; ++i) mean += x[n * kRow + i] / (long double)kRow;
    for (int i = 0; i < kRow; ++i) var += powl(x[n * kRow + i] - mean, 2) / kRow;
    for (int i = 0; i < kRow; ++i) {
      const long double want = (x[n * kRow + i] - mean) / sqrtl(var + 1e-5L);
      CHECK(fabsl(y[n * kRow + i] - want) <= 64 * 0x1p-53L * (1 + fabsl(want)));
    }
  }
}

static void errors(void) {
  float x[12] = {0}, y[12], weight[4] = {0};
  norma_group_norm_forward_args f = {.struct_size = sizeof f, .eps = 1e-5, .groups = 2};
  f.x = const_images(x, NORMA_F32, NORMA_NCHW, 1, 4, 3);
  f.y = mutable_images(y, NORMA_F32, NORMA_NCHW, 1, 4, 3);
  size_t bytes = 0;
  CHECK_OK(norma_group_norm_forward_workspace_size(&f, NULL, &bytes));
  CHECK(bytes == 0);
  CHECK_ERROR(norma_group_norm_forward_workspace_size(&f, NULL, NULL), NORMA_INVALID_ARGUMENT,
              "[group_norm] bytes must not be null.");
  CHECK_ERROR(norma_group_norm_forward(NULL, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[group_norm] args must not be null.");
  f.weight = const_vector(weight, NORMA_F32, 3);
  CHECK_ERROR(norma_group_norm_forward(&f, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[group_norm] weight must have channels=4 elements but has 3.");
  f.weight.size = 4, f.groups = 3;
  CHECK_ERROR(norma_group_norm_forward(&f, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[group_norm] groups must be >= 1 and divide channels=4 but is 3.");
  f.groups = 2, f.x.layout = 9;
  CHECK_ERROR(norma_group_norm_forward(&f, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[group_norm] x must have layout 0 (nchw) or 1 (nhwc) but has 9.");
  f.x.layout = f.y.layout = NORMA_NHWC;
  CHECK_ERROR(norma_group_norm_forward(&f, NULL, 0, norma_serial_executor()),
              NORMA_INVALID_ARGUMENT,
              "[group_norm] workspace must have 576 bytes but has 0: ask "
              "group_norm_forward_workspace_size with the same executor.");
  f.struct_size = 8;
  CHECK_ERROR(norma_group_norm_forward(&f, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[group_norm] struct_size must be the struct's sizeof, 176 here, but is 8.");
  norma_group_norm_backward_args b = {.struct_size = 40, .groups = 2};
  CHECK_ERROR(norma_group_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[group_norm_backward] struct_size must be the struct's sizeof, 232 here, but is "
              "40.");
}

// A later header's longer struct is accepted where what is unknown here is zero.
static void longer_structs(void) {
  float x[4] = {2, 4, 2, 4}, y[4];
  struct {
    norma_group_norm_forward_args known;
    int64_t later;
  } a;
  memset(&a, 0, sizeof a);
  a.known.struct_size = sizeof a, a.known.eps = 3, a.known.groups = 1;
  a.known.x = const_images(x, NORMA_F32, NORMA_NCHW, 1, 2, 2);
  a.known.y = mutable_images(y, NORMA_F32, NORMA_NCHW, 1, 2, 2);
  CHECK_OK(norma_group_norm_forward(&a.known, NULL, 0, NULL));
  CHECK(y[0] == -0.5f);
  a.later = 1;
  CHECK(norma_group_norm_forward(&a.known, NULL, 0, NULL) == NORMA_UNSUPPORTED);
}

int main(void) {
  by_hand(NORMA_NCHW);
  by_hand(NORMA_NHWC);
  halves_by_hand(NORMA_NCHW);
  halves_by_hand(NORMA_NHWC);
  in_place();
  doubles();
  errors();
  longer_structs();
  printf("%s: %d failures\n", norma_cpu_target(), failures);
  return failures != 0;
}
