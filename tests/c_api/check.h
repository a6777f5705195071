// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the C tests share: checks that count, data that is the same on every machine, and filled-in
// arguments for a dense f32 problem.
#ifndef NORMA_TESTS_C_API_CHECK_H_
#define NORMA_TESTS_C_API_CHECK_H_

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "norma/norma.h"

static int failures = 0;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      ++failures;                                                               \
      printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);            \
    }                                                                           \
  } while (0)

#define CHECK_OK(call)                                                          \
  do {                                                                          \
    const int code_ = (call);                                                   \
    if (code_ != NORMA_OK) {                                                    \
      ++failures;                                                               \
      printf("%s:%d: code %d: %s\n", __FILE__, __LINE__, code_, norma_last_error()); \
    }                                                                           \
  } while (0)

#define CHECK_ERROR(call, code, message)                                        \
  do {                                                                          \
    const int code_ = (call);                                                   \
    if (code_ != (code) || strcmp(norma_last_error(), (message)) != 0) {        \
      ++failures;                                                               \
      printf("%s:%d: code %d instead of %d\n  told:     %s\n  expected: %s\n",  \
             __FILE__, __LINE__, code_, (code), norma_last_error(), (message)); \
    }                                                                           \
  } while (0)

// Steele, Lea, Flood 2014: splitmix64.
static inline uint64_t next_random(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Multiples of 2^-12 in [-2, 2): exact in every format but the 16-bit ones.
static inline double next_value(uint64_t* state) {
  return (double)((int64_t)(next_random(state) >> 50) - 8192) / 4096.0;
}

// The first address in `memory` that a workspace may have; 63 bytes are lost at most.
static inline void* aligned_64(void* memory) {
  return (char*)memory + (64 - (uintptr_t)memory % 64) % 64;
}

static inline norma_const_rows const_rows(const void* data, int32_t dtype, int64_t rows,
                                          int64_t cols, int64_t stride) {
  const norma_const_rows view = {data, rows, cols, stride, dtype};
  return view;
}
static inline norma_rows mutable_rows(void* data, int32_t dtype, int64_t rows, int64_t cols,
                                      int64_t stride) {
  const norma_rows view = {data, rows, cols, stride, dtype};
  return view;
}
static inline norma_const_vector const_vector(const void* data, int32_t dtype, int64_t size) {
  const norma_const_vector view = {data, size, dtype};
  return view;
}
static inline norma_vector mutable_vector(void* data, int32_t dtype, int64_t size) {
  const norma_vector view = {data, size, dtype};
  return view;
}

// A value that bf16 holds.
static inline uint16_t bf16_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)(bits >> 16);
}

#endif  // NORMA_TESTS_C_API_CHECK_H_
