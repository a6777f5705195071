// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm as hostile.h calls it.
#ifndef NORMA_TESTS_C_API_HOSTILE_SEED_NORM_H_
#define NORMA_TESTS_C_API_HOSTILE_SEED_NORM_H_

#include "tests/c_api/hostile_channel_norms.h"
#include "tests/c_api/hostile_problem.h"
#include "tests/c_api/hostile_row_norms.h"

enum { kAlpha = 1, kBeta, kGamma, kSeedY, kDot, kSeedRstd };
// dy and x come first, as of the row norms.
enum { kBackAlpha = 2, kBackBeta, kBackGamma, kSeedDx, kDalphas, kDbetas, kDgammas, kBackDot,
       kBackSeedRstd };

static const struct view seed_norm_forward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kVector, .is_required = 1},
    {.kind = kVector, .is_required = 1}, {.kind = kVector, .is_required = 1},
    {.kind = kMatrix, .is_output = 1, .is_required = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kStatistic, .is_output = 1}};
static const struct view seed_norm_backward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kMatrix, .is_required = 1},
    {.kind = kVector, .is_required = 1}, {.kind = kVector, .is_required = 1},
    {.kind = kVector, .is_required = 1}, {.kind = kMatrix, .is_output = 1},
    {.kind = kVector, .is_output = 1}, {.kind = kVector, .is_output = 1},
    {.kind = kVector, .is_output = 1}, {.kind = kStatistic}, {.kind = kStatistic}};

static struct view seed_norm_view(const struct problem* p, int i) {
  struct view v = p->v[i];
  if (v.kind == kStatistic) {
    v = statistic(p, v, p->v[0].rows);
    v.is_required = p->norm->is_backward && v.cols > 0;
  }
  // Without columns nothing is read.
  if (v.kind == kVector && v.is_required) v.is_required = p->v[0].cols != 0;
  return v;
}

static int faults_of_seed_norm(const struct problem* p) {
  const int first = p->norm->is_backward ? kBackAlpha : kAlpha;
  int faults = !p->norm->is_backward && !is_reasonable_eps(p->eps) ? kWrong : 0;
  for (int i = first + 1; i < first + 3; ++i) {
    if (!is_absent(p, first) && !is_absent(p, i) && p->v[i].dtype != p->v[first].dtype) {
      faults |= kNotServed;
    }
  }
  return faults;
}
static int seed_norm_may_be(int o, int i) { return o == kSeedY && i == kX; }
static int seed_norm_backward_may_be(int o, int i) { return o == kSeedDx && i == kDy; }

static void fill_seed_norm_forward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_seed_norm_forward_args a = {.struct_size = (size_t)struct_size(p), .eps = p->eps};
  a.x = in_rows(memory, v + kX), a.y = out_rows(memory, v + kSeedY);
  a.alpha = in_vector(memory, v + kAlpha), a.beta = in_vector(memory, v + kBeta);
  a.gamma = in_vector(memory, v + kGamma);
  a.dot = at(memory, v + kDot), a.rstd = at(memory, v + kSeedRstd);
  memcpy(args, &a, sizeof a);
}
static void fill_seed_norm_backward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_seed_norm_backward_args a = {.struct_size = (size_t)struct_size(p)};
  a.x = in_rows(memory, v + kBackX), a.dy = in_rows(memory, v + kDy);
  a.alpha = in_vector(memory, v + kBackAlpha), a.beta = in_vector(memory, v + kBackBeta);
  a.gamma = in_vector(memory, v + kBackGamma), a.dx = out_rows(memory, v + kSeedDx);
  a.dalpha = out_vector(memory, v + kDalphas), a.dbeta = out_vector(memory, v + kDbetas);
  a.dgamma = out_vector(memory, v + kDgammas);
  a.dot = at(memory, v + kBackDot), a.rstd = at(memory, v + kBackSeedRstd);
  memcpy(args, &a, sizeof a);
}

static int seed_norm_forward_run(const void* args, void* workspace, size_t bytes,
                                 const norma_executor* executor) {
  (void)workspace, (void)bytes;
  return norma_seed_norm_forward(args, executor);
}
NORM_FUNCTIONS(seed_norm_backward)

#define SEED_NORM(pass, size, n)                                                                 \
  .name = "seed_norm_" #pass, .args_size = sizeof(norma_seed_norm_##pass##_args),                \
  .first_size = size, .count = n, .views = seed_norm_##pass##_views,  \
  .effective = seed_norm_view, .draw_own = leave, .finish = leave, .spoil = leave, .cut = leave, \
  .faults = faults_of_seed_norm, .fill = fill_seed_norm_##pass, .run = seed_norm_##pass##_run
#define SEED_NORM_FORWARD {SEED_NORM(forward, 184, 7), .may_be = seed_norm_may_be}
#define SEED_NORM_BACKWARD                                                                       \
  {SEED_NORM(backward, 288, 11), .is_backward = 1, .may_be = seed_norm_backward_may_be,          \
   .workspace_size = seed_norm_backward_size}

#endif  // NORMA_TESTS_C_API_HOSTILE_SEED_NORM_H_
