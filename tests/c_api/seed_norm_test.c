// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm from C: by hand where tanh is 0 or 1, and the rules that only the C side has.
#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

// Rows whose root of mean squares is 1, so that eps 0 gives xhat = x.
static const float x[8] = {1, -1, -1, 1, 1, 1, 1, 1};
static const float alpha[4] = {2, 3, 4, 5}, gamma_of[4] = {1, 1, 2, 2};

static void by_hand(void) {
  // The dot of the first row is 0, of the second 80.
  const float beta[4] = {20, 20, 20, 20}, dy[8] = {1, 2, 3, 4, 1, 0, 0, 0};
  float y[8], dot[2], rstd[2];
  norma_seed_norm_forward_args f = {.struct_size = sizeof f};
  f.x = const_rows(x, NORMA_F32, 2, 4, 4), f.y = mutable_rows(y, NORMA_F32, 2, 4, 4);
  f.alpha = const_vector(alpha, NORMA_F32, 4), f.beta = const_vector(beta, NORMA_F32, 4);
  f.gamma = const_vector(gamma_of, NORMA_F32, 4), f.dot = dot, f.rstd = rstd;
  CHECK_OK(norma_seed_norm_forward(&f, NULL));
  CHECK(dot[0] == 0 && dot[1] == 80 && rstd[0] == 1 && rstd[1] == 1);
  for (int i = 0; i < 4; ++i) {
    CHECK(y[i] == gamma_of[i] * x[i] && y[4 + i] == alpha[i] + gamma_of[i]);
  }

  // In the first row 1 - tanh^2 is 1: e = sum(dy * x * alpha) = 2 - 6 - 12 + 20 = 4, and
  // w = dy * gamma = 1, 2, 6, 8 of which sum(w * x) / 4 = (1 - 2 - 6 + 8) / 4 is along x. In the
  // second it is 0: w = 3, 0, 0, 0, and what is along x is 3 / 4.
  float dx[8], dalpha[4], dbeta[4], dgamma[4], workspace[4096 + 16];
  norma_seed_norm_backward_args b = {.struct_size = sizeof b};
  b.x = f.x, b.dy = const_rows(dy, NORMA_F32, 2, 4, 4), b.dx = mutable_rows(dx, NORMA_F32, 2, 4, 4);
  b.alpha = f.alpha, b.beta = f.beta, b.gamma = f.gamma, b.dot = dot, b.rstd = rstd;
  b.dalpha = mutable_vector(dalpha, NORMA_F32, 4), b.dbeta = mutable_vector(dbeta, NORMA_F32, 4);
  b.dgamma = mutable_vector(dgamma, NORMA_F32, 4);
  size_t bytes = 0;
  CHECK_OK(norma_seed_norm_backward_workspace_size(&b, NULL, &bytes));
  CHECK(bytes <= 4 * 4096);
  CHECK_OK(norma_seed_norm_backward(&b, aligned_64(workspace), bytes, NULL));
  const float w[8] = {1, 2, 6, 8, 3, 0, 0, 0}, along[2] = {0.25f, 0.75f}, e[2] = {4, 0};
  for (int i = 0; i < 8; ++i) CHECK(dx[i] == w[i] - x[i] * along[i / 4] + e[i / 4] * 20);
  for (int i = 0; i < 4; ++i) {
    CHECK(dalpha[i] == dy[4 + i] * x[4 + i]);
    CHECK(dgamma[i] == dy[i] * x[i] + dy[4 + i] * x[4 + i]);
    CHECK(dbeta[i] == 4 * x[i]);
  }
}

static void errors(void) {
  float y[8];
  norma_seed_norm_forward_args f = {.struct_size = sizeof f, .eps = 1e-6};
  f.x = const_rows(x, NORMA_F32, 2, 4, 4), f.y = mutable_rows(y, NORMA_F32, 2, 4, 4);
  CHECK_ERROR(norma_seed_norm_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[seed_norm] alpha must not be null.");
  f.struct_size = 8;
  CHECK_ERROR(norma_seed_norm_forward(&f, NULL), NORMA_INVALID_ARGUMENT,
              "[seed_norm] struct_size must be the struct's sizeof, 184 here, but is 8.");
  norma_seed_norm_backward_args b = {.struct_size = 8};
  CHECK_ERROR(norma_seed_norm_backward(&b, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[seed_norm_backward] struct_size must be the struct's sizeof, 288 here, but is 8.");
  CHECK_ERROR(norma_seed_norm_backward(NULL, NULL, 0, NULL), NORMA_INVALID_ARGUMENT,
              "[seed_norm_backward] args must not be null.");
}

int main(void) {
  by_hand();
  errors();
  printf("%s: %d failures\n", norma_cpu_target(), failures);
  return failures != 0;
}
