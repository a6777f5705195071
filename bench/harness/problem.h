// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A task on one shape: its inputs, its outputs allocated beforehand, and what the right answer is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/norm_spec.h"

namespace norma::bench {

struct Task {
  std::string name;
  NormKind kind;
  bool backward;
};

// 64-byte aligned, as torch's own.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t size);
  float* data() const { return data_.get(); }
  int64_t size() const { return size_; }

 private:
  struct Delete {
    void operator()(float* p) const;
  };
  std::unique_ptr<float[], Delete> data_;
  int64_t size_ = 0;
};

// What depends on the rows: one of several equal sets, so that a call can find its memory cold.
// y in a forward task, dy and dx in a backward task; the copy peer writes to y or dx.
struct RowSet {
  Buffer x, y, dy, dx;
  Buffer mean_hi, mean_lo, rstd;  // outputs of a forward task, inputs of a backward task

  float* copied() const { return y.size() ? y.data() : dx.data(); }
};

// The outputs of a peer's last run, where the task has them.
struct Answer {
  const float* y = nullptr;
  const float* dx = nullptr;
  const float* dweight = nullptr;
  const float* dbias = nullptr;
};

struct RowTruth {
  double mean = 0, rstd = 0;  // mean 0 for RMSNorm
};

struct Problem {
  Task task;
  int64_t rows = 0, cols = 0;
  double eps = 1e-5;
  Buffer weight, bias, dweight, dbias;  // no bias and dbias in RMSNorm
  std::vector<RowSet> sets;

  // Values are a function of the seed alone: uniform around 0.25, so that no mean is zero.
  Problem(const Task& task, int64_t rows, int64_t cols, int64_t sets, uint64_t seed);

  bool layer() const { return task.kind == NormKind::kLayerNorm; }
  // The statistics of one row by their definition, in float64.
  RowTruth row_truth(const float* x) const;

  // Fills all outputs of the first set with NaN, so that an answer must be this run's.
  void spoil_outputs();
  // FNV-1a over the bits of the answer.
  uint64_t hash(const Answer& answer) const;
};

// Whether the answer for the first set is that of the formulas in float64, within bounds that sums
// in float32 keep in any order on these values. The message names the peer and the worst element.
Status check(const Problem& problem, const Answer& answer, const std::string& peer);

}  // namespace norma::bench
