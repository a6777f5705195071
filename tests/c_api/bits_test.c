// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// bits_test: prints a hash of every output over many problems.
// bits_test FILE: compares them with those in FILE, which are the same for every machine.
//
// The problems are made of exact arithmetic alone, and walk over lengths around the leaf of 8, the
// chunk of 256 and the block of 1024, rows around the column block of 32, and rows that the guard
// of the contract norma-1 sends to its f64 pass: far too small, far too large, far from zero,
// constant.
#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

enum { kMostRows = 70, kMostCols = 2100, kOutputs = 7 };

static const char* const kNames[kOutputs] = {"y", "mean_hi", "mean_lo", "rstd",
                                             "dx", "dweight", "dbias"};
static const int64_t kAllCols[] = {1,   2,   3,   7,    8,    9,    31,   64,  100,
                                   255, 256, 257, 300,  768,  1023, 1024, 1025, 2049, 2100};

// Fowler, Noll, Vo: FNV-1a, over words. A NaN is only promised to be one.
static void hash_f32(uint64_t* hash, const float* values, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits = 0x7fc00000u;
    if (!isnan(values[i])) memcpy(&bits, values + i, sizeof bits);
    *hash = (*hash ^ bits) * 0x100000001b3u;
  }
}
static void hash_f64(uint64_t* hash, const double* values, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint64_t bits = 0x7ff8000000000000u;
    if (!isnan(values[i])) memcpy(&bits, values + i, sizeof bits);
    *hash = (*hash ^ bits) * 0x100000001b3u;
  }
}

// Element i of a row of this kind.
static double element(int kind, int64_t i, uint64_t* seed) {
  const double v = next_value(seed);
  switch (kind) {
    case 0: return v;
    case 1: return v + 1024;
    case 2: return v * 0x1p-130;
    case 3: return v * 0x1p120;
    case 4: return 0x1.8p-3;
    case 5: return v * (i % 5 == 0 ? 0x1p40 : 0x1p-20);
    case 6: return v * 0x1p-60 + (i == 0 ? 0x1p3 : 0);
    default: return i % 2 ? -0.0 : 0.0;
  }
}

static void store(int is_f32, void* data, int64_t i, double value) {
  if (is_f32) ((float*)data)[i] = (float)value;
  else ((double*)data)[i] = value;
}

static void run(int is_rms, int is_f32, int64_t rows, int64_t cols, uint64_t* seed,
                uint64_t* hashes) {
  // In doubles, so that either type fits.
  static double x[kMostRows * kMostCols], dy[kMostRows * kMostCols], y[kMostRows * kMostCols],
      dx[kMostRows * kMostCols], weight[kMostCols], bias[kMostCols], dweight[kMostCols],
      dbias[kMostCols], hi[kMostRows], lo[kMostRows], rstd[kMostRows];
  const int32_t dtype = is_f32 ? NORMA_F32 : NORMA_F64;
  for (int64_t r = 0; r < rows; ++r) {
    const int kind = (int)(next_random(seed) % 8);
    for (int64_t i = 0; i < cols; ++i) {
      store(is_f32, x, r * cols + i, element(kind, i, seed));
      store(is_f32, dy, r * cols + i, next_value(seed));
    }
  }
  for (int64_t i = 0; i < cols; ++i) {
    store(is_f32, weight, i, next_value(seed));
    store(is_f32, bias, i, next_value(seed));
  }
  norma_row_norm_forward_args f = {.struct_size = sizeof f, .eps = rows % 2 ? 1e-5 : 0};
  f.x = const_rows(x, dtype, rows, cols, cols);
  f.y = mutable_rows(y, dtype, rows, cols, cols);
  if (cols % 3 != 0) f.weight = const_vector(weight, dtype, cols);
  if (cols % 3 == 2) f.bias = const_vector(bias, dtype, cols);
  f.mean_hi = is_rms ? NULL : hi, f.mean_lo = is_rms ? NULL : lo, f.rstd = rstd;
  CHECK_OK(is_rms ? norma_rms_norm_forward(&f, NULL) : norma_layer_norm_forward(&f, NULL));

  norma_row_norm_backward_args b = {.struct_size = sizeof b, .x = f.x, .weight = f.weight};
  b.dy = const_rows(dy, dtype, rows, cols, cols);
  b.mean_hi = f.mean_hi, b.mean_lo = f.mean_lo, b.rstd = rstd;
  b.dx = mutable_rows(dx, dtype, rows, cols, cols);
  b.dweight = mutable_vector(dweight, dtype, cols);
  b.dbias = mutable_vector(dbias, dtype, cols);
  size_t bytes = 0;
  CHECK_OK(is_rms ? norma_rms_norm_backward_workspace_size(&b, NULL, &bytes)
                  : norma_layer_norm_backward_workspace_size(&b, NULL, &bytes));
  void* workspace = malloc(bytes + 64);
  CHECK_OK(is_rms ? norma_rms_norm_backward(&b, aligned_64(workspace), bytes, NULL)
                  : norma_layer_norm_backward(&b, aligned_64(workspace), bytes, NULL));
  free(workspace);

  const double* const outputs[kOutputs] = {y, hi, lo, rstd, dx, dweight, dbias};
  const int64_t sizes[kOutputs] = {rows * cols, rows, rows, rows, rows * cols, cols, cols};
  for (int o = 0; o < kOutputs; ++o) {
    if (is_rms && (o == 1 || o == 2)) continue;
    if (is_f32) hash_f32(&hashes[o], (const float*)outputs[o], sizes[o]);
    else hash_f64(&hashes[o], outputs[o], sizes[o]);
  }
}

int main(int argc, char** argv) {
  FILE* expected = argc > 1 ? fopen(argv[1], "r") : NULL;
  if (argc > 1 && expected == NULL) return perror(argv[1]), 1;
  for (int k = 0; k < 4; ++k) {
    const int is_rms = k / 2, is_f32 = k % 2 == 0;
    uint64_t hashes[kOutputs], seed = 11;
    for (int o = 0; o < kOutputs; ++o) hashes[o] = 0xcbf29ce484222325u;
    for (size_t c = 0; c < sizeof kAllCols / sizeof *kAllCols; ++c) {
      run(is_rms, is_f32, 1, kAllCols[c], &seed, hashes);
      run(is_rms, is_f32, 31 + (int64_t)c % 3, kAllCols[c], &seed, hashes);
    }
    run(is_rms, is_f32, kMostRows, 40, &seed, hashes);
    for (int o = 0; o < kOutputs; ++o) {
      if (is_rms && (o == 1 || o == 2)) continue;
      char line[80], wanted[80] = "";
      snprintf(line, sizeof line, "%s %s %s %016llx\n", is_rms ? "rms_norm" : "layer_norm",
               is_f32 ? "f32" : "f64", kNames[o], (unsigned long long)hashes[o]);
      if (expected == NULL) {
        fputs(line, stdout);
      } else if (fgets(wanted, sizeof wanted, expected) == NULL || strcmp(line, wanted) != 0) {
        ++failures;
        printf("computed: %sexpected: %s", line, wanted);
      }
    }
  }
  if (expected != NULL) {
    fclose(expected);
    printf("%s: %d failures\n", norma_cpu_target(), failures);
  }
  return failures != 0;
}
