// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a user of libnorma writes first.
#include <norma/norma.h>
#include <stdio.h>

int main(void) {
  const float x[4] = {2, -2, 2, -2};
  float y[4];
  norma_row_norm_forward_args args = {.struct_size = sizeof args, .eps = 0};
  args.x = (norma_const_rows){.data = x, .rows = 1, .cols = 4, .stride = 4};
  args.y = (norma_rows){.data = y, .rows = 1, .cols = 4, .stride = 4};
  if (norma_rms_norm_forward(&args, NULL) != NORMA_OK) return puts(norma_last_error()), 1;
  printf("%g %g %g %g\n", y[0], y[1], y[2], y[3]);
  return !(y[0] == 1 && y[1] == -1);
}
