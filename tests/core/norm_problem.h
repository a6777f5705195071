// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The data of one forward and backward pass, and every result that norma-1 fixes for it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/plan/implementations.h"
#include "core/ref/crms_norm.h"
#include "core/ref/layer_norm.h"
#include "core/ref/rms_norm.h"
#include "core/ref/rows.h"
#include "tests/core/hostile_rows.h"
#include "tests/core/norm_case.h"
#include "tests/support/results.h"

namespace norma::test {

struct Types {
  DType rows = DType::kF32, parameters = DType::kF32, gradients = DType::kF32;

  std::string text() const {
    return std::string("rows ") + name_of(rows) + " parameters " + name_of(parameters) +
           " gradients " + name_of(gradients);
  }
};

struct Problem {
  NormSpec spec;
  int64_t rows, cols;
  std::vector<float> x, dy, weight, bias;  // x and dy dense; weight and bias may be empty: absent
  Types types = {};  // which hold every value above

  // Of the weight, which may be one for all columns, and so of its gradient.
  int64_t weights() const { return weight.size() == 1 ? 1 : cols; }
};

inline void round_to(std::vector<float>* values, DType dtype) {
  for (float& v : *values) v = ref::rounded(v, dtype);
}

// The same problem with values that its types hold.
template <typename AnyProblem>
AnyProblem in_types(AnyProblem p, const Types& types) {
  p.types = types;
  round_to(&p.x, types.rows);
  round_to(&p.dy, types.rows);
  round_to(&p.weight, types.parameters);
  round_to(&p.bias, types.parameters);
  return p;
}

// Empty: not asked for, or not defined for this norm.
struct Results {
  std::vector<float> y, mean_hi, mean_lo, rstd, dx, dweight, dbias;
  std::vector<double> s, q;  // raw sums of the forward's f32 pass
  std::vector<double> g, h;  // raw sums of the backward
};

// Rows with means of 0, 3, 6, .. and deviation 1.
inline Problem normal_problem(NormSpec spec, int64_t rows, int64_t cols, uint64_t seed = 1,
                              bool weight = true, bool bias = true) {
  Problem p{spec, rows, cols, normal_values(rows * cols, seed), normal_values(rows * cols, ~seed),
            {}, {}};
  for (int64_t i = 0; i < rows * cols; ++i) {
    p.x[static_cast<size_t>(i)] += static_cast<float>(3 * (i / cols % 5));
  }
  if (weight) p.weight = normal_values(cols, seed + 1, 0.5f, 1);
  if (bias) p.bias = normal_values(cols, seed + 2);
  return p;
}

inline ref::RowSums specified_sums(const NormSpec& spec, const float* x, int64_t cols) {
  if (spec.kind == NormKind::kLayerNorm) return ref::layer_norm_sums(x, cols);
  if (spec.kind == NormKind::kCrmsNorm) return ref::crms_norm_sums(x, cols);
  return ref::rms_norm_sums(x, statistic_cols_of(spec, cols));
}

// What the scalar specification makes of it.
inline Results specified(const Problem& p) {
  const auto rows = static_cast<size_t>(p.rows), cols = static_cast<size_t>(p.cols);
  const bool layer_norm = p.spec.kind == NormKind::kLayerNorm;
  Results r;
  r.rstd.resize(rows);
  if (saves_mean_hi(p.spec.kind)) r.mean_hi = r.rstd;
  if (saves_mean_lo(p.spec.kind)) r.mean_lo = r.rstd;
  float* hi = r.mean_hi.empty() ? nullptr : r.mean_hi.data();
  float* lo = r.mean_lo.empty() ? nullptr : r.mean_lo.data();
  const auto memory = [](int64_t m, int64_t n, DType dtype, const std::vector<float>& values) {
    PaddedRows typed(m, n, 0, 0, dtype);
    if (!values.empty()) typed.assign(values);
    return typed;
  };
  const DType type = p.types.rows;
  PaddedRows x = memory(p.rows, p.cols, type, p.x), dy = memory(p.rows, p.cols, type, p.dy),
             y = memory(p.rows, p.cols, type, {}), dx = y,
             weight_memory = memory(1, p.weights(), p.types.parameters, p.weight),
             bias_memory = memory(1, p.cols, p.types.parameters, p.bias),
             dweight = memory(1, p.weights(), p.types.gradients, {}),
             dbias = memory(1, p.cols, p.types.gradients, {});
  const auto parameter = [&](PaddedRows& typed, const std::vector<float>& values, int64_t size) {
    return ConstVectorView{values.empty() ? nullptr : typed.data(), p.types.parameters, size};
  };
  const ConstVectorView w = parameter(weight_memory, p.weight, p.weights());
  const NormForward forward{x.view(), w, parameter(bias_memory, p.bias, p.cols), y.view(),
                            {hi, lo, r.rstd.data()}};
  const Implementation& reference = implementations().back();
  reference.forward(p.spec, forward, serial_executor());
  const NormBackward backward{x.view(), dy.view(), w, {hi, lo, r.rstd.data()}, dx.view(),
                              {dweight.data(), p.types.gradients, p.weights()},
                              {dbias.data(), p.types.gradients, p.cols}};
  reference.backward(p.spec, backward, nullptr, 0, serial_executor());
  r.y = y.dense();
  r.dx = dx.dense();
  r.dweight = dweight.dense();
  r.dbias = dbias.dense();
  std::vector<float> gain = p.weight;
  if (gain.size() == 1) gain.resize(cols, gain[0]);
  for (float& v : gain) v = p.spec.weight_plus_one ? 1.0f + v : v;
  const float* weight = gain.empty() ? nullptr : gain.data();
  for (size_t i = 0; i < rows; ++i) {
    const float *row = p.x.data() + i * cols, *drow = p.dy.data() + i * cols;
    const ref::RowSums sums = specified_sums(p.spec, row, p.cols);
    const ref::RowSums back =
        layer_norm ? ref::layer_norm_backward_sums(row, drow, weight, p.cols, hi[i], lo[i],
                                                   r.rstd[i])
                   : ref::rms_norm_backward_sums(row, drow, weight, p.cols, r.rstd[i]);
    if (saves_mean_hi(p.spec.kind)) r.s.push_back(sums.s);
    r.q.push_back(sums.q);
    if (layer_norm) r.g.push_back(back.s);
    r.h.push_back(back.q);
  }
  return r;
}

// Every result that `got` has, against `want`.
inline testing::AssertionResult same_results(const Results& got, const Results& want) {
  constexpr Member<Results, double> kSums[] = {
      {"S", &Results::s}, {"Q", &Results::q}, {"G", &Results::g}, {"H", &Results::h}};
  constexpr Member<Results, float> kValues[] = {{"mean_hi", &Results::mean_hi},
                                                {"mean_lo", &Results::mean_lo},
                                                {"rstd", &Results::rstd},
                                                {"y", &Results::y},
                                                {"dx", &Results::dx},
                                                {"dweight", &Results::dweight},
                                                {"dbias", &Results::dbias}};
  const auto same = same_members(got, want, kSums);
  return same ? same_members(got, want, kValues) : same;
}

}  // namespace norma::test
