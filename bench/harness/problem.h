// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A task on one shape: its inputs, its outputs allocated beforehand, and what the right answer is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/status.h"
#include "core/norm_spec.h"

namespace norma::bench {

struct Task {
  std::string name;
  NormKind kind;
  bool backward;
  bool residual = false;  // forward: sum = x + residual first, stored, and the norm of that
};

// Of the rows that one call touches.
int64_t bytes_of_a_set(const Task& task, DType dtype, int64_t rows, int64_t cols);
// How many sets fill the last-level cache twice, and one more. 1 where a cold call is not timed: it
// would touch so little that the tensors' own headers would be as cold as the rows, or it fills
// that cache twice by itself and is cold anyway.
int64_t cold_sets(const Task& task, DType dtype, int64_t rows, int64_t cols);

// 64-byte aligned, as torch's own.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t size, DType dtype = DType::kF32);
  void* bytes() const { return data_.get(); }
  // REQUIRES: f32.
  float* data() const { return static_cast<float*>(data_.get()); }
  int64_t size() const { return size_; }
  DType dtype() const { return dtype_; }

 private:
  struct Delete {
    void operator()(void* p) const;
  };
  std::unique_ptr<void, Delete> data_;
  int64_t size_ = 0;
  DType dtype_ = DType::kF32;
};

// Elements begin..begin+count as float64.
void read_elements(const void* data, DType dtype, int64_t begin, int64_t count, double* to);

// What depends on the rows: one of several equal sets, so that a call can find its memory cold.
// y in a forward task, dy and dx in a backward task; the copy peer writes to y or dx.
struct RowSet {
  Buffer x, y, dy, dx;            // of the problem's dtype
  Buffer residual, sum;           // of the same, where the task has a residual
  Buffer mean_hi, mean_lo, rstd;  // outputs of a forward task, inputs of a backward task

  void* copied() const { return y.size() ? y.bytes() : dx.bytes(); }
};

// The outputs of a peer's last run, where the task has them. y, sum and dx are of the problem's
// dtype.
struct Answer {
  const void* y = nullptr;
  const void* sum = nullptr;
  const void* dx = nullptr;
  const float* dweight = nullptr;
  const float* dbias = nullptr;
};

struct RowTruth {
  double mean = 0, rstd = 0;  // mean 0 for RMSNorm
};

struct Problem {
  Task task;
  DType dtype = DType::kF32;  // f32, bf16 or f16: of the rows; all else is f32
  int64_t rows = 0, cols = 0;
  double eps = 1e-5;
  Buffer weight, bias, dweight, dbias;  // no bias and dbias in RMSNorm
  std::vector<RowSet> sets;

  // Values are a function of the seed alone: uniform around 0.25, so that no mean is zero, rounded
  // to the dtype, weight and bias too.
  Problem(const Task& task, int64_t rows, int64_t cols, int64_t sets, uint64_t seed,
          DType dtype = DType::kF32);

  bool layer() const { return task.kind == NormKind::kLayerNorm; }
  // The statistics of a row of cols elements by their definition, in float64.
  RowTruth row_truth(const double* x) const;

  // Fills all outputs of the first set with NaN, so that an answer must be this run's.
  void spoil_outputs();
  // FNV-1a over the bits of the answer.
  uint64_t hash(const Answer& answer) const;
};

// Whether the answer for the first set is that of the formulas in float64, within bounds that sums
// in float32 keep in any order on these values. The message names the peer and the worst element.
Status check(const Problem& problem, const Answer& answer, const std::string& peer);

}  // namespace norma::bench
