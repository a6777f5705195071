// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// GroupNorm and BatchNorm as hostile.h calls them: layouts and groups, masks and running
// statistics, training and evaluation.
#ifndef NORMA_TESTS_C_API_HOSTILE_CHANNEL_NORMS_H_
#define NORMA_TESTS_C_API_HOSTILE_CHANNEL_NORMS_H_

#include "tests/c_api/hostile_row_norms.h"

// The places of hostile_row_norms.h, but for these.
enum { kBatchMask = kRstd + 1, kRunningMean, kRunningVar };
enum { kBackMask = kBackRstd + 1 };

static const struct view group_forward_views[] = {
    {.kind = kImages, .is_required = 1}, {.kind = kVector}, {.kind = kVector},
    {.kind = kImages, .is_output = 1, .is_required = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kStatistic, .is_output = 1}, {.kind = kStatistic, .is_output = 1}};
static const struct view group_backward_views[] = {
    {.kind = kImages, .is_required = 1}, {.kind = kImages, .is_required = 1}, {.kind = kVector},
    {.kind = kImages, .is_output = 1}, {.kind = kVector, .is_output = 1},
    {.kind = kVector, .is_output = 1}, {.kind = kStatistic}, {.kind = kStatistic},
    {.kind = kStatistic}};
static const struct view batch_forward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kVector}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1, .is_required = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kStatistic, .is_output = 1}, {.kind = kStatistic, .is_output = 1}, {.kind = kMask},
    {.kind = kVector}, {.kind = kVector}};
static const struct view batch_backward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kMatrix, .is_required = 1}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1}, {.kind = kVector, .is_output = 1},
    {.kind = kVector, .is_output = 1}, {.kind = kStatistic}, {.kind = kStatistic},
    {.kind = kStatistic}, {.kind = kMask}};

static int has_reasonable_groups(const struct problem* p) {
  const int64_t channels = p->v[0].cols;
  return p->groups >= 1 && p->groups <= (channels > 1 ? channels : 1) && channels % p->groups == 0;
}

// One value for each group of each sample, where these are numbers that can be multiplied.
static int64_t rows_of_groups(const struct problem* p) {
  const struct view* const x = p->v;
  const long double product = (long double)x->rows * x->cols;
  return has_reasonable_groups(p) && x->rows > 0 && product < 0x1p62 ? x->rows * p->groups : 0;
}

static struct view group_forward_view(const struct problem* p, int i) {
  const struct view v = p->v[i];
  return v.kind == kStatistic ? statistic(p, v, rows_of_groups(p)) : v;
}

static struct view channel_backward_view(const struct problem* p, int i, int64_t statistics,
                                         int are_required) {
  struct view v = p->v[i];
  if (v.kind == kStatistic) v = statistic(p, v, statistics), v.is_required = are_required;
  if (v.kind == kMask) v = implied(v, p->v[kDy].rows, kBytes);
  if (!needs_x(p) && (i == kBackX || v.kind == kStatistic)) v.offset = -1, v.is_required = 0;
  return v;
}
static struct view group_backward_view(const struct problem* p, int i) {
  return channel_backward_view(p, i, rows_of_groups(p), has_elements(&p->v[kDy]));
}
static struct view batch_backward_view(const struct problem* p, int i) {
  return channel_backward_view(p, i, p->v[kDy].cols, p->v[kDy].cols > 0);
}

static struct view batch_forward_view(const struct problem* p, int i) {
  struct view v = p->v[i];
  if (v.kind == kStatistic) return statistic(p, v, p->v[kX].cols);
  if (v.kind == kMask) return implied(v, p->v[kX].rows, kBytes);
  // What training writes, evaluation reads.
  if (i >= kRunningMean) {
    v.is_output = p->training == 1, v.is_required = p->training == 0 && p->v[kX].cols > 0;
  }
  return v;
}

static int channel_may_be(int o, int i) { return o == kY && i == kX; }

static void draw_group_norm(struct problem* p) {
  const int64_t channels = p->v[0].cols;
  p->groups = 1 + draw(channels < 1 ? 1 : channels);
  while (channels % p->groups != 0) --p->groups;
}
static int has_running(const struct problem* p) { return p->norm->views == batch_forward_views; }

static void draw_batch_norm(struct problem* p) {
  p->momentum = draw(2) ? 0.1 : 1;
  for (int i = kRunningMean; has_running(p) && i <= kRunningVar; ++i) {
    p->v[i].dtype = p->v[0].dtype == NORMA_F64 ? NORMA_F64 : NORMA_F32;
  }
}

static void spoil_group_norm(struct problem* p) {
  static const int64_t groups[] = {-1, 0, 1, 2, 3, 7, INT64_MAX, INT64_MIN};
  p->groups = groups[draw(8)];
}
static void spoil_batch_norm(struct problem* p) {
  static const double momenta[] = {-0.0, 0, 1, 1.5, -1e-300, INFINITY, NAN};
  static const int32_t flags[] = {-1, 0, 1, 2, INT32_MAX, INT32_MIN};
  if (draw(2)) p->momentum = momenta[draw(7)];
  else p->training = flags[draw(6)];
}

static void leave(struct problem* p) { (void)p; }

// Running statistics of 16-bit rows are f32; views of x's own type have no other fault.
static int faults_of_running(const struct problem* p) {
  int faults = 0;
  for (int i = kRunningMean; i <= kRunningVar; ++i) {
    const int32_t dtype = p->v[i].dtype;
    if (!is_absent(p, i) && (dtype == NORMA_BF16 || dtype == NORMA_F16)) faults |= kNotServed;
  }
  return faults;
}
static int faults_of_group_norm(const struct problem* p) {
  const int has_eps = p->norm->is_backward || is_reasonable_eps(p->eps);
  const int faults = p->norm->is_backward ? 0 : faults_of_parameters(p);
  return faults | (has_eps && has_reasonable_groups(p) ? 0 : kWrong);
}
static int faults_of_batch_norm(const struct problem* p) {
  const int is_right = p->norm->is_backward || (is_reasonable_eps(p->eps) && p->momentum >= 0 &&
                                                p->momentum <= 1);
  const int faults = p->norm->is_backward ? 0 : faults_of_parameters(p) | faults_of_running(p);
  return faults | (is_right && !(p->training & ~1) ? 0 : kWrong);
}

// Training wants two rows that count. For a call that is right but for this, and whose mask lies in
// memory: it is the only rule that looks at values.
static int has_too_few_rows(const struct problem* p, const char* memory) {
  if (!has_running(p) || p->training == 0) return 0;
  const struct view* const x = &p->v[kX];
  if (is_absent(p, kBatchMask)) return x->rows < 2;
  int64_t count = 0;
  for (int64_t r = 0; r < x->rows; ++r) count += memory[p->v[kBatchMask].offset + r] != 0;
  return count < 2;
}

static norma_const_images in_images(char* memory, const struct view* v) {
  const norma_const_images images = {at(memory, v), v->rows, v->cols, v->positions, v->layout,
                                     v->dtype};
  return images;
}
static norma_images out_images(char* memory, const struct view* v) {
  const norma_images images = {at(memory, v), v->rows, v->cols, v->positions, v->layout,
                               v->dtype};
  return images;
}

static void fill_group_forward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_group_norm_forward_args a = {.struct_size = (size_t)struct_size(p), .eps = p->eps};
  a.groups = p->groups, a.x = in_images(memory, v + kX), a.y = out_images(memory, v + kY);
  a.weight = in_vector(memory, v + kWeight), a.bias = in_vector(memory, v + kBias);
  a.mean_hi = at(memory, v + kHi), a.mean_lo = at(memory, v + kLo), a.rstd = at(memory, v + kRstd);
  memcpy(args, &a, sizeof a);
}
static void fill_group_backward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_group_norm_backward_args a = {.struct_size = (size_t)struct_size(p), .groups = p->groups};
  a.x = in_images(memory, v + kBackX), a.dy = in_images(memory, v + kDy);
  a.weight = in_vector(memory, v + kBackWeight), a.dx = out_images(memory, v + kDx);
  a.dweight = out_vector(memory, v + kDweight), a.dbias = out_vector(memory, v + kDbias);
  a.mean_hi = at(memory, v + kBackHi), a.mean_lo = at(memory, v + kBackLo);
  a.rstd = at(memory, v + kBackRstd);
  memcpy(args, &a, sizeof a);
}
static void fill_batch_forward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_batch_norm_forward_args a = {.struct_size = (size_t)struct_size(p), .eps = p->eps,
                                     .momentum = p->momentum, .training = p->training};
  a.x = in_rows(memory, v + kX), a.y = out_rows(memory, v + kY);
  a.mask = at(memory, v + kBatchMask);
  a.weight = in_vector(memory, v + kWeight), a.bias = in_vector(memory, v + kBias);
  a.running_mean = out_vector(memory, v + kRunningMean);
  a.running_var = out_vector(memory, v + kRunningVar);
  a.mean_hi = at(memory, v + kHi), a.mean_lo = at(memory, v + kLo), a.rstd = at(memory, v + kRstd);
  memcpy(args, &a, sizeof a);
}
static void fill_batch_backward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_batch_norm_backward_args a = {.struct_size = (size_t)struct_size(p),
                                      .training = p->training};
  a.x = in_rows(memory, v + kBackX), a.dy = in_rows(memory, v + kDy);
  a.mask = at(memory, v + kBackMask);
  a.weight = in_vector(memory, v + kBackWeight), a.dx = out_rows(memory, v + kDx);
  a.dweight = out_vector(memory, v + kDweight), a.dbias = out_vector(memory, v + kDbias);
  a.mean_hi = at(memory, v + kBackHi), a.mean_lo = at(memory, v + kBackLo);
  a.rstd = at(memory, v + kBackRstd);
  memcpy(args, &a, sizeof a);
}

NORM_FUNCTIONS(group_norm_forward)
NORM_FUNCTIONS(group_norm_backward)
NORM_FUNCTIONS(batch_norm_forward)
NORM_FUNCTIONS(batch_norm_backward)

// is_backward, first_size, count
#define CHANNEL_NORM(norm, pass, back, size, n, in_place)                                        \
  {.name = #norm "_norm_" #pass, .is_backward = back,                                            \
   .args_size = sizeof(norma_##norm##_norm_##pass##_args), .first_size = size, .count = n,       \
   .views = norm##_##pass##_views, .effective = norm##_##pass##_view,                            \
   .draw_own = draw_##norm##_norm, .finish = leave, .spoil = spoil_##norm##_norm, .cut = leave,  \
   .faults = faults_of_##norm##_norm, .may_be = in_place, .fill = fill_##norm##_##pass,          \
   .workspace_size = norm##_norm_##pass##_size, .run = norm##_norm_##pass##_run}
#define GROUP_NORM_FORWARD CHANNEL_NORM(group, forward, 0, 176, 7, channel_may_be)
#define GROUP_NORM_BACKWARD CHANNEL_NORM(group, backward, 1, 232, 9, backward_may_be)
#define BATCH_NORM_FORWARD CHANNEL_NORM(batch, forward, 0, 240, 10, channel_may_be)
#define BATCH_NORM_BACKWARD CHANNEL_NORM(batch, backward, 1, 240, 10, backward_may_be)

#endif  // NORMA_TESTS_C_API_HOSTILE_CHANNEL_NORMS_H_
