// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The row norms as hostile.h calls them, with every type, dialect and residual.
#ifndef NORMA_TESTS_C_API_HOSTILE_ROW_NORMS_H_
#define NORMA_TESTS_C_API_HOSTILE_ROW_NORMS_H_

#include "tests/c_api/hostile_problem.h"

enum { kX, kWeight, kBias, kY, kHi, kLo, kRstd, kResidual, kSum };
enum { kDy, kBackX, kBackWeight, kDx, kDweight, kDbias, kBackHi, kBackLo, kBackRstd, kDsum,
       kDresidual };

// The views that are the norm's own, where there are more.
enum { kRowForwardViews = 9, kRowBackwardViews = 11 };

enum { kLayerNorm, kRmsNorm, kL2Norm, kCrmsNorm };
static int saves_hi(const struct norm* norm) {
  return norm->kind == kLayerNorm || norm->kind == kCrmsNorm;
}
static int saves_lo(const struct norm* norm) { return norm->kind == kLayerNorm; }

static const struct view row_forward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kVector}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1, .is_required = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kStatistic, .is_output = 1}, {.kind = kStatistic, .is_output = 1},
    {.kind = kMatrix}, {.kind = kMatrix, .is_output = 1}};
static const struct view row_backward_views[] = {
    {.kind = kMatrix, .is_required = 1}, {.kind = kMatrix, .is_required = 1}, {.kind = kVector},
    {.kind = kMatrix, .is_output = 1}, {.kind = kVector, .is_output = 1},
    {.kind = kVector, .is_output = 1}, {.kind = kStatistic}, {.kind = kStatistic},
    {.kind = kStatistic}, {.kind = kMatrix}, {.kind = kMatrix, .is_output = 1}};

static struct view row_forward_view(const struct problem* p, int i) {
  struct view v = p->v[i];
  if (v.kind == kStatistic) return statistic(p, v, p->v[kX].rows);
  // A residual and its sum go together.
  if (i >= kResidual) v.is_required = !is_absent(p, kResidual) || !is_absent(p, kSum);
  v.may_be_one = i == kWeight && p->norm->kind == kL2Norm;
  return v;
}

static int row_may_be(int o, int i) {
  return (o == kY || o == kSum) && (i == kX || i == kResidual);
}

static int needs_x(const struct problem* p) {
  return !is_absent(p, kDx) || !is_absent(p, kDweight);
}

static struct view row_backward_view(const struct problem* p, int i) {
  struct view v = p->v[i];
  if (v.kind == kStatistic) {
    v = statistic(p, v, p->v[kDy].rows);
    const int is_saved = i == kBackHi   ? saves_hi(p->norm)
                         : i == kBackLo ? saves_lo(p->norm)
                                        : 1;
    v.is_required = v.cols > 0 && is_saved;
  }
  v.may_be_one = (i == kBackWeight || i == kDweight) && p->norm->kind == kL2Norm;
  if (!needs_x(p) && (i == kBackX || v.kind == kStatistic)) v.offset = -1, v.is_required = 0;
  return v;
}

// Also of the norms over channels.
static int backward_may_be(int o, int i) { return o == kDx && i == kDy; }

static void draw_row_norm(struct problem* p) {
  p->scale = draw(2) ? 1 : -0.37f;
  p->plus_one = (int32_t)draw(2), p->rounded = (int32_t)draw(2);
  p->eps_mode = (int32_t)(draw(2) ? draw(4) : 0);
  const int64_t cols = p->v[0].cols;
  const int kind = p->norm->kind;
  if ((kind == kRmsNorm || kind == kL2Norm) && draw(3) == 0) p->statistic_cols = draw(cols + 1);
  if (kind != kL2Norm || draw(2)) return;
  p->v[p->norm->is_backward ? kBackWeight : kWeight].cols = 1;
  if (p->norm->is_backward) p->v[kDweight].cols = 1;
}

static void finish_row_norm(struct problem* p) {
  const int has_residual = (int)draw(2), is_backward = p->norm->is_backward;
  const int first = is_backward ? kDsum : kResidual, hi = is_backward ? kBackHi : kHi;
  for (int i = first; i < (is_backward ? kRowBackwardViews : kRowForwardViews); ++i) {
    if (!has_residual || (is_backward && is_absent(p, kDx))) p->v[i].offset = -1;
  }
  if (!saves_hi(p->norm)) p->v[hi].offset = -1;
  if (!saves_lo(p->norm)) p->v[hi + 1].offset = -1;
}

static void cut_row_norm(struct problem* p) {
  p->plus_one = p->rounded = 0, p->scale = 0;
  p->statistic_cols = 0, p->eps_mode = 0;
  if (p->norm->is_backward) p->eps = 0;
  const int first = p->norm->is_backward ? kDsum : kResidual;
  for (int i = first; i < (p->norm->is_backward ? kRowBackwardViews : kRowForwardViews); ++i) {
    p->v[i].offset = -1;
  }
}

static void spoil_row_norm(struct problem* p) {
  static const float scales[] = {0, -0.0f, 1e30f, -1e-30f, INFINITY, NAN};
  static const int32_t flags[] = {-1, 0, 1, 2, INT32_MAX, INT32_MIN};
  static const int64_t counts[] = {-1, 0, 1, 2, 40, INT64_MAX, INT64_MIN};
  switch (draw(5)) {
    case 0: p->scale = scales[draw(6)]; break;
    case 2: p->eps_mode = draw(2) ? flags[draw(6)] : (int32_t)draw(6); break;
    case 3: p->statistic_cols = counts[draw(7)]; break;
    case 1: p->plus_one = flags[draw(6)]; break;
    default: p->rounded = flags[draw(6)];
  }
}

// Of a forward pass: weight and bias have one type.
static int faults_of_parameters(const struct problem* p) {
  const int are_both = !is_absent(p, kWeight) && !is_absent(p, kBias);
  return are_both && p->v[kWeight].dtype != p->v[kBias].dtype ? kNotServed : 0;
}

static int faults_of_row_norm(const struct problem* p) {
  const int is_backward = p->norm->is_backward, hi = is_backward ? kBackHi : kHi;
  int faults = (p->plus_one & ~1) | (p->rounded & ~1) ? kWrong : 0;
  if (!saves_hi(p->norm) && !is_absent(p, hi)) faults |= kWrong;
  if (!saves_lo(p->norm) && !is_absent(p, hi + 1)) faults |= kWrong;
  if (!is_reasonable_eps(p->eps) || p->eps_mode < 0 || p->eps_mode > 3) faults |= kWrong;
  const int may_be_partial = p->norm->kind == kRmsNorm || p->norm->kind == kL2Norm;
  if (p->statistic_cols != 0 && (!may_be_partial || p->statistic_cols < 1 ||
                                 p->statistic_cols > p->v[0].cols)) {
    faults |= kWrong;
  }
  const int has_scale = is_backward ? !is_absent(p, kDresidual)
                                    : !is_absent(p, kResidual) || !is_absent(p, kSum);
  if (has_scale && !(isfinite(p->scale) && p->scale != 0)) faults |= kWrong;
  if (is_backward) {
    if (!is_absent(p, kBackWeight) && !is_absent(p, kDweight) &&
        p->v[kBackWeight].cols != p->v[kDweight].cols) {
      faults |= kWrong;
    }
    const int has_residual = !is_absent(p, kDsum) || !is_absent(p, kDresidual);
    return has_residual && is_absent(p, kDx) ? faults | kWrong : faults;
  }
  return faults | faults_of_parameters(p);
}

static void fill_row_forward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_row_norm_forward_args a = {.struct_size = (size_t)struct_size(p), .eps = p->eps};
  a.x = in_rows(memory, v + kX), a.y = out_rows(memory, v + kY);
  a.weight = in_vector(memory, v + kWeight), a.bias = in_vector(memory, v + kBias);
  a.mean_hi = at(memory, v + kHi), a.mean_lo = at(memory, v + kLo), a.rstd = at(memory, v + kRstd);
  a.weight_plus_one = p->plus_one, a.round_before_weight = p->rounded;
  a.residual = in_rows(memory, v + kResidual), a.sum = out_rows(memory, v + kSum);
  a.residual_scale = p->scale, a.statistic_cols = p->statistic_cols, a.eps_mode = p->eps_mode;
  memcpy(args, &a, sizeof a);
}

static void fill_row_backward(const struct problem* p, char* memory, void* args) {
  const struct view* const v = p->v;
  norma_row_norm_backward_args a = {.struct_size = (size_t)struct_size(p), .eps = p->eps};
  a.x = in_rows(memory, v + kBackX), a.dy = in_rows(memory, v + kDy);
  a.weight = in_vector(memory, v + kBackWeight), a.dx = out_rows(memory, v + kDx);
  a.dweight = out_vector(memory, v + kDweight), a.dbias = out_vector(memory, v + kDbias);
  a.mean_hi = at(memory, v + kBackHi), a.mean_lo = at(memory, v + kBackLo);
  a.rstd = at(memory, v + kBackRstd);
  a.weight_plus_one = p->plus_one, a.round_before_weight = p->rounded;
  a.dsum = in_rows(memory, v + kDsum), a.dresidual = out_rows(memory, v + kDresidual);
  a.residual_scale = p->scale, a.statistic_cols = p->statistic_cols, a.eps_mode = p->eps_mode;
  memcpy(args, &a, sizeof a);
}

// The functions of norma.h behind one type each.
#define ROW_NORM_FUNCTIONS(name)                                                                 \
  static int name##_forward_run(const void* args, void* workspace, size_t bytes,                 \
                                const norma_executor* executor) {                                \
    (void)workspace, (void)bytes;                                                                \
    return norma_##name##_forward(args, executor);                                               \
  }                                                                                              \
  static int name##_forward_explain(const void* args, char* text, size_t capacity, size_t* n) {  \
    return norma_##name##_forward_explain(args, text, capacity, n);                              \
  }                                                                                              \
  static int name##_backward_explain(const void* args, char* text, size_t capacity, size_t* n) { \
    return norma_##name##_backward_explain(args, text, capacity, n);                             \
  }                                                                                              \
  NORM_FUNCTIONS(name##_backward)
#define NORM_FUNCTIONS(name)                                                                     \
  static int name##_size(const void* args, const norma_executor* executor, size_t* bytes) {      \
    return norma_##name##_workspace_size(args, executor, bytes);                                 \
  }                                                                                              \
  static int name##_run(const void* args, void* workspace, size_t bytes,                         \
                        const norma_executor* executor) {                                        \
    return norma_##name(args, workspace, bytes, executor);                                       \
  }
ROW_NORM_FUNCTIONS(layer_norm)
ROW_NORM_FUNCTIONS(rms_norm)
ROW_NORM_FUNCTIONS(l2_norm)
ROW_NORM_FUNCTIONS(crms_norm)

#define ROW_NORM_FORWARD(norm, what)                                                             \
  {.name = #norm, .kind = what, .args_size = sizeof(norma_row_norm_forward_args),               \
   .first_size = 168, .count = kRowForwardViews,                                                 \
   .views = row_forward_views,         \
   .effective = row_forward_view, .draw_own = draw_row_norm, .finish = finish_row_norm,          \
   .spoil = spoil_row_norm, .cut = cut_row_norm, .faults = faults_of_row_norm,                   \
   .may_be = row_may_be, .fill = fill_row_forward, .explain = norm##_forward_explain,            \
   .run = norm##_forward_run}
#define ROW_NORM_BACKWARD(norm, what)                                                            \
  {.name = #norm "_backward", .kind = what, .is_backward = 1,                                    \
   .args_size = sizeof(norma_row_norm_backward_args), .first_size = 224,                         \
   .count = kRowBackwardViews, .views = row_backward_views,                                      \
   .effective = row_backward_view, .draw_own = draw_row_norm, .finish = finish_row_norm,         \
   .spoil = spoil_row_norm, .cut = cut_row_norm, .faults = faults_of_row_norm,                   \
   .may_be = backward_may_be, .fill = fill_row_backward, .explain = norm##_backward_explain,     \
   .workspace_size = norm##_backward_size, .run = norm##_backward_run}

#endif  // NORMA_TESTS_C_API_HOSTILE_ROW_NORMS_H_
