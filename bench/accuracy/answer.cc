// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/answer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "bench/accuracy/memory.h"
#include "core/plan/plan.h"
#include "core/ref/rows.h"

namespace norma::accuracy {
Result<Answer> answer_of(const Inputs& in) {
  const bool has_hi = saves_mean_hi(in.spec.kind), has_lo = saves_mean_lo(in.spec.kind);
  const bool residual = !in.residual.empty();
  const size_t rows = static_cast<size_t>(in.rows), cols = static_cast<size_t>(in.cols);
  Memory x(in.dtype, in.x), r(in.dtype, in.residual), dy(in.dtype, in.dy), dsum(in.dtype, in.dsum),
      y(in.dtype, rows * cols), dx = y, sum(in.dtype, residual ? rows * cols : 0);
  Memory weight(in.parameters, in.weight), bias(in.parameters, in.bias),
      dweight(in.parameters, cols), dbias(in.parameters, cols);
  std::vector<float> hi(has_hi ? rows : 0), lo(has_lo ? rows : 0);
  Answer out;
  out.rstd.resize(rows);
  float* const mean_hi = has_hi ? hi.data() : nullptr;
  float* const mean_lo = has_lo ? lo.data() : nullptr;

  NormForward forward{x.rows(in.cols),
                      weight.constants(),
                      bias.constants(),
                      y.rows(in.cols),
                      {mean_hi, mean_lo, out.rstd.data()}};
  forward.residual = r.rows(in.cols);
  forward.sum = sum.rows(in.cols);
  forward.residual_scale = in.residual_scale;
  NORMA_RETURN_IF_ERROR(norm_forward(in.spec, forward, serial_executor()));

  NormBackward backward{residual ? sum.rows(in.cols) : x.rows(in.cols),
                        dy.rows(in.cols),
                        weight.constants(),
                        {mean_hi, mean_lo, out.rstd.data()},
                        dx.rows(in.cols),
                        dweight.vector(),
                        dbias.vector()};
  backward.dsum = dsum.rows(in.cols);
  backward.residual_scale = in.residual_scale;
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(norm_backward_workspace_size(in.spec, backward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      norm_backward(in.spec, backward, workspace.data(), bytes, serial_executor()));

  out.sum = sum.values();
  out.y = y.values();
  out.dx = dx.values();
  out.dweight = dweight.values();
  out.dbias = dbias.values();
  for (size_t i = 0; i < lo.size(); ++i) {
    out.mean.push_back(static_cast<double>(hi[i]) + static_cast<double>(lo[i]));
  }
  return out;
}

std::vector<float> naive_y(const Inputs& in, Naive formula) {
  const bool layer_norm = in.spec.kind == NormKind::kLayerNorm;
  const size_t n = static_cast<size_t>(in.cols);
  const float count = static_cast<float>(in.cols);
  std::vector<float> y(in.x.size());
  for (size_t first = 0; first < y.size(); first += n) {
    const float* x = in.x.data() + first;
    float sum = 0, squares = 0;
    for (size_t i = 0; i < n; ++i) sum += x[i];
    const float mean = layer_norm ? sum / count : 0;
    const float shift = formula == Naive::kTwoPasses ? mean : 0;
    for (size_t i = 0; i < n; ++i) squares += (x[i] - shift) * (x[i] - shift);
    float variance = squares / count;
    if (formula == Naive::kOnePass) variance = std::max(variance - mean * mean, 0.0f);
    const float rstd = 1 / std::sqrt(variance + static_cast<float>(in.spec.eps));
    for (size_t i = 0; i < n; ++i) {
      const float bias = in.bias.empty() ? 0 : in.bias[i];
      y[first + i] = ref::rounded((x[i] - mean) * rstd * in.weight[i] + bias, in.dtype);
    }
  }
  return y;
}

}  // namespace norma::accuracy
