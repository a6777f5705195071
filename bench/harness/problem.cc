// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/problem.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <string_view>

#include "base/random.h"

namespace norma::bench {
namespace {

constexpr std::align_val_t kAlignment{64};

// Uniform in [-1.25, 1.75), in steps of 3 * 2^-21 that float32 holds exactly.
void fill(const Buffer& buffer, uint64_t seed, uint64_t stream) {
  SplitMix64 random(seed, stream);
  for (int64_t i = 0; i < buffer.size(); ++i) {
    buffer.data()[i] = static_cast<float>(random.next() >> 43) * 0x3p-21f - 1.25f;
  }
}

}  // namespace

Buffer::Buffer(int64_t size) : size_(size) {
  const size_t bytes = static_cast<size_t>(size) * sizeof(float);
  data_.reset(static_cast<float*>(::operator new(bytes, kAlignment)));
}

void Buffer::Delete::operator()(float* p) const { ::operator delete(p, kAlignment); }

Problem::Problem(const Task& task_, int64_t rows_, int64_t cols_, int64_t set_count, uint64_t seed)
    : task(task_), rows(rows_), cols(cols_), weight(cols_), sets(static_cast<size_t>(set_count)) {
  uint64_t stream = 0;
  fill(weight, seed, stream++);
  if (layer()) {
    bias = Buffer(cols);
    fill(bias, seed, stream++);
  }
  if (task.backward) {
    dweight = Buffer(cols);
    if (layer()) dbias = Buffer(cols);
  }
  for (RowSet& set : sets) {
    set.x = Buffer(rows * cols);
    fill(set.x, seed, stream++);
    Buffer& copied = task.backward ? set.dx : set.y;
    copied = Buffer(rows * cols);
    std::fill_n(copied.data(), copied.size(), 0.0f);
    if (task.backward) {
      set.dy = Buffer(rows * cols);
      fill(set.dy, seed, stream++);
    }
    set.mean_hi = Buffer(rows);
    set.mean_lo = Buffer(rows);
    set.rstd = Buffer(rows);
    for (int64_t r = 0; r < rows; ++r) {
      const RowTruth truth = row_truth(set.x.data() + r * cols);
      set.mean_hi.data()[r] = static_cast<float>(truth.mean);
      set.mean_lo.data()[r] = static_cast<float>(truth.mean - set.mean_hi.data()[r]);
      set.rstd.data()[r] = static_cast<float>(truth.rstd);
    }
  }
}

RowTruth Problem::row_truth(const float* x) const {
  const auto n = static_cast<double>(cols);
  double mean = 0, square = 0;
  for (int64_t i = 0; layer() && i < cols; ++i) mean += x[i] / n;
  for (int64_t i = 0; i < cols; ++i) square += (x[i] - mean) * (x[i] - mean);
  return {mean, 1 / std::sqrt(square / n + eps)};
}

void Problem::spoil_outputs() {
  RowSet& set = sets.front();
  for (Buffer* b : {&set.y, &set.dx, &dweight, &dbias}) {
    std::fill_n(b->data(), b->size(), std::numeric_limits<float>::quiet_NaN());
  }
}

uint64_t Problem::hash(const Answer& answer) const {
  uint64_t hash = 0;
  const auto add = [&](const float* p, int64_t size) {
    if (!p) return;
    const std::string_view bytes(reinterpret_cast<const char*>(p), static_cast<size_t>(size) * 4);
    hash = mix64(hash + fnv1a_64(bytes));
  };
  add(answer.y, rows * cols);
  add(answer.dx, rows * cols);
  add(answer.dweight, cols);
  add(answer.dbias, cols);
  return hash;
}

}  // namespace norma::bench
