// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the C interface computes: against arithmetic by hand, which is exact here, and against two
// centred passes in long double, within the bounds that the contract norma-1 promises (section 8).
#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

static void hand_forward(void) {
  // Mean 3, variance 1; with eps 3 the root is 2.
  const float x[4] = {2, 4, 2, 4}, weight[4] = {1, 2, 3, 4}, bias[4] = {0.5f, 0, -1, 8};
  float y[4], hi, lo, rstd;
  norma_row_norm_forward_args a = {.struct_size = sizeof a, .eps = 3};
  a.x = const_rows(x, NORMA_F32, 1, 4, 4);
  a.y = mutable_rows(y, NORMA_F32, 1, 4, 4);
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  CHECK(y[0] == -0.5f && y[1] == 0.5f && y[2] == -0.5f && y[3] == 0.5f);
  a.weight = const_vector(weight, NORMA_F32, 4);
  a.bias = const_vector(bias, NORMA_F32, 4);
  a.mean_hi = &hi, a.mean_lo = &lo, a.rstd = &rstd;
  CHECK_OK(norma_layer_norm_forward(&a, NULL));
  CHECK(y[0] == 0 && y[1] == 1 && y[2] == -2.5f && y[3] == 10);
  CHECK(hi == 3 && lo == 0 && rstd == 0.5f);

  // Mean square 4.
  const float z[4] = {2, -2, 2, -2};
  a = (norma_row_norm_forward_args){.struct_size = sizeof a, .eps = 0};
  a.x = const_rows(z, NORMA_F32, 1, 4, 4);
  a.y = mutable_rows(y, NORMA_F32, 1, 4, 4);
  a.weight = const_vector(weight, NORMA_F32, 4);
  a.rstd = &rstd;
  CHECK_OK(norma_rms_norm_forward(&a, NULL));
  CHECK(y[0] == 1 && y[1] == -2 && y[2] == 3 && y[3] == -4 && rstd == 0.5f);

  // The root 2 beside 6, and below it; then of the first two columns alone.
  a.eps = 6, a.eps_mode = NORMA_EPS_OUTSIDE;
  CHECK_OK(norma_rms_norm_forward(&a, NULL));
  CHECK(y[0] == 0.25f && y[3] == -1 && rstd == 0.125f);
  a.eps = 8, a.eps_mode = NORMA_EPS_CLAMP;
  CHECK_OK(norma_rms_norm_forward(&a, NULL));
  CHECK(y[0] == 0.25f && y[3] == -1 && rstd == 0.125f);
  const float part[4] = {2, -2, 16, -64};
  a.x.data = part, a.eps = 0, a.eps_mode = NORMA_EPS_INSIDE, a.statistic_cols = 2;
  CHECK_OK(norma_rms_norm_forward(&a, NULL));
  CHECK(y[0] == 1 && y[1] == -2 && y[2] == 24 && y[3] == -128 && rstd == 0.5f);

  // The length of z is 4. ScaleNorm's 8 for all columns; a length below eps.
  const float scale = 8;
  a = (norma_row_norm_forward_args){.struct_size = sizeof a, .eps = 1e-5};
  a.x = const_rows(z, NORMA_F32, 1, 4, 4);
  a.y = mutable_rows(y, NORMA_F32, 1, 4, 4);
  a.weight = const_vector(&scale, NORMA_F32, 1);
  a.rstd = &rstd;
  CHECK_OK(norma_l2_norm_forward(&a, NULL));
  CHECK(y[0] == 4 && y[1] == -4 && y[2] == 4 && y[3] == -4 && rstd == 0.25f);
  a.eps = 8;
  CHECK_OK(norma_l2_norm_forward(&a, NULL));
  CHECK(y[0] == 2 && y[1] == -2 && y[2] == 2 && y[3] == -2 && rstd == 0.125f);

  // With -2, which is not stored, the squares of 4 -2 0 add up to 24 and their mean is 6.
  const float most[3] = {4, -2, 0};
  a = (norma_row_norm_forward_args){.struct_size = sizeof a, .eps = 10};
  a.x = const_rows(most, NORMA_F32, 1, 3, 3);
  a.y = mutable_rows(y, NORMA_F32, 1, 3, 3);
  a.mean_hi = &hi, a.rstd = &rstd;
  CHECK_OK(norma_crms_norm_forward(&a, NULL));
  CHECK(y[0] == 1 && y[1] == -0.5f && y[2] == 0 && rstd == 0.25f && hi == 0.5f);
}

static void hand_backward(void) {
  const float x[4] = {2, 4, 2, 4}, z[4] = {2, -2, 2, -2}, dy[4] = {1, 0, 0, 0};
  const float hi = 3, lo = 0, rstd = 1, half = 0.5f;
  float dx[4], dweight[4], dbias[4];
  norma_row_norm_backward_args a = {.struct_size = sizeof a};
  a.x = const_rows(x, NORMA_F32, 1, 4, 4);
  a.dy = const_rows(dy, NORMA_F32, 1, 4, 4);
  a.mean_hi = &hi, a.mean_lo = &lo, a.rstd = &rstd;
  a.dx = mutable_rows(dx, NORMA_F32, 1, 4, 4);
  a.dweight = mutable_vector(dweight, NORMA_F32, 4);
  a.dbias = mutable_vector(dbias, NORMA_F32, 4);
  size_t bytes;
  CHECK_OK(norma_layer_norm_backward_workspace_size(&a, norma_serial_executor(), &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(norma_layer_norm_backward(&a, aligned_64(workspace), bytes, norma_serial_executor()));
  // xhat = -1 1 -1 1, mean of dy 1/4, mean of dy * xhat -1/4.
  CHECK(dx[0] == 0.5f && dx[1] == 0 && dx[2] == -0.5f && dx[3] == 0);
  CHECK(dweight[0] == -1 && dweight[1] == 0 && dbias[0] == 1 && dbias[3] == 0);
  free(workspace);

  a.x = const_rows(z, NORMA_F32, 1, 4, 4);
  a.mean_hi = a.mean_lo = NULL, a.rstd = &half;
  CHECK_OK(norma_rms_norm_backward_workspace_size(&a, norma_serial_executor(), &bytes));
  workspace = malloc(bytes + 64);
  CHECK_OK(norma_rms_norm_backward(&a, aligned_64(workspace), bytes, norma_serial_executor()));
  CHECK(dx[0] == 0.375f && dx[1] == 0.125f && dx[2] == -0.125f && dx[3] == 0.125f);
  CHECK(dweight[0] == 1 && dbias[0] == 1);
  free(workspace);
}

// One problem of rows x cols elements, f32 or f64.
struct problem {
  int is_f32, is_rms;
  int64_t rows, cols;
  void *x, *dy, *weight, *bias, *y, *dx, *dweight, *dbias, *hi, *lo, *rstd;
};

static double get(const struct problem* p, const void* data, int64_t i) {
  return p->is_f32 ? (double)((const float*)data)[i] : ((const double*)data)[i];
}
static void* make(const struct problem* p, int64_t n, uint64_t* seed, double scale, double shift) {
  void* data = malloc((size_t)(n + 1) * 8);
  for (int64_t i = 0; i < n; ++i) {
    const double value = scale * next_value(seed) + shift;
    if (p->is_f32) ((float*)data)[i] = (float)value;
    else ((double*)data)[i] = value;
  }
  return data;
}

static void run(const struct problem* p) {
  const int32_t dtype = p->is_f32 ? NORMA_F32 : NORMA_F64;
  const int64_t m = p->rows, n = p->cols;
  norma_row_norm_forward_args f = {.struct_size = sizeof f, .eps = 1e-5};
  f.x = const_rows(p->x, dtype, m, n, n);
  f.weight = const_vector(p->weight, dtype, n);
  f.bias = const_vector(p->bias, dtype, n);
  f.y = mutable_rows(p->y, dtype, m, n, n);
  f.mean_hi = p->is_rms ? NULL : p->hi, f.mean_lo = p->is_rms ? NULL : p->lo, f.rstd = p->rstd;
  CHECK_OK(p->is_rms ? norma_rms_norm_forward(&f, NULL) : norma_layer_norm_forward(&f, NULL));
  norma_row_norm_backward_args b = {.struct_size = sizeof b};
  b.x = f.x, b.weight = f.weight;
  b.mean_hi = f.mean_hi, b.mean_lo = f.mean_lo, b.rstd = f.rstd;
  b.dy = const_rows(p->dy, dtype, m, n, n);
  b.dx = mutable_rows(p->dx, dtype, m, n, n);
  b.dweight = mutable_vector(p->dweight, dtype, n);
  b.dbias = mutable_vector(p->dbias, dtype, n);
  size_t bytes = 0;
  CHECK_OK(p->is_rms ? norma_rms_norm_backward_workspace_size(&b, NULL, &bytes)
                     : norma_layer_norm_backward_workspace_size(&b, NULL, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(p->is_rms ? norma_rms_norm_backward(&b, aligned_64(workspace), bytes, NULL)
                     : norma_layer_norm_backward(&b, aligned_64(workspace), bytes, NULL));
  free(workspace);
}

// The truth is worked in long double. The bounds are those for f32; for f64 the contract promises
// none, but its formulas are the same with 29 bits more.
static void compare(const struct problem* p) {
  const double unit = p->is_f32 ? 1 : 0x1p-29;
  const int64_t m = p->rows, n = p->cols;
  long double* dweight = calloc((size_t)n * 3, sizeof *dweight);
  long double *dbias = dweight + n, *scale = dweight + 2 * n;
  for (int64_t r = 0; r < m; ++r) {
    long double mean = 0, var = 0, G = 0, H = 0, magnitude = 0;
    for (int64_t i = 0; i < n && !p->is_rms; ++i) mean += get(p, p->x, r * n + i) / (long double)n;
    for (int64_t i = 0; i < n; ++i) var += powl(get(p, p->x, r * n + i) - mean, 2) / (long double)n;
    const long double rstd = 1 / sqrtl(var + 1e-5L);
    CHECK(fabsl(get(p, p->rstd, r) - rstd) <= unit * 0x1p-20 * rstd);
    if (!p->is_rms) {
      CHECK(fabsl(get(p, p->hi, r) + get(p, p->lo, r) - mean) <= unit * 0x1p-20 / rstd);
    }
    for (int64_t i = 0; i < n; ++i) {
      const long double xhat = (get(p, p->x, r * n + i) - mean) * rstd;
      const long double g = get(p, p->dy, r * n + i) * get(p, p->weight, i);
      G += p->is_rms ? 0 : g / (long double)n;
      H += g * xhat / (long double)n;
      magnitude += fabsl(g) * (1 + fabsl(xhat)) / (long double)n;
    }
    for (int64_t i = 0; i < n; ++i) {
      const long double xhat = (get(p, p->x, r * n + i) - mean) * rstd;
      const long double w = get(p, p->weight, i), b = get(p, p->bias, i);
      const long double dy = get(p, p->dy, r * n + i);
      const long double y = xhat * w + b, dx = (dy * w - G - xhat * H) * rstd;
      const long double y_bound =
          0x1p-17 * (fabsl(w) * (1 + fabsl(xhat)) + fabsl(b)) + 0x1p-24 * fabsl(y);
      CHECK(fabsl(get(p, p->y, r * n + i) - y) <= unit * y_bound);
      const long double dx_bound = 0x1p-15 * rstd * (fabsl(dy * w) + (1 + fabsl(xhat)) * magnitude);
      CHECK(fabsl(get(p, p->dx, r * n + i) - dx) <= unit * dx_bound);
      dweight[i] += dy * xhat;
      dbias[i] += dy;
      scale[i] += fabsl(dy) * (1 + fabsl(xhat));
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    CHECK(fabsl(get(p, p->dweight, i) - dweight[i]) <= unit * 0x1p-17 * scale[i]);
    CHECK(fabsl(get(p, p->dbias, i) - dbias[i]) <= unit * 0x1p-19 * scale[i]);
  }
  free(dweight);
}

static void against_the_truth(void) {
  const int64_t all_rows[] = {1, 2, 33}, all_cols[] = {1, 7, 64, 300, 1025};
  uint64_t seed = 1;
  for (int k = 0; k < 4 * 3 * 5; ++k) {
    struct problem p = {.is_f32 = k % 2, .is_rms = k / 2 % 2};
    p.rows = all_rows[k / 4 % 3], p.cols = all_cols[k / 12];
    const int64_t size = p.rows * p.cols;
    p.x = make(&p, size, &seed, 1, 3), p.dy = make(&p, size, &seed, 1, 0);
    p.weight = make(&p, p.cols, &seed, 1, 1), p.bias = make(&p, p.cols, &seed, 1, 0);
    p.y = make(&p, size, &seed, 0, 99), p.dx = make(&p, size, &seed, 0, 99);
    p.dweight = make(&p, p.cols, &seed, 0, 99), p.dbias = make(&p, p.cols, &seed, 0, 99);
    p.hi = make(&p, p.rows, &seed, 0, 99), p.lo = make(&p, p.rows, &seed, 0, 99);
    p.rstd = make(&p, p.rows, &seed, 0, 99);
    run(&p);
    compare(&p);
    void* all[] = {p.x, p.dy, p.weight, p.bias, p.y, p.dx, p.dweight, p.dbias, p.hi, p.lo, p.rstd};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) free(all[i]);
  }
}

int main(void) {
  hand_forward();
  hand_backward();
  against_the_truth();
  printf("%s, norma %s: %d failures\n", norma_cpu_target(), norma_version(), failures);
  return failures != 0;
}
