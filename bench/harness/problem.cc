// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/problem.h"

#include <cmath>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>

#include "base/cache_size.h"
#include "base/float16.h"
#include "base/random.h"

namespace norma::bench {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr int64_t kColdSetBytes = 256 << 10;

// Uniform in [-1.25, 1.75), in steps of 3 * 2^-21 that float32 holds exactly.
template <typename T, typename Stored>
void fill(const Buffer& buffer, uint64_t seed, uint64_t stream) {
  SplitMix64 random(seed, stream);
  for (int64_t i = 0; i < buffer.size(); ++i) {
    const T value = from_f32<T>(static_cast<float>(random.next() >> 43) * 0x3p-21f - 1.25f);
    if constexpr (std::is_same_v<Stored, T>) {
      static_cast<T*>(buffer.bytes())[i] = value;
    } else {
      static_cast<Stored*>(buffer.bytes())[i] = to_f32(value);
    }
  }
}

// Values that `dtype` holds, stored in the buffer's own type, which is that or f32.
void fill(const Buffer& buffer, DType dtype, uint64_t seed, uint64_t stream) {
  const bool wide = buffer.dtype() == DType::kF32;
  if (dtype == DType::kF32) return fill<float, float>(buffer, seed, stream);
  if (dtype == DType::kBF16) {
    return wide ? fill<BFloat16, float>(buffer, seed, stream)
                : fill<BFloat16, BFloat16>(buffer, seed, stream);
  }
  return wide ? fill<Float16, float>(buffer, seed, stream)
              : fill<Float16, Float16>(buffer, seed, stream);
}

template <typename T>
void read_as(const void* data, int64_t begin, int64_t count, double* to) {
  const T* from = static_cast<const T*>(data) + begin;
  for (int64_t i = 0; i < count; ++i) to[i] = to_f32(from[i]);
}

}  // namespace

int64_t bytes_of_a_set(const Task& task, DType dtype, int64_t rows, int64_t cols) {
  const int64_t matrices = task.backward ? 3 : task.residual ? 4 : 2;
  return matrices * rows * cols * static_cast<int64_t>(size_of(dtype));
}

int64_t cold_sets(const Task& task, DType dtype, int64_t rows, int64_t cols) {
  const int64_t set_bytes = bytes_of_a_set(task, dtype, rows, cols);
  return set_bytes < kColdSetBytes ? 1 : 2 * last_level_cache_bytes() / set_bytes + 1;
}

Buffer::Buffer(int64_t size, DType dtype) : size_(size), dtype_(dtype) {
  const size_t bytes = static_cast<size_t>(size) * size_of(dtype);
  data_.reset(::operator new(bytes, kAlignment));
}

void Buffer::Delete::operator()(void* p) const { ::operator delete(p, kAlignment); }

void read_elements(const void* data, DType dtype, int64_t begin, int64_t count, double* to) {
  if (dtype == DType::kF32) return read_as<float>(data, begin, count, to);
  if (dtype == DType::kBF16) return read_as<BFloat16>(data, begin, count, to);
  read_as<Float16>(data, begin, count, to);
}

Problem::Problem(const Task& task_, int64_t rows_, int64_t cols_, int64_t set_count, uint64_t seed,
                 DType dtype_)
    : task(task_),
      dtype(dtype_),
      rows(rows_),
      cols(cols_),
      weight(cols_),
      sets(static_cast<size_t>(set_count)) {
  uint64_t stream = 0;
  std::vector<double> row(static_cast<size_t>(cols));
  fill(weight, dtype, seed, stream++);
  if (layer()) {
    bias = Buffer(cols);
    fill(bias, dtype, seed, stream++);
  }
  if (task.backward) {
    dweight = Buffer(cols);
    if (layer()) dbias = Buffer(cols);
  }
  for (RowSet& set : sets) {
    set.x = Buffer(rows * cols, dtype);
    fill(set.x, dtype, seed, stream++);
    Buffer& copied = task.backward ? set.dx : set.y;
    copied = Buffer(rows * cols, dtype);
    std::memset(copied.bytes(), 0, static_cast<size_t>(copied.size()) * size_of(dtype));
    if (task.backward) {
      set.dy = Buffer(rows * cols, dtype);
      fill(set.dy, dtype, seed, stream++);
    }
    if (task.residual) {
      set.residual = Buffer(rows * cols, dtype);
      fill(set.residual, dtype, seed, stream++);
      set.sum = Buffer(rows * cols, dtype);
      std::memset(set.sum.bytes(), 0, static_cast<size_t>(set.sum.size()) * size_of(dtype));
    }
    set.mean_hi = Buffer(rows);
    set.mean_lo = Buffer(rows);
    set.rstd = Buffer(rows);
    for (int64_t r = 0; r < rows; ++r) {
      read_elements(set.x.bytes(), dtype, r * cols, cols, row.data());
      const RowTruth truth = row_truth(row.data());
      set.mean_hi.data()[r] = static_cast<float>(truth.mean);
      set.mean_lo.data()[r] = static_cast<float>(truth.mean - set.mean_hi.data()[r]);
      set.rstd.data()[r] = static_cast<float>(truth.rstd);
    }
  }
}

RowTruth Problem::row_truth(const double* x) const {
  const auto n = static_cast<double>(cols);
  double mean = 0, square = 0;
  for (int64_t i = 0; layer() && i < cols; ++i) mean += x[i] / n;
  for (int64_t i = 0; i < cols; ++i) square += (x[i] - mean) * (x[i] - mean);
  return {mean, 1 / std::sqrt(square / n + eps)};
}

void Problem::spoil_outputs() {
  RowSet& set = sets.front();
  for (Buffer* b : {&set.y, &set.sum, &set.dx, &dweight, &dbias}) {
    // All bits set is a NaN of every type.
    if (b->size())
      std::memset(b->bytes(), -1, static_cast<size_t>(b->size()) * size_of(b->dtype()));
  }
}

uint64_t Problem::hash(const Answer& answer) const {
  uint64_t hash = 0;
  const auto add = [&](const void* p, int64_t size, DType type) {
    if (!p) return;
    const std::string_view bytes(static_cast<const char*>(p),
                                 static_cast<size_t>(size) * size_of(type));
    hash = mix64(hash + fnv1a_64(bytes));
  };
  add(answer.y, rows * cols, dtype);
  add(answer.sum, rows * cols, dtype);
  add(answer.dx, rows * cols, dtype);
  add(answer.dweight, cols, DType::kF32);
  add(answer.dbias, cols, DType::kF32);
  return hash;
}

}  // namespace norma::bench
