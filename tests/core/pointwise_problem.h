// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The data of one forward and backward pass of a pointwise function, and what the scalar
// specification makes of it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/pointwise_spec.h"
#include "core/ref/pointwise.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"
#include "tests/support/results.h"

namespace norma::test {

struct PointwiseProblem {
  PointwiseSpec spec;
  int64_t rows, cols;
  std::vector<float> x, dy, weight, bias;  // x and dy dense; weight and bias may be empty: absent
  Types types = {};                        // which hold every value above
};

// Empty: not asked for.
struct PointwiseResults {
  std::vector<float> y, dx, dweight, dbias, dalpha, dshift;
};

inline PointwiseProblem pointwise_problem(PointwiseSpec spec, int64_t rows, int64_t cols,
                                          uint64_t seed = 1, bool weight = true,
                                          bool bias = true, const Types& types = {}) {
  PointwiseProblem p{spec, rows, cols, normal_values(rows * cols, seed, 2),
                     normal_values(rows * cols, ~seed), {}, {}, types};
  if (weight) p.weight = normal_values(cols, seed + 1, 0.5f, 1);
  if (bias) p.bias = normal_values(cols, seed + 2);
  round_to(&p.x, types.rows);
  round_to(&p.dy, types.rows);
  round_to(&p.weight, types.parameters);
  round_to(&p.bias, types.parameters);
  return p;
}

inline PointwiseResults specified(const PointwiseProblem& p) {
  const auto memory = [](int64_t m, int64_t n, DType dtype, const std::vector<float>& values) {
    PaddedRows typed(m, n, 0, 0, dtype);
    if (!values.empty()) typed.assign(values);
    return typed;
  };
  const DType type = p.types.rows;
  PaddedRows x = memory(p.rows, p.cols, type, p.x), dy = memory(p.rows, p.cols, type, p.dy),
             y = memory(p.rows, p.cols, type, {}), dx = y,
             weight = memory(1, p.cols, p.types.parameters, p.weight),
             bias = memory(1, p.cols, p.types.parameters, p.bias),
             dweight = memory(1, p.cols, p.types.gradients, {}), dbias = dweight;
  const auto parameter = [&](PaddedRows& typed, const std::vector<float>& values) {
    return ConstVectorView{values.empty() ? nullptr : typed.data(), p.types.parameters, p.cols};
  };
  PointwiseResults r;
  const bool has_shift = p.spec.kind == PointwiseKind::kDerf;
  r.dalpha.resize(1);
  if (has_shift) r.dshift.resize(1);
  const ConstVectorView w = parameter(weight, p.weight);
  ref::pointwise_forward(p.spec, {x.view(), w, parameter(bias, p.bias), y.view()});
  ref::pointwise_backward(p.spec, {x.view(), dy.view(), w, dx.view(),
                                   {dweight.data(), p.types.gradients, p.cols},
                                   {dbias.data(), p.types.gradients, p.cols}, r.dalpha.data(),
                                   has_shift ? r.dshift.data() : nullptr});
  r.y = y.dense();
  r.dx = dx.dense();
  r.dweight = dweight.dense();
  r.dbias = dbias.dense();
  return r;
}

// Every result that `got` has, against `want`.
inline testing::AssertionResult same_results(const PointwiseResults& got,
                                             const PointwiseResults& want) {
  const Member<PointwiseResults, float> all[] = {
      {"y", &PointwiseResults::y},
      {"dx", &PointwiseResults::dx},
      {"dweight", &PointwiseResults::dweight},
      {"dbias", &PointwiseResults::dbias},
      {"dalpha", &PointwiseResults::dalpha},
      {"dshift", &PointwiseResults::dshift}};
  return same_members(got, want, all);
}

}  // namespace norma::test
