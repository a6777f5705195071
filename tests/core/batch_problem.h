// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The data of one forward and backward pass of BatchNorm, and what the scalar specification makes
// of it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "core/channel_norm.h"
#include "core/ref/batch_norm.h"
#include "tests/core/norm_problem.h"
#include "tests/core/typed_memory.h"
#include "tests/support/results.h"

namespace norma::test {

// T is float or double. x and dy are dense; mask, weight and bias may be empty: absent.
template <typename T>
struct BatchProblemOf {
  BatchNormSpec spec;
  int64_t rows, cols;
  std::vector<T> x, dy, weight, bias;
  std::vector<uint8_t> mask;
  std::vector<T> running_mean, running_var;  // before the call
  static constexpr DType kDType = sizeof(T) == 8 ? DType::kF64 : DType::kF32;
  Types types = {kDType, kDType, kDType};  // which hold every value of x, dy, weight and bias

  bool counts(int64_t r) const { return mask.empty() || mask[static_cast<size_t>(r)] != 0; }
  T at(const std::vector<T>& values, int64_t r, int64_t c) const {
    return values[static_cast<size_t>(r * cols + c)];
  }
  const uint8_t* mask_data() const { return mask.empty() ? nullptr : mask.data(); }
  ConstVectorView parameter(const std::vector<T>& values) const {
    return {values.empty() ? nullptr : values.data(), kDType, cols};
  }
};
using BatchProblem = BatchProblemOf<float>;

// Empty: not asked for.
template <typename T>
struct BatchResultsOf {
  std::vector<T> y, mean_hi, mean_lo, rstd, running_mean, running_var, dx, dweight, dbias;
};
using BatchResults = BatchResultsOf<float>;

// Columns with means of 0, 3, 6, .. and deviation 1; with a mask about one row of four is padding,
// and holds NaN.
inline BatchProblem batch_problem(int64_t rows, int64_t cols, bool masked = false,
                                  uint64_t seed = 1, bool weight = true, bool bias = true) {
  BatchProblem p;
  p.rows = rows;
  p.cols = cols;
  p.x = normal_values(rows * cols, seed);
  p.dy = normal_values(rows * cols, ~seed);
  for (int64_t i = 0; i < rows * cols; ++i) {
    p.x[static_cast<size_t>(i)] += static_cast<float>(3 * (i % cols % 5));
  }
  if (masked) {
    for (int64_t r = 0; r < rows; ++r) p.mask.push_back(r % 4 == 1 ? 0 : 1 + r % 3);
    for (int64_t i = 0; i < rows * cols; ++i) {
      if (p.counts(i / cols)) continue;
      p.x[static_cast<size_t>(i)] = p.dy[static_cast<size_t>(i)] = std::nanf("");
    }
  }
  if (weight) p.weight = normal_values(cols, seed + 1, 0.5f, 1);
  if (bias) p.bias = normal_values(cols, seed + 2);
  p.running_mean = normal_values(cols, seed + 3);
  for (const float v : normal_values(cols, seed + 4)) p.running_var.push_back(v * v + 0.25f);
  return p;
}

template <typename T>
BatchResultsOf<T> specified(const BatchProblemOf<T>& p) {
  using Memory = TypedMemory<T>;
  Memory x(p.x, p.types.rows), dy(p.dy, p.types.rows);
  Memory y(p.rows * p.cols, p.types.rows), dx = y;
  Memory weight(p.weight, p.types.parameters), bias(p.bias, p.types.parameters);
  Memory dweight(p.cols, p.types.gradients), dbias = dweight;
  BatchResultsOf<T> r;
  r.mean_hi.resize(static_cast<size_t>(p.cols));
  r.mean_lo = r.rstd = r.mean_hi;
  r.running_mean = p.running_mean;
  r.running_var = p.running_var;
  const auto rows = [&](Memory& memory) {
    return RowsView{memory.data(), p.types.rows, p.rows, p.cols, p.cols};
  };
  const auto running = [&](std::vector<T>& v) { return VectorView{v.data(), p.kDType, p.cols}; };
  ref::batch_norm_forward(p.spec, {rows(x),
                                   p.mask_data(),
                                   weight.const_vector(),
                                   bias.const_vector(),
                                   rows(y),
                                   running(r.running_mean),
                                   running(r.running_var),
                                   {r.mean_hi.data(), r.mean_lo.data(), r.rstd.data()}});
  ref::batch_norm_backward(p.spec, {rows(x),
                                    rows(dy),
                                    p.mask_data(),
                                    weight.const_vector(),
                                    {r.mean_hi.data(), r.mean_lo.data(), r.rstd.data()},
                                    rows(dx),
                                    dweight.vector(),
                                    dbias.vector()});
  r.y = y.values();
  r.dx = dx.values();
  r.dweight = dweight.values();
  r.dbias = dbias.values();
  return r;
}

// Every result that `got` has, against `want`.
template <typename T>
testing::AssertionResult same_results(const BatchResultsOf<T>& got, const BatchResultsOf<T>& want) {
  using R = BatchResultsOf<T>;
  const Member<R, T> all[] = {
      {"mean_hi", &R::mean_hi},
      {"mean_lo", &R::mean_lo},
      {"rstd", &R::rstd},
      {"running_mean", &R::running_mean},
      {"running_var", &R::running_var},
      {"y", &R::y},
      {"dx", &R::dx},
      {"dweight", &R::dweight},
      {"dbias", &R::dbias}};
  return same_members(got, want, all);
}

}  // namespace norma::test
