// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The harness's problems and check, and norma itself, as a library of C functions, for a peer in
// Python: it has the same values in buffers as well aligned, the same judge, and at its side what
// it is compared with.

#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <string>

#include "base/float16.h"
#include "bench/harness/norma_peer.h"

namespace {

using namespace norma::bench;

struct Opened {
  Opened(const Task& task, int64_t rows, int64_t cols, int64_t sets, uint64_t seed,
         norma::DType dtype)
      : problem(task, rows, cols, sets, seed, dtype),
        weight(narrowed(problem.weight)),
        bias(narrowed(problem.bias)),
        norma(make_norma_forward(problem, norma::default_executor())) {}

  // A copy in the rows' type, which holds the values exactly.
  Buffer narrowed(const Buffer& from) const {
    Buffer to(from.size(), problem.dtype);
    for (int64_t i = 0; i < from.size(); ++i) {
      if (problem.dtype == norma::DType::kF32) {
        to.data()[i] = from.data()[i];
      } else {
        static_cast<norma::Float16*>(to.bytes())[i] =
            norma::from_f32<norma::Float16>(from.data()[i]);
      }
    }
    return to;
  }

  Problem problem;
  Buffer weight, bias;
  std::unique_ptr<Peer> norma;
  std::string message;
};

}  // namespace

#define NORMA_BENCH_EXPORT extern "C" __attribute__((visibility("default")))

// Null where the memory does not suffice. `residual`: added first. `narrow`: f16 rows, else f32.
// `cold`: as many sets as a cold call needs, else one.
NORMA_BENCH_EXPORT void* norma_bench_open(const char* name, int layer, int residual, int narrow,
                                          int64_t rows, int64_t cols, int cold, uint64_t seed) {
  const norma::DType dtype = narrow ? norma::DType::kF16 : norma::DType::kF32;
  const norma::NormKind kind = layer ? norma::NormKind::kLayerNorm : norma::NormKind::kRmsNorm;
  const Task task{name, kind, false, residual != 0};
  const int64_t sets = cold ? cold_sets(task, dtype, rows, cols) : 1;
  try {
    return new Opened(task, rows, cols, sets, seed, dtype);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

NORMA_BENCH_EXPORT void norma_bench_close(void* opened) { delete static_cast<Opened*>(opened); }

NORMA_BENCH_EXPORT int64_t norma_bench_sets(const void* opened) {
  return static_cast<int64_t>(static_cast<const Opened*>(opened)->problem.sets.size());
}

// Null where the problem has no such buffer. weight and bias are of the rows' type, as ONNX Runtime
// wants them, mean and rstd f32.
NORMA_BENCH_EXPORT void* norma_bench_buffer(const void* opened, int64_t set, const char* name) {
  const Opened& o = *static_cast<const Opened*>(opened);
  const RowSet& s = o.problem.sets[static_cast<size_t>(set)];
  const std::string wanted = name;
  if (wanted == "weight") return o.weight.bytes();
  if (wanted == "bias") return o.bias.bytes();
  if (wanted == "x") return s.x.bytes();
  if (wanted == "y") return s.y.bytes();
  if (wanted == "residual") return s.residual.bytes();
  if (wanted == "sum") return s.sum.bytes();
  if (wanted == "mean") return s.mean_hi.data();
  if (wanted == "rstd") return s.rstd.data();
  return nullptr;
}

// An answer must be written after this.
NORMA_BENCH_EXPORT void norma_bench_spoil(void* opened) {
  static_cast<Opened*>(opened)->problem.spoil_outputs();
}

// What is wrong with the outputs of the first set; empty where nothing is. Lives until the next
// call.
NORMA_BENCH_EXPORT const char* norma_bench_check(void* opened, const char* peer) {
  Opened& o = *static_cast<Opened*>(opened);
  const RowSet& s = o.problem.sets.front();
  o.message = check(o.problem, {.y = s.y.bytes(), .sum = s.sum.bytes()}, peer).message();
  return o.message.c_str();
}

// Nanoseconds of `calls` calls of norma together, of the sets from `set` on, the first after the
// last. Negative where norma refuses.
NORMA_BENCH_EXPORT double norma_bench_norma_ns(void* opened, int64_t set, int64_t sets,
                                               int64_t calls) try {
  Opened& o = *static_cast<Opened*>(opened);
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < calls; ++i) {
    o.norma->run(static_cast<size_t>(set));
    set = set + 1 < sets ? set + 1 : 0;
  }
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count();
} catch (const std::exception&) {
  return -1;
}
