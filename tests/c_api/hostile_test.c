// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Random calls, most of them broken: hostile_test [SEED [CALLS]].
#include "tests/c_api/hostile.h"

static uint64_t state;

static int64_t draw(int64_t n) { return (int64_t)(next_random(&state) % (uint64_t)n); }

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  const int64_t calls = argc > 2 ? strtoll(argv[2], NULL, 10) : 30000;
  int64_t counts[3] = {0, 0, 0};
  base = aligned_64(arena);
  for (int64_t i = 0; i < calls; ++i) {
    state = seed * 1000003u + (uint64_t)i;
    if (!one_call(counts) && failures > 10) break;
  }
  printf("seed %llu: %lld done, %lld refused, %lld not made (beyond the arena), %d failures\n",
         (unsigned long long)seed, (long long)counts[0], (long long)counts[1],
         (long long)counts[2], failures);
  // A test that only ever refuses, or never does, tests nothing.
  CHECK(counts[0] > calls / 10 && counts[1] > calls / 4);
  return failures != 0;
}
