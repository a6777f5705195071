// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What hostile.h makes calls of: a norm as the functions and rules of norma.h, a problem as views
// into one arena, and which bytes are whose.
#ifndef NORMA_TESTS_C_API_HOSTILE_PROBLEM_H_
#define NORMA_TESTS_C_API_HOSTILE_PROBLEM_H_

#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

// A number in [0, n).
static int64_t draw(int64_t n);
static int64_t draw_any(void) {
  uint64_t v = 0;
  for (int i = 0; i < 8; ++i) v = v << 8 | (uint64_t)draw(256);
  return (int64_t)v;
}

enum { kArena = 1 << 14, kViews = 14, kLongestStruct = 4096 };

// What may be said of a call; both bits where it is wrong and, put right, would not be served.
enum { kWrong = 1, kNotServed = 2 };

// Executors that are not our own.
enum { kDefault = -1000, kSerial };

// The type of a mask, after those of norma_dtype.
enum { kBytes = 100 };

// A matrix, images, a vector of `cols` elements in one row; or a statistic or a mask, whose length
// and type are no arguments but follow from the problem.
enum kind { kMatrix, kImages, kVector, kStatistic, kMask };

struct view {
  enum kind kind;
  int is_output, is_required;
  int may_be_one;  // element for all columns
  int64_t offset;  // bytes into the arena; negative: null
  int64_t rows, cols, stride;  // of images: samples, channels
  int64_t positions;           // of images
  int32_t layout, dtype;
};

struct problem;

struct norm {
  const char* name;
  int kind;  // of a row norm
  int is_backward;
  int64_t args_size, first_size;  // of the struct, and in the first header that had it
  int count;                      // of views
  // The first view gives a problem its shape and type.
  const struct view* views;
  // View i as the library must see it: what is not read is absent, a statistic has its shape.
  struct view (*effective)(const struct problem* p, int i);
  // What is no view.
  void (*draw_own)(struct problem* p);
  // Makes views absent that do not go with others.
  void (*finish)(struct problem* p);
  // Spoils something that is no view.
  void (*spoil)(struct problem* p);
  // Takes out what an older header lacks.
  void (*cut)(struct problem* p);
  // Of a call beyond its views and their overlaps.
  int (*faults)(const struct problem* p);
  // Whether output o may have input i's memory as a whole.
  int (*may_be)(int o, int i);
  void (*fill)(const struct problem* p, char* memory, void* args);
  int (*explain)(const void* args, char* text, size_t capacity, size_t* length);  // or NULL
  // NULL where the norm takes no workspace.
  int (*workspace_size)(const void* args, const norma_executor* executor, size_t* bytes);
  int (*run)(const void* args, void* workspace, size_t bytes, const norma_executor* executor);
};

struct problem {
  const struct norm* norm;
  double eps, momentum;
  int64_t groups;
  float scale;  // of the residual
  int32_t plus_one, rounded, training, eps_mode;
  int64_t statistic_cols;
  int64_t own[3];       // of what is fused with a norm
  int64_t size_change;  // of struct_size
  int has_unknown;      // a byte after the fields that this library knows is not 0
  int32_t threads;      // of an executor of our own; kDefault or kSerial: another
  int has_no_loop;      // our own executor lacks parallel_for, or threads()
  struct view v[kViews];
};

static char arena[kArena + 64], before[kArena];
static char* base;  // the arena's first byte, aligned to 64

static int64_t size_of(int32_t dtype) {
  return dtype == kBytes ? 1 : dtype == NORMA_F64 ? 8 : dtype == NORMA_F32 ? 4 : 2;
}
static int has_elements(const struct view* v) {
  return v->rows > 0 && v->cols > 0 && (v->kind != kImages || v->positions > 0);
}
static int is_empty(const struct view* v) { return v->offset < 0 || !has_elements(v); }
static int is_absent(const struct problem* p, int i) { return p->v[i].offset < 0; }

// Negative: more than any struct has.
static int64_t struct_size(const struct problem* p) {
  return (int64_t)((uint64_t)p->norm->args_size + (uint64_t)p->size_change);
}

static int is_reasonable_eps(double eps) { return isfinite(eps) && eps >= 0; }

// A view of `cols` elements whose shape and type the caller does not say.
static struct view implied(struct view v, int64_t cols, int32_t dtype) {
  v.rows = 1, v.cols = cols, v.stride = 0, v.dtype = dtype;
  return v;
}
static struct view statistic(const struct problem* p, struct view v, int64_t cols) {
  return implied(v, cols, p->v[0].dtype == NORMA_F64 ? NORMA_F64 : NORMA_F32);
}

// The shape alone; `problem` has the one that it must be.
static int faults_of_shape(const struct view* v, const struct view* problem) {
  const long double rows = v->rows, cols = v->cols, size = size_of(v->dtype);
  const int is_one = v->may_be_one && v->cols == 1;
  if (v->kind == kVector) return v->cols != problem->cols && !is_one ? kWrong : 0;
  if (v->kind != kMatrix && v->kind != kImages) return 0;
  if (rows < 0 || cols < 0) return kWrong;
  int faults = v->rows != problem->rows || v->cols != problem->cols ? kWrong : 0;
  if (v->kind == kImages) {
    const long double positions = v->positions;
    if (positions < 0) return kWrong;
    if (fmaxl(rows, 1) * fmaxl(cols, 1) * fmaxl(positions, 1) * size >= 0x1p63) faults |= kWrong;
    if (v->positions != problem->positions || v->layout != problem->layout) faults |= kWrong;
    return faults | ((v->layout & ~1) ? kWrong : 0);
  }
  const long double reach = rows * v->stride;
  if (rows * cols >= 0x1p63 || reach >= 0x1p63 || reach < -0x1p63) faults |= kWrong;
  if (((reach < 0 ? -reach - 1 : reach) + cols) * size >= 0x1p63) faults |= kWrong;
  if (v->is_output && v->rows > 1 && fabsl((long double)v->stride) < cols) faults |= kWrong;
  return faults;
}

// Of one view alone, whose shape and type must be those of the problem.
static int faults_of_view(const struct problem* p, const struct view* v) {
  const int32_t dtype = p->v[0].dtype;
  if (v->offset < 0 && !v->is_required) return 0;
  if (v->dtype != kBytes && (v->dtype < 0 || v->dtype > 3)) return kWrong;
  int faults = faults_of_shape(v, &p->v[0]);
  const int f32_will_do = v->kind == kVector && v->dtype == NORMA_F32 && dtype != NORMA_F64;
  if (v->dtype != dtype && v->kind != kStatistic && v->kind != kMask && !f32_will_do) {
    faults |= kNotServed;
  }
  if (has_elements(v) && v->offset < 0) faults |= kWrong;
  // Of a vector without elements too, as it is not absent.
  const int has_place = v->kind == kMatrix || v->kind == kImages ? !is_empty(v) : v->offset >= 0;
  if (has_place && v->offset % size_of(v->dtype) != 0) faults |= kWrong;
  return faults;
}

// A view as dense runs of bytes.
struct runs {
  int64_t count, width, stride;
};
static struct runs runs_of(const struct view* v) {
  const int64_t size = size_of(v->dtype);
  if (is_empty(v)) return (struct runs){0, 0, 0};
  if (v->kind == kImages) return (struct runs){1, v->rows * v->cols * v->positions * size, 0};
  return (struct runs){v->rows, v->cols * size, v->stride * size};
}

// Whether a view without faults lies in the arena, so that the call may be made at all.
static int fits(const struct view* v) {
  if (is_empty(v)) return 1;
  if (v->rows > kArena || v->cols > kArena || v->stride > kArena || v->stride < -kArena) return 0;
  if (v->kind == kImages && (v->positions > kArena || v->rows * v->cols > kArena)) return 0;
  const struct runs runs = runs_of(v);
  const int64_t reach = (runs.count - 1) * runs.stride;
  return v->offset + (reach < 0 ? reach : 0) >= 0 &&
         v->offset + (reach > 0 ? reach : 0) + runs.width <= kArena;
}

// Bit i of a byte says that it belongs to view i.
static uint16_t owners[kArena];

static void mark_all(const struct problem* p) {
  memset(owners, 0, sizeof owners);
  for (int i = 0; i < p->norm->count; ++i) {
    const struct view v = p->norm->effective(p, i);
    const struct runs runs = runs_of(&v);
    for (int64_t r = 0; r < runs.count; ++r) {
      uint16_t* const run = owners + v.offset + r * runs.stride;
      for (int64_t k = 0; k < runs.width; ++k) run[k] |= (uint16_t)(1 << i);
    }
  }
}

static int is_in_place(const struct problem* p, int o, int i) {
  const struct view *a = p->v + o, *b = p->v + i;
  return p->norm->may_be(o, i) && a->offset == b->offset &&
         (a->kind == kImages || a->stride == b->stride || a->rows <= 1);
}

static int has_overlaps(const struct problem* p) {
  mark_all(p);
  int outputs = 0, together[kViews] = {0};  // bit i of together[o]: o and i may share bytes
  for (int o = 0; o < p->norm->count; ++o) {
    outputs |= p->norm->effective(p, o).is_output << o;
    for (int i = 0; i < p->norm->count; ++i) {
      together[o] |= (i == o || is_in_place(p, o, i)) << i;
    }
  }
  for (int k = 0; k < kArena; ++k) {
    for (int o = 0; owners[k] & outputs && o < p->norm->count; ++o) {
      if (owners[k] & outputs & 1 << o && owners[k] & ~together[o]) return 1;
    }
  }
  return 0;
}

// The faults of a whole call; *may_call is 0 where a right call would leave the arena.
static int faults_of(const struct problem* p, int* may_call) {
  const struct norm* const norm = p->norm;
  const int64_t size = struct_size(p);
  int faults = p->has_unknown && size > norm->args_size ? kNotServed : 0;
  *may_call = 1;
  if (size < norm->first_size || size > kLongestStruct) faults |= kWrong;
  faults |= norm->faults(p);
  for (int i = 0; i < norm->count; ++i) {
    const struct view v = norm->effective(p, i);
    faults |= faults_of_view(p, &v);
  }
  if (faults & kWrong) return faults;
  for (int i = 0; i < norm->count; ++i) {
    const struct view v = norm->effective(p, i);
    *may_call &= fits(&v);
  }
  // What lies outside may overlap too.
  if (!*may_call) return faults == 0 ? 0 : faults | kWrong;
  return has_overlaps(p) ? faults | kWrong : faults;
}

static void* at(char* memory, const struct view* v) {
  return v->offset < 0 ? NULL : memory + v->offset;
}
static norma_const_rows in_rows(char* memory, const struct view* v) {
  return const_rows(at(memory, v), v->dtype, v->rows, v->cols, v->stride);
}
static norma_rows out_rows(char* memory, const struct view* v) {
  return mutable_rows(at(memory, v), v->dtype, v->rows, v->cols, v->stride);
}
static norma_const_vector in_vector(char* memory, const struct view* v) {
  return const_vector(at(memory, v), v->dtype, v->cols);
}
static norma_vector out_vector(char* memory, const struct view* v) {
  return mutable_vector(at(memory, v), v->dtype, v->cols);
}

#endif  // NORMA_TESTS_C_API_HOSTILE_PROBLEM_H_
