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

#include "tests/c_api/hostile_channel_norms.h"
#include "tests/c_api/hostile_fused_norms.h"
#include "tests/c_api/hostile_pointwise.h"
#include "tests/c_api/hostile_problem.h"
#include "tests/c_api/hostile_row_norms.h"
#include "tests/c_api/hostile_seed_norm.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NORMA_TEST_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NORMA_TEST_POISONS 1
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

static const struct norm norms[] = {
    ROW_NORM_FORWARD(layer_norm, kLayerNorm), ROW_NORM_BACKWARD(layer_norm, kLayerNorm),
    ROW_NORM_FORWARD(rms_norm, kRmsNorm),     ROW_NORM_BACKWARD(rms_norm, kRmsNorm),
    ROW_NORM_FORWARD(l2_norm, kL2Norm),       ROW_NORM_BACKWARD(l2_norm, kL2Norm),
    ROW_NORM_FORWARD(crms_norm, kCrmsNorm),   ROW_NORM_BACKWARD(crms_norm, kCrmsNorm),
    GROUP_NORM_FORWARD,              GROUP_NORM_BACKWARD,
    BATCH_NORM_FORWARD,              BATCH_NORM_BACKWARD,
    POINTWISE_FORWARD(dyt, 144),     POINTWISE_BACKWARD(dyt, 216, 7),
    POINTWISE_FORWARD(derf, 152),    POINTWISE_BACKWARD(derf, 232, 8),
    GATED_FORWARD(kLayerNorm),       GATED_BACKWARD(kLayerNorm),
    GATED_FORWARD(kRmsNorm),         GATED_BACKWARD(kRmsNorm),
    ROPE_FORWARD(kRmsNorm),          ROPE_BACKWARD(kRmsNorm),
    QUANTIZED_FORWARD(kLayerNorm),   QUANTIZED_FORWARD(kL2Norm),
    SEED_NORM_FORWARD,               SEED_NORM_BACKWARD};

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

// Says something about any call, in any room.
static void explain(const struct norm* norm, const void* args) {
  const size_t capacity = (size_t)draw(80);
  size_t length = 0;
  char* const text = malloc(capacity + 1);
  memset(text, 0x5a, capacity + 1);
  if (norm->explain(args, text, capacity, &length) == NORMA_OK && capacity > 0) {
    CHECK(strlen(text) == (length < capacity ? length : capacity - 1));
  }
  CHECK(text[capacity] == 0x5a);
  free(text);
}

// The caller's struct in memory of exactly its size, so that a read past it shows.
static void* args_on_heap(const struct problem* p, char* memory) {
  union {
    norma_row_norm_forward_args a;
    norma_row_norm_backward_args b;
    norma_group_norm_forward_args c;
    norma_group_norm_backward_args d;
    norma_batch_norm_forward_args e;
    norma_batch_norm_backward_args f;
    norma_derf_forward_args g;
    norma_derf_backward_args h;
    norma_gated_norm_backward_args i;
    norma_rope_norm_backward_args j;
    norma_quantized_norm_forward_args k;
    norma_seed_norm_backward_args l;
  } args;
  p->norm->fill(p, memory, &args);
  const int64_t size = struct_size(p), known = p->norm->args_size;
  const int64_t bytes = size < 8 || size > kLongestStruct ? known : size;
  char* const copy = calloc(1, (size_t)bytes);
  memcpy(copy, &args, (size_t)(bytes < known ? bytes : known));
  if (bytes > known && p->has_unknown) copy[bytes - 1] = 1;
  return copy;
}

// Workspaces that will not do.
static void offer_bad_workspaces(const struct problem* p, const void* args, char* memory,
                                 char* workspace, size_t bytes, size_t least,
                                 const norma_executor* executor) {
  const struct norm* const norm = p->norm;
  CHECK(norm->run(args, workspace, least - 1, executor) == NORMA_INVALID_ARGUMENT);
  CHECK(norm->run(args, NULL, bytes, executor) == NORMA_INVALID_ARGUMENT);
  CHECK(norm->run(args, workspace + 8, bytes, executor) == NORMA_INVALID_ARGUMENT);
  // On the arguments themselves.
  const int64_t place = 64 * draw(kArena / 64);
  int is_owned = 0;
  for (int64_t i = place; i < kArena && i < place + (int64_t)least; ++i) is_owned |= owners[i];
  if (memory != base) return;
  if (is_owned) {
    CHECK(norm->run(args, base + place, least, executor) == NORMA_INVALID_ARGUMENT);
  }
  CHECK(is_unchanged());
}

// With a workspace of its own, whose end is watched; a call in four brings bad ones first.
static int call(const struct problem* p, char* memory, const norma_executor* executor) {
  const struct norm* const norm = p->norm;
  void* const args = args_on_heap(p, memory);
  if (norm->explain != NULL) explain(norm, args);
  size_t bytes = 0, least = 0;
  int code = norm->workspace_size == NULL ? NORMA_OK : norm->workspace_size(args, executor, &bytes);
  if (code != NORMA_OK || norm->workspace_size == NULL) {
    const int again = norm->run(args, NULL, 0, executor);
    CHECK(code == NORMA_OK || again == code);
    free(args);
    return again;
  }
  CHECK_OK(norm->workspace_size(args, norma_serial_executor(), &least));
  CHECK(least <= bytes);
  const size_t spare = draw(2) ? 0 : (size_t)draw(100);
  char* const allocated = malloc(bytes + spare + 192);
  char* const workspace = aligned_64(allocated);
  memset(workspace + bytes + spare, 0x5a, 64);
  if (least > 0 && draw(4) == 0) {
    offer_bad_workspaces(p, args, memory, workspace, bytes, least, executor);
  }
  code = norm->run(args, bytes + spare == 0 ? NULL : workspace, bytes + spare, executor);
  for (size_t i = 0; i < 64; ++i) CHECK(workspace[bytes + spare + i] == 0x5a);
  free(allocated);
  free(args);
  return code;
}

static void draw_shape(struct problem* p) {
  struct view* const x = &p->v[0];
  x->kind = p->norm->views[0].kind;
  const int is_tall = draw(4) == 0;
  x->rows = draw(x->kind == kImages ? 4 : is_tall ? 71 : 7);
  x->cols = draw(x->kind == kImages ? 13 : is_tall ? 6 : 41);
  x->positions = draw(10), x->layout = (int32_t)draw(2);
  x->dtype = (int32_t)draw(4);
}

// A valid problem: views one after the other with gaps, optional ones absent one time in four.
static struct problem valid_problem(void) {
  struct problem p = {.norm = &norms[draw(sizeof norms / sizeof norms[0])], .eps = 1e-5,
                      .momentum = 0.1, .groups = 1, .training = (int32_t)draw(2)};
  p.threads = draw(3) ? (int32_t)(draw(2) ? kDefault : kSerial) : (int32_t)(1 + draw(9));
  draw_shape(&p);
  const struct view x = p.v[0];
  const int32_t parameters = x.dtype != NORMA_F64 && draw(2) ? NORMA_F32 : x.dtype;
  for (int i = 0; i < p.norm->count; ++i) {
    struct view* const v = &p.v[i];
    *v = p.norm->views[i];
    v->rows = v->kind == kVector ? 1 : x.rows, v->cols = x.cols, v->positions = x.positions;
    v->layout = x.layout, v->dtype = v->kind == kVector ? parameters : x.dtype;
    v->stride = v->kind == kMatrix ? x.cols + draw(4) : 0;
  }
  p.norm->draw_own(&p);
  int64_t end = 64 * draw(4);
  for (int i = 0; i < p.norm->count; ++i) {
    struct view* const v = &p.v[i];
    const struct view seen = p.norm->effective(&p, i);
    const int64_t size = size_of(seen.dtype);
    int64_t first = (end + size - 1) / size * size + size * draw(9);
    const struct runs runs = runs_of(&seen);
    const int64_t reach = runs.count > 0 ? (runs.count - 1) * runs.stride : 0;
    end = first + reach + runs.width;
    if (v->kind == kMatrix && draw(6) == 0) v->stride = -v->stride, first += reach;
    if (v->kind == kMatrix && !seen.is_output && draw(8) == 0) v->stride = 0;
    v->offset = seen.is_required || draw(4) ? first : -1;
  }
  p.norm->finish(&p);
  return p;
}

// A short struct is that of an older header: what it lacks is absent.
static void cut_to_size(struct problem* p) {
  if (p->size_change >= 0) return;
  p->size_change =
      p->norm->first_size - p->norm->args_size - (p->size_change % 3 == 0 ? 8 : 0);
  p->norm->cut(p);
}

static void spoil(struct problem* p) {
  static const int64_t sizes[] = {-1, 0, 1, 2, 5, INT64_C(1) << 40, INT64_C(1) << 62, INT64_MAX,
                                  INT64_MIN};
  static const int64_t strides[] = {0, 1, -1, 3, 41, -41, INT64_C(1) << 40, INT64_C(1) << 61,
                                    INT64_MAX, INT64_MIN};
  static const int32_t dtypes[] = {-1, 0, 1, 2, 3, 4, INT32_MAX, INT32_MIN};
  static const double all_eps[] = {0, -0.0, 1e300, -1e-300, INFINITY, NAN};
  const int n = p->norm->count;
  struct view* v = &p->v[draw(n)];
  const int64_t size = draw(10) ? sizes[draw(9)] : draw_any();
  switch (draw(17)) {
    case 0: v->offset = -1; break;
    case 1: v->offset = p->v[draw(n)].offset; break;
    case 2: v->offset += 1 + draw(8); break;
    case 3: v->offset = 8 * draw(kArena / 8 - 64); break;
    case 4: v->rows = v->kind == kVector ? v->rows : size; break;
    case 5: v->cols = size; break;
    case 6: v->stride = v->kind == kMatrix ? draw(10) ? strides[draw(10)] : draw_any() : v->stride;
      v->positions = size;
      break;
    case 7: v->dtype = dtypes[draw(8)]; break;
    case 8: p->eps = all_eps[draw(6)]; break;
    case 9:  // in place, maybe
      for (int o = 0, i = (int)draw(n); o < n; ++o) {
        if (p->norm->may_be(o, i) && draw(2)) p->v[o].offset = p->v[i].offset,
                                              p->v[o].stride = p->v[i].stride;
      }
      break;
    case 10: p->size_change = draw(2) ? 8 * (draw(600) - 30) : size; break;
    case 11:
      for (int i = 0; i < n; ++i) p->v[i].dtype = (int32_t)(size & 3);
      break;
    case 12: p->size_change = 1 + draw(64), p->has_unknown = 1; break;
    case 13: p->threads = (int32_t)size, p->has_no_loop = (int)draw(3); break;
    case 14: v->layout = dtypes[draw(8)]; break;
    case 15: p->norm->spoil(p); break;
    default:
      for (int i = 0, which = (int)draw(3); i < n; ++i) {
        if (which == 0 && p->v[i].kind != kVector) p->v[i].rows = size;
        if (which == 1) p->v[i].cols = size;
        if (which == 2) p->v[i].positions = size;
      }
  }
}

// Bit for bit, but that a NaN is only promised to be one.
static int same_values(const char* a, const char* b, int64_t n, int32_t dtype) {
  if (dtype == kBytes) return memcmp(a, b, (size_t)n) == 0;
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

// All but the bytes of `readable` views.
static void poison(int readable) {
#ifdef NORMA_TEST_POISONS
  for (int64_t i = 0, end; i < kArena; i = end) {
    const int is_free = (owners[i] & readable) == 0;
    for (end = i + 1; end < kArena && is_free == ((owners[end] & readable) == 0);) ++end;
    if (is_free) ASAN_POISON_MEMORY_REGION(base + i, (size_t)(end - i));
  }
#else
  (void)readable;
#endif
}

// The same problem on dense copies of the inputs that the arena held, compared output by output.
static void compare_with_dense(const struct problem* p) {
  static char dense[8 * kArena];
  struct problem q = *p;
  int64_t end = 0;
  for (int i = 0; i < p->norm->count; ++i) {
    const struct view v = p->norm->effective(p, i);
    const struct runs runs = runs_of(&v);
    struct view* const d = &q.v[i];
    if (d->offset < 0) continue;
    d->offset = end;
    if (d->kind == kMatrix) d->stride = v.cols;
    // One row again and again may be more rows than there is room for.
    if (runs.width > 0 && runs.count > ((int64_t)sizeof dense - end) / runs.width) return;
    for (int64_t r = 0; r < runs.count; ++r, end += runs.width) {
      memcpy(dense + end, before + v.offset + r * runs.stride, (size_t)runs.width);
    }
    end = (end + 63) / 64 * 64;
  }
  CHECK(call(&q, dense, norma_serial_executor()) == NORMA_OK);
  for (int i = 0; i < p->norm->count; ++i) {
    const struct view v = p->norm->effective(p, i);
    const struct runs runs = runs_of(&v);
    for (int64_t r = 0; v.is_output && r < runs.count; ++r) {
      CHECK(same_values(base + v.offset + r * runs.stride,
                        dense + q.v[i].offset + r * runs.width, runs.width / size_of(v.dtype),
                        v.dtype));
    }
  }
}

// Numbers about 1, whatever type they are read as, or any; about half of a mask counts.
static void fill_arena(const struct problem* p) {
  const uint32_t kept = draw(4) ? 0x80ff80ffu : 0xffffffffu;
  uint64_t seed = (uint64_t)draw(1 << 16);
  for (int i = 0; i < kArena; i += 4) {
    const uint32_t word = (0x3f003f00u & ~kept) | ((uint32_t)next_random(&seed) & kept);
    memcpy(before + i, &word, sizeof word);
  }
  for (int i = 0; i < p->norm->count; ++i) {
    const struct view v = p->norm->effective(p, i);
    for (int64_t r = 0; v.kind == kMask && !is_empty(&v) && fits(&v) && r < v.cols; ++r) {
      if (next_random(&seed) & 1) before[v.offset + r] = 0;
    }
  }
  memcpy(base, before, kArena);
}

// -> 0 where something was not as it must be. counts: done, refused, not made.
static int one_call(int64_t counts[3]) {
  struct problem p = valid_problem();
  for (int64_t changes = draw(4); changes > 0; --changes) spoil(&p);
  cut_to_size(&p);
  fill_arena(&p);
  int may_call, readable = 0;
  int faults = faults_of(&p, &may_call);
  if (faults == 0 && !may_call) return ++counts[2], 1;
  if (faults == 0 && has_too_few_rows(&p, before)) faults = kWrong, readable = 1 << kBatchMask;
  // Of no concern to who only explains the call.
  if (p.threads != kDefault && p.threads != kSerial && p.has_no_loop) faults |= kWrong;

  const int failures_before = failures;
  poison(faults == 0 ? 0xffff : readable);
  const int code = call(&p, base, executor_of(&p));
  ASAN_UNPOISON_MEMORY_REGION(base, kArena);
  CHECK(code == NORMA_OK ? faults == 0
        : code == NORMA_INVALID_ARGUMENT ? faults & kWrong
                                         : code == NORMA_UNSUPPORTED && faults & kNotServed);
  int written = 0;
  for (int i = 0; i < p.norm->count && code == NORMA_OK; ++i) {
    written |= p.norm->effective(&p, i).is_output << i;
  }
  for (int i = 0; i < kArena; ++i) CHECK(base[i] == before[i] || owners[i] & written);
  if (code == NORMA_OK && faults == 0) compare_with_dense(&p);
  ++counts[code == NORMA_OK ? 0 : 1];
  if (failures > failures_before) {
    printf("%s: code %d (%s), expected faults %d\n", p.norm->name, code, norma_last_error(),
           faults);
  }
  return failures == failures_before;
}

#endif  // NORMA_TESTS_C_API_HOSTILE_H_
