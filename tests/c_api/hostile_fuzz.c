// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The calls of hostile_test.c with libFuzzer's bytes as the choices; scripts/fuzz.sh runs it.
#include "tests/c_api/hostile.h"

static const uint8_t* bytes;
static size_t left;

// 0 once the bytes are used up: a valid call without changes.
static int64_t draw(int64_t n) {
  int64_t v = 0;
  for (int64_t reach = 1; reach < n && left > 0; reach *= 256, --left) v = v << 8 | *bytes++;
  return v % n;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static int64_t counts[3];
  bytes = data, left = size;
  base = aligned_64(arena);
  if (!one_call(counts)) abort();
  return 0;
}
