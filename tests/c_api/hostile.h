// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One call, most likely a broken one, and what must come of it; whoever includes this makes the
// choices, by draw().
//
// Each call is a valid problem with up to three hostile changes. Whether it must be refused is
// worked out here from the rules of norma.h, overlaps by marking every byte. All arguments lie in
// one arena: after a refusal none of its bytes may have changed; after a success only bytes of
// outputs, and they are those that the same problem gives on dense copies. Under AddressSanitizer
// what a call must not read is poisoned.
#ifndef NORMA_TESTS_C_API_HOSTILE_H_
#define NORMA_TESTS_C_API_HOSTILE_H_

#include <math.h>
#include <stdlib.h>

#include "tests/c_api/check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NORMA_TEST_POISONS 1
#endif
#endif
#ifdef NORMA_TEST_POISONS
// Of AddressSanitizer's run-time library.
void __asan_poison_memory_region(const volatile void* address, size_t size);
void __asan_unpoison_memory_region(const volatile void* address, size_t size);
#define ASAN_POISON_MEMORY_REGION __asan_poison_memory_region
#define ASAN_UNPOISON_MEMORY_REGION __asan_unpoison_memory_region
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

// A number in [0, n).
static int64_t draw(int64_t n);
static int64_t draw_any(void) {
  uint64_t v = 0;
  for (int i = 0; i < 8; ++i) v = v << 8 | (uint64_t)draw(256);
  return (int64_t)v;
}

enum { kArena = 1 << 14, kMostRows = 6, kMostCols = 40, kViews = 11 };

// What may be said of a call; both bits where it is wrong and, put right, would not be served.
enum { kWrong = 1, kNotServed = 2 };

enum { kDefault = -1000, kSerial };
enum { kFirstForwardSize = 168, kFirstBackwardSize = 224, kLongestStruct = 4096 };

// A matrix, a vector of `cols` elements in one row, or a statistic, whose length and type are not
// arguments but follow from the problem.
enum kind { kMatrix, kVector, kStatistic };

struct view {
  enum kind kind;
  int is_output, is_required;
  int64_t offset;  // bytes into the arena; negative: null
  int64_t rows, cols, stride;
  int32_t dtype;
};

struct problem {
  int is_rms, is_backward;
  double eps;
  float scale;  // of the residual
  int32_t plus_one, rounded;
  int64_t size_change;  // of struct_size
  int has_unknown;      // a byte after the fields that this library knows is not 0
  int32_t threads;      // of an executor of our own; kDefault, kSerial or kNone: another
  int has_no_loop;      // our own executor lacks parallel_for, or threads()
  struct view v[kViews];
};

// Places in v. The first gives the problem its shape and type; the first output may be the first
// view.
enum { kX, kWeight, kBias, kY, kHi, kLo, kRstd, kResidual, kSum };
enum { kDy, kBackX, kBackWeight, kDx, kDweight, kDbias, kBackHi, kBackLo, kBackRstd, kDsum,
       kDresidual };

static char arena[kArena + 64], before[kArena];
static char* base;  // the arena's first byte, aligned to 64

static int64_t size_of(int32_t dtype) {
  return dtype == NORMA_F64 ? 8 : dtype == NORMA_F32 ? 4 : 2;
}
static int is_empty(const struct view* v) { return v->offset < 0 || v->rows <= 0 || v->cols <= 0; }
static int count_of(const struct problem* p) { return p->is_backward ? 11 : 9; }

// The view as the library must see it: what is not read is absent, statistics have their shape.
static struct view effective(const struct problem* p, int i) {
  struct view v = p->v[i];
  const int reads_x = !p->is_backward || p->v[kDx].offset >= 0 || p->v[kDweight].offset >= 0;
  if (v.kind == kStatistic) {
    v.rows = 1, v.cols = p->v[0].rows, v.stride = 0;
    v.dtype = p->v[0].dtype == NORMA_F64 ? NORMA_F64 : NORMA_F32;
    v.is_required = p->is_backward && reads_x && v.cols > 0 && (!p->is_rms || i == kBackRstd);
  }
  // A residual and its sum go together.
  if (!p->is_backward && i >= kResidual) {
    v.is_required = p->v[kResidual].offset >= 0 || p->v[kSum].offset >= 0;
  }
  if (!reads_x && (i == kBackX || v.kind == kStatistic)) v.offset = -1, v.is_required = 0;
  return v;
}

// Of one view alone, whose shape and type must be those of the problem.
static int faults_of(const struct view* v, const struct view* problem) {
  int faults = 0;
  if (v->offset < 0 && !v->is_required) return 0;
  if (v->dtype < 0 || v->dtype > 3) return kWrong;
  if (v->kind == kMatrix) {
    const long double rows = v->rows, cols = v->cols, stride = v->stride;
    if (rows < 0 || cols < 0) return kWrong;
    if (rows * cols >= 0x1p63) faults |= kWrong;
    if ((rows * fabsl(stride) + cols) * size_of(v->dtype) >= 0x1p63) faults |= kWrong;
    if (v->is_output && v->rows > 1 && fabsl(stride) < cols) faults |= kWrong;
    if (v->rows != problem->rows) faults |= kWrong;
  }
  if (v->kind != kStatistic && v->cols != problem->cols) faults |= kWrong;
  const int f32_will_do = v->kind == kVector && v->dtype == NORMA_F32;
  if (v->dtype != problem->dtype && v->kind != kStatistic &&
      !(f32_will_do && problem->dtype != NORMA_F64)) {
    faults |= kNotServed;
  }
  if (v->rows > 0 && v->cols > 0 && v->offset < 0) faults |= kWrong;
  // Of a vector without elements too, as it is not absent.
  const int has_place = v->kind == kMatrix ? !is_empty(v) : v->offset >= 0;
  if (has_place && v->offset % size_of(v->dtype) != 0) faults |= kWrong;
  return faults;
}

// Whether a view without faults lies in the arena, so that the call may be made at all.
static int fits(const struct view* v) {
  if (is_empty(v)) return 1;
  if (v->rows > kArena || v->cols > kArena || llabs(v->stride) > kArena) return 0;
  const int64_t reach = (v->rows - 1) * v->stride, size = size_of(v->dtype);
  return v->offset + (reach < 0 ? reach * size : 0) >= 0 &&
         v->offset + ((reach > 0 ? reach : 0) + v->cols) * size <= kArena;
}

// Bit i of a byte says that it belongs to view i.
static uint16_t owners[kArena];

static void mark_all(const struct problem* p) {
  memset(owners, 0, sizeof owners);
  for (int i = 0; i < count_of(p); ++i) {
    const struct view v = effective(p, i);
    const int64_t size = size_of(v.dtype);
    for (int64_t r = 0; !is_empty(&v) && r < v.rows; ++r) {
      uint16_t* const row = owners + v.offset + r * v.stride * size;
      for (int64_t k = 0; k < v.cols * size; ++k) row[k] |= (uint16_t)(1 << i);
    }
  }
}

// Whether output o may have the memory of input i as a whole, and has.
static int is_in_place(const struct problem* p, int o, int i) {
  const int allowed = p->is_backward ? o == kDx && i == kDy
                                     : (o == kY || o == kSum) && (i == kX || i == kResidual);
  const struct view *a = p->v + o, *b = p->v + i;
  return allowed && a->offset == b->offset && (a->stride == b->stride || a->rows <= 1);
}

static int may_share_a_byte(const struct problem* p, int views) {
  for (int o = 0; o < count_of(p); ++o) {
    for (int i = 0; i < count_of(p) && views >> o & p->v[o].is_output; ++i) {
      if (i != o && views >> i & 1 && !is_in_place(p, o, i)) return 0;
    }
  }
  return 1;
}

static int64_t size_of_args(const struct problem* p) {
  return (int64_t)(p->is_backward ? sizeof(norma_row_norm_backward_args)
                                  : sizeof(norma_row_norm_forward_args));
}
static int64_t struct_size(const struct problem* p) { return size_of_args(p) + p->size_change; }

// The faults of a whole call; *may_call is 0 where a right call would leave the arena.
static int faults_of_problem(const struct problem* p, int* may_call) {
  const int hi = p->is_backward ? kBackHi : kHi;
  const int64_t size = struct_size(p);
  int faults = p->has_unknown && size > size_of_args(p) ? kNotServed : 0;
  *may_call = 1;
  if (size < (p->is_backward ? kFirstBackwardSize : kFirstForwardSize)) faults |= kWrong;
  if (size > kLongestStruct) faults |= kWrong;
  if ((p->plus_one & ~1) | (p->rounded & ~1)) faults |= kWrong;
  if (!p->is_backward && !(isfinite(p->eps) && p->eps >= 0)) faults |= kWrong;
  if (p->is_rms && (p->v[hi].offset >= 0 || p->v[hi + 1].offset >= 0)) faults |= kWrong;
  for (int i = 0; i < count_of(p); ++i) {
    const struct view v = effective(p, i);
    faults |= faults_of(&v, &p->v[0]);
  }
  if (!p->is_backward && p->v[kWeight].offset >= 0 && p->v[kBias].offset >= 0 &&
      p->v[kWeight].dtype != p->v[kBias].dtype) {
    faults |= kNotServed;
  }
  const int has_scale = p->is_backward ? p->v[kDresidual].offset >= 0
                                       : p->v[kResidual].offset >= 0 || p->v[kSum].offset >= 0;
  if (has_scale && !(isfinite(p->scale) && p->scale != 0)) faults |= kWrong;
  if (p->is_backward && p->v[kDx].offset < 0 &&
      (p->v[kDsum].offset >= 0 || p->v[kDresidual].offset >= 0)) {
    faults |= kWrong;
  }
  if (faults & kWrong) return faults;
  for (int i = 0; i < count_of(p); ++i) {
    const struct view v = effective(p, i);
    *may_call &= fits(&v);
  }
  if (!*may_call) return faults;
  mark_all(p);
  for (int k = 0; k < kArena; ++k) {
    if (!may_share_a_byte(p, owners[k])) faults |= kWrong;
  }
  return faults;
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

// An executor of our own: shortest ranges, the last one first, on the calling thread.
static void backwards(void* self, int64_t count, int64_t grain, norma_body body, void* context) {
  (void)self;
  CHECK(count >= 0 && grain >= 1);
  const int64_t ranges = grain < 1 ? 0 : count / grain + (count % grain != 0);
  for (int64_t i = ranges; i-- > 0;) {
    body(context, i * grain, i == ranges - 1 ? count : (i + 1) * grain);
  }
}
static int threads_of_self(void* self) { return *(const int32_t*)self; }

static const norma_executor* executor_of(const struct problem* p) {
  static norma_executor own;
  static int32_t threads;
  if (p->threads == kDefault) return NULL;
  if (p->threads == kSerial) return norma_serial_executor();
  threads = p->threads;
  own.parallel_for = p->has_no_loop == 1 ? NULL : backwards;
  own.threads = p->has_no_loop == 2 ? NULL : threads_of_self;
  own.self = &threads;
  return &own;
}

static int is_unchanged(void) {
  ASAN_UNPOISON_MEMORY_REGION(base, kArena);
  return memcmp(base, before, kArena) == 0;
}

// A macro, as its functions differ in type. Says something about any call, in any room.
#define EXPLAIN(function, args)                                              \
  do {                                                                       \
    const size_t capacity_ = (size_t)draw(80);                               \
    size_t length_ = 0;                                                      \
    char* const text_ = malloc(capacity_ + 1);                               \
    memset(text_, 0x5a, capacity_ + 1);                                      \
    if ((function)(args, text_, capacity_, &length_) == NORMA_OK && capacity_ > 0) { \
      CHECK(strlen(text_) == (length_ < capacity_ ? length_ : capacity_ - 1)); \
    }                                                                        \
    CHECK(text_[capacity_] == 0x5a);                                         \
    free(text_);                                                             \
  } while (0)

// The caller's struct in memory of exactly its size, so that a read past it shows.
static void* on_heap(const struct problem* p, const void* args, int64_t known) {
  const int64_t size = struct_size(p);
  const int64_t bytes = size < 8 || size > kLongestStruct ? known : size;
  char* const copy = calloc(1, (size_t)bytes);
  memcpy(copy, args, (size_t)(bytes < known ? bytes : known));
  if (bytes > known && p->has_unknown) copy[bytes - 1] = 1;
  return copy;
}

static int forward(const struct problem* p, char* memory, const norma_executor* executor) {
  const struct view* v = p->v;
  norma_row_norm_forward_args a = {.struct_size = (size_t)struct_size(p), .eps = p->eps};
  a.x = in_rows(memory, v + kX), a.y = out_rows(memory, v + kY);
  a.weight = in_vector(memory, v + kWeight), a.bias = in_vector(memory, v + kBias);
  a.mean_hi = at(memory, v + kHi), a.mean_lo = at(memory, v + kLo), a.rstd = at(memory, v + kRstd);
  a.weight_plus_one = p->plus_one, a.round_before_weight = p->rounded;
  a.residual = in_rows(memory, v + kResidual), a.sum = out_rows(memory, v + kSum);
  a.residual_scale = p->scale;
  norma_row_norm_forward_args* const given = on_heap(p, &a, sizeof a);
  EXPLAIN(p->is_rms ? norma_rms_norm_forward_explain : norma_layer_norm_forward_explain, given);
  const int code = p->is_rms ? norma_rms_norm_forward(given, executor)
                             : norma_layer_norm_forward(given, executor);
  free(given);
  return code;
}

// With a workspace of its own, whose end is watched; a call in four brings bad ones first.
static int backward(const struct problem* p, char* memory, const norma_executor* executor) {
  const struct view* v = p->v;
  norma_row_norm_backward_args a = {.struct_size = (size_t)struct_size(p)};
  a.x = in_rows(memory, v + kBackX), a.dy = in_rows(memory, v + kDy);
  a.weight = in_vector(memory, v + kBackWeight), a.dx = out_rows(memory, v + kDx);
  a.dweight = out_vector(memory, v + kDweight), a.dbias = out_vector(memory, v + kDbias);
  a.mean_hi = at(memory, v + kBackHi), a.mean_lo = at(memory, v + kBackLo);
  a.rstd = at(memory, v + kBackRstd);
  a.weight_plus_one = p->plus_one, a.round_before_weight = p->rounded;
  a.dsum = in_rows(memory, v + kDsum), a.dresidual = out_rows(memory, v + kDresidual);
  a.residual_scale = p->scale;
  norma_row_norm_backward_args* const given = on_heap(p, &a, sizeof a);
  EXPLAIN(p->is_rms ? norma_rms_norm_backward_explain : norma_layer_norm_backward_explain, given);
  int (*size_function)(const norma_row_norm_backward_args*, const norma_executor*, size_t*) =
      p->is_rms ? norma_rms_norm_backward_workspace_size
                : norma_layer_norm_backward_workspace_size;
  int (*call)(const norma_row_norm_backward_args*, void*, size_t, const norma_executor*) =
      p->is_rms ? norma_rms_norm_backward : norma_layer_norm_backward;
  size_t bytes = 0, least = 0;
  const int code = size_function(given, executor, &bytes);
  if (code != NORMA_OK) {
    CHECK(call(given, NULL, 0, executor) == code);
    free(given);
    return code;
  }
  CHECK_OK(size_function(given, norma_serial_executor(), &least));
  CHECK(least <= bytes);
  const size_t spare = draw(2) ? 0 : (size_t)draw(100);
  char* const allocated = malloc(bytes + spare + 192);
  char* const workspace = aligned_64(allocated);
  memset(workspace + bytes + spare, 0x5a, 64);
  if (least > 0 && draw(4) == 0) {
    CHECK(call(given, workspace, least - 1, executor) == NORMA_INVALID_ARGUMENT);
    CHECK(call(given, NULL, bytes, executor) == NORMA_INVALID_ARGUMENT);
    CHECK(call(given, workspace + 8, bytes, executor) == NORMA_INVALID_ARGUMENT);
    // On the arguments themselves.
    const int64_t place = 64 * draw(kArena / 64);
    int is_owned = 0;
    for (int64_t i = place; i < kArena && i < place + (int64_t)least; ++i) is_owned |= owners[i];
    if (memory == base && is_owned) {
      CHECK(call(given, base + place, least, executor) == NORMA_INVALID_ARGUMENT);
    }
    CHECK(memory != base || is_unchanged());
  }
  CHECK_OK(call(given, bytes + spare == 0 ? NULL : workspace, bytes + spare, executor));
  for (size_t i = 0; i < 64; ++i) CHECK(workspace[bytes + spare + i] == 0x5a);
  free(allocated);
  free(given);
  return NORMA_OK;
}

// A valid problem: views one after the other with gaps, optional ones absent one time in four.
static struct problem valid_problem(void) {
  struct problem p = {.is_rms = (int)draw(2), .is_backward = (int)draw(2), .eps = 1e-5,
                      .scale = draw(2) ? 1 : -0.37f, .plus_one = (int32_t)draw(2),
                      .rounded = (int32_t)draw(2)};
  p.threads = draw(3) ? (int32_t)(draw(2) ? kDefault : kSerial) : (int32_t)(1 + draw(9));
  const int has_residual = (int)draw(2);
  const int64_t rows = draw(kMostRows + 1), cols = draw(kMostCols + 1);
  const int32_t dtype = (int32_t)draw(4);
  const int32_t parameters = draw(2) && dtype != NORMA_F64 ? NORMA_F32 : dtype;
  int64_t end = 64 * draw(4);
  for (int i = 0; i < count_of(&p); ++i) {
    struct view* v = &p.v[i];
    const int first_statistic = p.is_backward ? kBackHi : kHi;
    const int is_of_residual = p.is_backward ? i >= kDsum : i >= kResidual;
    const int is_matrix =
        i == 0 || is_of_residual || (p.is_backward ? i == kBackX || i == kDx : i == kY);
    v->kind = is_matrix ? kMatrix : i >= first_statistic ? kStatistic : kVector;
    v->is_output = p.is_backward ? (i >= kDx && i <= kDbias) || i == kDresidual
                                 : i >= kY && i != kResidual;
    v->is_required = is_matrix && !is_of_residual && !(p.is_backward && i == kDx);
    v->rows = is_matrix ? rows : 1;
    v->cols = v->kind == kStatistic ? rows : cols;
    v->dtype = is_matrix ? dtype : v->kind == kVector ? parameters : NORMA_F32;
    if (dtype == NORMA_F64) v->dtype = NORMA_F64;
    v->stride = is_matrix ? cols + draw(4) : 0;
    const int64_t size = size_of(v->dtype);
    int64_t first = (end + size - 1) / size * size + size * draw(9);
    const int64_t reach = v->rows > 0 ? (v->rows - 1) * v->stride * size : 0;
    end = first + reach + v->cols * size;
    if (is_matrix && draw(6) == 0) v->stride = -v->stride, first += reach;
    if (is_matrix && !v->is_output && draw(8) == 0) v->stride = 0;
    v->offset = first;
    const int is_mean = i == first_statistic || i == first_statistic + 1;
    const int needed = v->is_required || (p.is_backward && v->kind == kStatistic) ||
                       (!p.is_backward && is_of_residual);
    if ((!needed && draw(4) == 0) || (p.is_rms && is_mean)) v->offset = -1;
    if (is_of_residual && (!has_residual || (p.is_backward && p.v[kDx].offset < 0))) {
      v->offset = -1;
    }
  }
  return p;
}

// A short struct is that of an older header: what it lacks is absent.
static void cut_to_size(struct problem* p) {
  if (p->size_change >= 0) return;
  p->size_change = (p->is_backward ? kFirstBackwardSize : kFirstForwardSize) - size_of_args(p) -
                   (p->size_change % 3 == 0 ? 8 : 0);
  p->plus_one = p->rounded = 0, p->scale = 0;
  for (int i = p->is_backward ? kDsum : kResidual; i < count_of(p); ++i) p->v[i].offset = -1;
}

static void spoil(struct problem* p) {
  static const int64_t sizes[] = {-1, 0, 1, 2, 5, INT64_C(1) << 40, INT64_C(1) << 62, INT64_MAX,
                                  INT64_MIN};
  static const int64_t strides[] = {0, 1, -1, 3, 41, -41, INT64_C(1) << 40, INT64_C(1) << 61,
                                    INT64_MAX, INT64_MIN};
  static const int64_t dtypes[] = {-1, 0, 1, 2, 3, 4, INT32_MAX, INT32_MIN};
  static const double all_eps[] = {0, -0.0, 1e300, -1e-300, INFINITY, NAN};
  const int n = count_of(p);
  struct view* v = &p->v[draw(n)];
  const int64_t size = draw(10) ? sizes[draw(9)] : draw_any();
  switch (draw(17)) {
    case 0: v->offset = -1; break;
    case 1: v->offset = p->v[draw(n)].offset; break;
    case 2: v->offset += 1 + draw(8); break;
    case 3: v->offset = 8 * draw(kArena / 8 - 64); break;
    case 4: v->rows = v->kind == kMatrix ? size : v->rows; break;
    case 5: v->cols = size; break;
    case 6: v->stride = v->kind == kMatrix ? draw(10) ? strides[draw(10)] : draw_any() : v->stride;
      break;
    case 7: v->dtype = (int32_t)dtypes[draw(8)]; break;
    case 8: p->eps = all_eps[draw(6)]; break;
    case 9:  // in place
      v = &p->v[p->is_backward ? kDx : draw(2) ? kY : kSum];
      const struct view* input = &p->v[p->is_backward || draw(2) ? 0 : kResidual];
      v->offset = input->offset, v->stride = input->stride;
      break;
    case 10: p->scale = (float)all_eps[draw(6)]; break;
    case 12: *(draw(2) ? &p->plus_one : &p->rounded) = (int32_t)size; break;
    case 13: p->size_change = draw(2) ? 8 * (draw(600) - 30) : size; break;
    case 14: p->size_change = 1 + draw(64), p->has_unknown = 1; break;
    case 15: p->threads = (int32_t)size, p->has_no_loop = (int)draw(3); break;
    case 11:
      for (int i = 0; i < n; ++i) p->v[i].dtype = (int32_t)(size & 3);
      break;
    default:
      for (int i = 0, rows = (int)draw(2); i < n; ++i) {
        if (rows && p->v[i].kind == kMatrix) p->v[i].rows = size;
        if (!rows && p->v[i].kind != kStatistic) p->v[i].cols = size;
      }
  }
}

// Bit for bit, but that a NaN is only promised to be one.
static int same_values(const char* a, const char* b, int64_t n, int32_t dtype) {
  static const uint64_t infinities[] = {0x7f800000, 0x7f80, 0x7c00, UINT64_C(0x7ff) << 52};
  const size_t size = (size_t)size_of(dtype);
  const uint64_t infinity = infinities[dtype], rest = (UINT64_C(1) << (8 * size - 1)) - 1;
  for (int64_t i = 0; i < n; ++i, a += size, b += size) {
    uint64_t u = 0, v = 0;  // little endian
    memcpy(&u, a, size);
    memcpy(&v, b, size);
    if (u != v && !((u & rest) > infinity && (v & rest) > infinity)) return 0;
  }
  return 1;
}

// What no view of a call that is right may read, and of one that is wrong anything.
static void poison(int faults) {
#ifdef NORMA_TEST_POISONS
  for (int64_t i = 0, end; i < kArena; i = end) {
    const int is_free = faults != 0 || owners[i] == 0;
    for (end = i + 1; end < kArena && is_free == (faults != 0 || owners[end] == 0);) ++end;
    if (is_free) ASAN_POISON_MEMORY_REGION(base + i, (size_t)(end - i));
  }
#else
  (void)faults;
#endif
}

// The same problem on dense copies of the inputs that the arena held, compared output by output.
static void compare_with_dense(const struct problem* p) {
  const norma_executor* const executor = norma_serial_executor();
  static char dense[4 * kArena];
  struct problem q = *p;
  int64_t end = 0;
  for (int i = 0; i < count_of(p); ++i) {
    const struct view v = effective(p, i);
    const int64_t width = is_empty(&v) ? 0 : v.cols * size_of(v.dtype);
    struct view* d = &q.v[i];
    if (d->offset < 0) continue;
    d->offset = end;
    if (d->kind == kMatrix) d->stride = d->cols;
    if (is_empty(&v)) continue;
    for (int64_t r = 0; r < v.rows; ++r, end += width) {
      memcpy(dense + end, before + v.offset + r * v.stride * size_of(v.dtype), (size_t)width);
    }
    end = (end + 63) / 64 * 64;
  }
  const int code = p->is_backward ? backward(&q, dense, executor) : forward(&q, dense, executor);
  CHECK(code == NORMA_OK);
  for (int i = 0; i < count_of(p); ++i) {
    const struct view v = effective(p, i);
    const int64_t width = is_empty(&v) ? 0 : v.cols * size_of(v.dtype);
    for (int64_t r = 0; v.is_output && !is_empty(&v) && r < v.rows; ++r) {
      CHECK(same_values(base + v.offset + r * v.stride * size_of(v.dtype),
                        dense + q.v[i].offset + r * width, v.cols, v.dtype));
    }
  }
}

// -> 0 where something was not as it must be. counts: done, refused, not made.
static int one_call(int64_t counts[3]) {
  struct problem p = valid_problem();
  for (int64_t changes = draw(4); changes > 0; --changes) spoil(&p);
  cut_to_size(&p);
  int may_call;
  int faults = faults_of_problem(&p, &may_call);
  if (faults == 0 && !may_call) return ++counts[2], 1;
  // Of no concern to who only explains the call.
  if (p.threads != kDefault && p.threads != kSerial && p.has_no_loop) faults |= kWrong;

  // Numbers about 1, whatever type they are read as; or any.
  const uint32_t kept = draw(4) ? 0x80ff80ffu : 0xffffffffu;
  uint64_t seed = (uint64_t)draw(1 << 16);
  for (int i = 0; i < kArena; i += 4) {
    const uint32_t word = (0x3f003f00u & ~kept) | ((uint32_t)next_random(&seed) & kept);
    memcpy(before + i, &word, sizeof word);
  }
  memcpy(base, before, kArena);
  const int failures_before = failures;
  poison(faults);
  const norma_executor* const executor = executor_of(&p);
  const int code = p.is_backward ? backward(&p, base, executor) : forward(&p, base, executor);
  ASAN_UNPOISON_MEMORY_REGION(base, kArena);
  CHECK(code == NORMA_OK ? faults == 0
        : code == NORMA_INVALID_ARGUMENT ? faults & kWrong
                                         : code == NORMA_UNSUPPORTED && faults & kNotServed);
  int written = 0;
  for (int i = 0; i < count_of(&p) && code == NORMA_OK; ++i) written |= p.v[i].is_output << i;
  for (int i = 0; i < kArena; ++i) CHECK(base[i] == before[i] || owners[i] & written);
  if (code == NORMA_OK && faults == 0) compare_with_dense(&p);
  ++counts[code == NORMA_OK ? 0 : 1];
  if (failures > failures_before) {
    printf("%s %s: code %d (%s), expected faults %d\n", p.is_rms ? "rms_norm" : "layer_norm",
           p.is_backward ? "backward" : "forward", code, norma_last_error(), faults);
  }
  return failures == failures_before;
}

#endif  // NORMA_TESTS_C_API_HOSTILE_H_
