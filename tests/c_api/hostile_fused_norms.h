// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Row norms with what follows them as hostile.h calls them. Tables of angles and positions lie in
// memory of their own: what overlaps them is tested in tests/core/plan.
#ifndef NORMA_TESTS_C_API_HOSTILE_FUSED_NORMS_H_
#define NORMA_TESTS_C_API_HOSTILE_FUSED_NORMS_H_

#include "tests/c_api/hostile_problem.h"
#include "tests/c_api/hostile_row_norms.h"

// After the norm's own.
enum { kGate = kRowForwardViews, kQ = kRowForwardViews, kScale };
enum { kBackGate = kRowBackwardViews, kBackBias, kDgate };
// Of problem.own.
enum { kKind, kFormat, kRowsPerPosition = kFormat, kPositionCount };

static const struct view gated_forward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kVector}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1, .is_required = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kStatistic, .is_output = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kMatrix}, {.kind = kMatrix, .is_output = 1}, {.kind = kMatrix, .is_required = 1}};
static const struct view gated_backward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kMatrix, .is_required = 1}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1}, {.kind = kVector, .is_output = 1},
    {.kind = kVector, .is_output = 1}, {.kind = kStatistic}, {.kind = kStatistic},
    {.kind = kStatistic}, {.kind = kMatrix}, {.kind = kMatrix, .is_output = 1},
    {.kind = kMatrix, .is_required = 1}, {.kind = kVector}, {.kind = kMatrix, .is_output = 1}};
static const struct view quantized_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kVector}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kStatistic, .is_output = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kMatrix}, {.kind = kMatrix, .is_output = 1},
    {.kind = kMatrix, .is_output = 1}, {.kind = kStatistic, .is_output = 1}};

static struct view fused_forward_view(const struct problem* p, int i) {
  return i < kRowForwardViews ? row_forward_view(p, i) : p->v[i];
}
// dx holds the gradient of the norm's output.
static struct view fused_backward_view(const struct problem* p, int i) {
  struct view v = i < kRowBackwardViews ? row_backward_view(p, i) : p->v[i];
  if (i == kDx) v.is_required = p->v[kDy].rows > 0 && p->v[kDy].cols > 0;
  return v;
}
// q has x's shape in bytes, and a stride; its rules stand in faults_of_quantized.
static struct view quantized_view(const struct problem* p, int i) {
  struct view v = p->v[i];
  const struct view* const x = &p->v[kX];
  if (i < kRowForwardViews) return row_forward_view(p, i);
  if (i == kScale) {
    v = implied(v, x->rows, NORMA_F32);
    v.is_required = x->rows > 0;
    return v;
  }
  v.kind = kMask, v.dtype = kBytes, v.rows = x->rows, v.cols = x->cols;
  v.is_required = x->rows > 0 && x->cols > 0;
  return v;
}

static void draw_fused(struct problem* p) {
  draw_row_norm(p);
  p->own[kKind] = p->norm->kind;
}
static void draw_rope(struct problem* p) {
  draw_fused(p);
  p->own[kRowsPerPosition] = 1 + draw(5), p->own[kPositionCount] = 1 + draw(8);
}
static void draw_quantized(struct problem* p) {
  draw_fused(p);
  p->own[kFormat] = draw(2);
}
static void finish_quantized(struct problem* p) {
  finish_row_norm(p);
  p->v[kY].offset = -1;
}

static void spoil_fused(struct problem* p) {
  static const int64_t numbers[] = {-1, 4, 5, INT32_MAX, INT32_MIN};
  if (draw(2)) {
    spoil_row_norm(p);
  } else {
    p->own[draw(2)] = numbers[draw(5)];
  }
}

static int is_kind(const struct problem* p) { return p->own[kKind] == p->norm->kind; }

static int faults_of_gated(const struct problem* p) {
  int faults = is_kind(p) ? 0 : kWrong;
  if (p->norm->is_backward && !is_absent(p, kBackWeight) && !is_absent(p, kBackBias) &&
      p->v[kBackWeight].dtype != p->v[kBackBias].dtype) {
    faults |= kNotServed;
  }
  return faults | faults_of_row_norm(p);
}
static int faults_of_rope(const struct problem* p) {
  const int is_right = is_kind(p) && p->own[kRowsPerPosition] >= 1;
  return (is_right ? 0 : kWrong) | faults_of_row_norm(p);
}
static int faults_of_quantized(const struct problem* p) {
  const struct view *const x = &p->v[kX], *const q = &p->v[kQ];
  const long double reach = (long double)x->rows * q->stride;
  int is_right = is_kind(p) && (p->own[kFormat] & ~1) == 0 && is_absent(p, kY);
  is_right = is_right && (x->rows <= 1 || fabsl((long double)q->stride) >= x->cols);
  is_right = is_right && reach < 0x1p63 && reach >= -0x1p63 &&
             (reach < 0 ? -reach - 1 : reach) + x->cols < 0x1p63;
  return (is_right ? 0 : kWrong) | faults_of_row_norm(p);
}

// The norm within, whole, whatever the size of the struct around it.
static const norma_row_norm_forward_args* norm_forward(const struct problem* p, char* memory) {
  static norma_row_norm_forward_args norm;
  fill_row_forward(p, memory, &norm);
  norm.struct_size = sizeof norm;
  return &norm;
}
static const norma_row_norm_backward_args* norm_backward(const struct problem* p, char* memory) {
  static norma_row_norm_backward_args norm;
  fill_row_backward(p, memory, &norm);
  norm.struct_size = sizeof norm;
  return &norm;
}

static void fill_gated_forward(const struct problem* p, char* memory, void* args) {
  const norma_gated_norm_forward_args a = {
      .struct_size = (size_t)struct_size(p), .norm = norm_forward(p, memory),
      .gate = in_rows(memory, p->v + kGate), .kind = (int32_t)p->own[kKind]};
  memcpy(args, &a, sizeof a);
}
static void fill_gated_backward(const struct problem* p, char* memory, void* args) {
  const norma_gated_norm_backward_args a = {
      .struct_size = (size_t)struct_size(p), .norm = norm_backward(p, memory),
      .gate = in_rows(memory, p->v + kBackGate), .bias = in_vector(memory, p->v + kBackBias),
      .dgate = out_rows(memory, p->v + kDgate), .kind = (int32_t)p->own[kKind]};
  memcpy(args, &a, sizeof a);
}

// A table of as many pairs as the rows have room for, at most 20, in memory of exactly its size.
static norma_rope rope_of(const struct problem* p) {
  static const int64_t positions[8] = {3, 0, 7, 2, 2, 6, 1, 5};
  static void *tables, *numbers;
  const struct view* const x = &p->v[0];
  const int32_t dtype = x->dtype == NORMA_F64 ? NORMA_F64 : NORMA_F32;
  const int64_t pairs = x->cols < 2 ? 0 : x->cols > 41 ? 20 : x->cols / 2;
  const int64_t count = p->own[kPositionCount];
  free(tables), free(numbers);
  tables = calloc((size_t)(8 * pairs + 1), (size_t)size_of(dtype));
  numbers = malloc((size_t)count * sizeof *positions);
  memcpy(numbers, positions, (size_t)count * sizeof *positions);
  for (int64_t i = 0; i < 8 * pairs; ++i) {
    const double value = (double)(i % 13) / 8 - 1;
    if (dtype == NORMA_F64) ((double*)tables)[i] = value;
    if (dtype == NORMA_F32) ((float*)tables)[i] = (float)value;
  }
  return (norma_rope){.cos = const_rows(tables, dtype, 8, pairs, pairs),
                      .sin = const_rows(tables, dtype, 8, pairs, pairs),
                      .positions = numbers,
                      .position_count = count,
                      .rows_per_position = p->own[kRowsPerPosition],
                      .pairs = count % 2};
}
static void fill_rope_forward(const struct problem* p, char* memory, void* args) {
  const norma_rope_norm_forward_args a = {
      .struct_size = (size_t)struct_size(p), .norm = norm_forward(p, memory), .rope = rope_of(p),
      .kind = (int32_t)p->own[kKind]};
  memcpy(args, &a, sizeof a);
}
static void fill_rope_backward(const struct problem* p, char* memory, void* args) {
  const norma_rope_norm_backward_args a = {
      .struct_size = (size_t)struct_size(p), .norm = norm_backward(p, memory), .rope = rope_of(p),
      .kind = (int32_t)p->own[kKind]};
  memcpy(args, &a, sizeof a);
}

static void fill_quantized_forward(const struct problem* p, char* memory, void* args) {
  const norma_quantized_norm_forward_args a = {
      .struct_size = (size_t)struct_size(p), .norm = norm_forward(p, memory),
      .q = at(memory, p->v + kQ), .q_stride = p->v[kQ].stride, .scale = at(memory, p->v + kScale),
      .format = (int32_t)p->own[kFormat], .kind = (int32_t)p->own[kKind]};
  memcpy(args, &a, sizeof a);
}

#define FUSED_FORWARD_RUN(name)                                                                  \
  static int name##_norm_forward_run(const void* args, void* workspace, size_t bytes,            \
                                     const norma_executor* executor) {                           \
    (void)workspace, (void)bytes;                                                                \
    return norma_##name##_norm_forward(args, executor);                                          \
  }
FUSED_FORWARD_RUN(gated)
FUSED_FORWARD_RUN(rope)
NORM_FUNCTIONS(gated_norm_backward)
NORM_FUNCTIONS(rope_norm_backward)
NORM_FUNCTIONS(quantized_norm_forward)

#define FUSED(of, pass, what, size, n)                                                           \
  .name = #of "_norm_" #pass, .kind = what, .args_size = sizeof(norma_##of##_norm_##pass##_args), \
  .first_size = size, .count = n, .spoil = spoil_fused,                                          \
  .cut = cut_row_norm, .faults = faults_of_##of, .fill = fill_##of##_##pass,                     \
  .run = of##_norm_##pass##_run
#define FUSED_FORWARD(of, what, size, n, seen, draw)                                             \
  {FUSED(of, forward, what, size, n), .views = seen, .effective = fused_forward_view,            \
   .draw_own = draw, .finish = finish_row_norm, .may_be = row_may_be}
#define FUSED_BACKWARD(of, what, size, n, draw)                                                  \
  {FUSED(of, backward, what, size, n), .is_backward = 1, .views = gated_backward_views,          \
   .effective = fused_backward_view, .draw_own = draw, .finish = finish_row_norm,                \
   .may_be = backward_may_be, .workspace_size = of##_norm_backward_size}
#define GATED_FORWARD(what) FUSED_FORWARD(gated, what, 64, 10, gated_forward_views, draw_fused)
#define GATED_BACKWARD(what) FUSED_BACKWARD(gated, what, 128, 14, draw_fused)
#define ROPE_FORWARD(what) \
  FUSED_FORWARD(rope, what, 136, kRowForwardViews, row_forward_views, draw_rope)
#define ROPE_BACKWARD(what) FUSED_BACKWARD(rope, what, 136, kRowBackwardViews, draw_rope)
#define QUANTIZED_FORWARD(what)                                                                  \
  {FUSED(quantized, forward, what, 48, 11), .views = quantized_views,                            \
   .effective = quantized_view, .draw_own = draw_quantized, .finish = finish_quantized,          \
   .may_be = row_may_be, .workspace_size = quantized_norm_forward_size}

#endif  // NORMA_TESTS_C_API_HOSTILE_FUSED_NORMS_H_
