// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// DyT and Derf as hostile.h calls them. eps stands for alpha and momentum for the shift, which may
// be any values.
#ifndef NORMA_TESTS_C_API_HOSTILE_POINTWISE_H_
#define NORMA_TESTS_C_API_HOSTILE_POINTWISE_H_

#include "tests/c_api/hostile_channel_norms.h"
#include "tests/c_api/hostile_problem.h"
#include "tests/c_api/hostile_row_norms.h"

// As of the row norms up to kDbias.
enum { kDalpha = kDbias + 1, kDshift };

static const struct view pointwise_forward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kVector}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1, .is_required = 1}};
static const struct view pointwise_backward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kMatrix, .is_required = 1}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1}, {.kind = kVector, .is_output = 1},
    {.kind = kVector, .is_output = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kStatistic, .is_output = 1}};

static struct view pointwise_forward_view(const struct problem* p, int i) { return p->v[i]; }
static struct view pointwise_backward_view(const struct problem* p, int i) {
  struct view v = p->v[i];
  if (v.kind == kStatistic) return statistic(p, v, 1);
  const int has_dshift = p->norm->count > kDshift && !is_absent(p, kDshift);
  if (i == kBackX && !needs_x(p) && is_absent(p, kDalpha) && !has_dshift) {
    v.offset = -1, v.is_required = 0;
  }
  return v;
}

static int faults_of_pointwise(const struct problem* p) {
  const int is_forward = !p->norm->is_backward;
  return is_forward && !is_absent(p, kWeight) && !is_absent(p, kBias) &&
                 p->v[kWeight].dtype != p->v[kBias].dtype
             ? kNotServed
             : 0;
}
static void spoil_pointwise(struct problem* p) { p->momentum = draw(2) ? NAN : -1e30; }

#define POINTWISE_FUNCTIONS(name, set_shift, set_dshift)                                         \
  static void fill_##name##_forward(const struct problem* p, char* memory, void* args) {         \
    const struct view* const v = p->v;                                                           \
    norma_##name##_forward_args a = {.struct_size = (size_t)struct_size(p), .alpha = p->eps};    \
    a.x = in_rows(memory, v + kX), a.y = out_rows(memory, v + kY);                               \
    a.weight = in_vector(memory, v + kWeight), a.bias = in_vector(memory, v + kBias);            \
    set_shift;                                                                                   \
    memcpy(args, &a, sizeof a);                                                                  \
  }                                                                                              \
  static void fill_##name##_backward(const struct problem* p, char* memory, void* args) {        \
    const struct view* const v = p->v;                                                           \
    norma_##name##_backward_args a = {.struct_size = (size_t)struct_size(p), .alpha = p->eps};   \
    a.x = in_rows(memory, v + kBackX), a.dy = in_rows(memory, v + kDy);                          \
    a.weight = in_vector(memory, v + kBackWeight), a.dx = out_rows(memory, v + kDx);             \
    a.dweight = out_vector(memory, v + kDweight), a.dbias = out_vector(memory, v + kDbias);      \
    a.dalpha = at(memory, v + kDalpha);                                                          \
    set_shift;                                                                                   \
    set_dshift;                                                                                  \
    memcpy(args, &a, sizeof a);                                                                  \
  }                                                                                              \
  static int name##_forward_run(const void* args, void* workspace, size_t bytes,                 \
                                const norma_executor* executor) {                                \
    (void)workspace, (void)bytes;                                                                \
    return norma_##name##_forward(args, executor);                                               \
  }                                                                                              \
  NORM_FUNCTIONS(name##_backward)
POINTWISE_FUNCTIONS(dyt, (void)0, (void)0)
POINTWISE_FUNCTIONS(derf, a.shift = p->momentum, a.dshift = at(memory, v + kDshift))

#define POINTWISE(norm, pass, size, n, in_place)                                                 \
  .name = #norm "_" #pass, .args_size = sizeof(norma_##norm##_##pass##_args),                    \
  .first_size = size, .count = n,                                                                \
  .views = pointwise_##pass##_views, .effective = pointwise_##pass##_view, .draw_own = leave,    \
  .finish = leave, .spoil = spoil_pointwise, .cut = leave, .faults = faults_of_pointwise,        \
  .may_be = in_place, .fill = fill_##norm##_##pass, .run = norm##_##pass##_run
#define POINTWISE_FORWARD(norm, size) {POINTWISE(norm, forward, size, 4, channel_may_be)}
#define POINTWISE_BACKWARD(norm, size, n)                                                        \
  {.is_backward = 1, .workspace_size = norm##_backward_size,                                     \
   POINTWISE(norm, backward, size, n, backward_may_be)}

#endif  // NORMA_TESTS_C_API_HOSTILE_POINTWISE_H_
