// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/pointwise.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "bench/accuracy/element_rows.h"
#include "bench/accuracy/gradient_sum.h"
#include "bench/accuracy/memory.h"
#include "core/plan/pointwise.h"

namespace norma::accuracy {
namespace {

Status run_backward(const PointwiseSpec& spec, const PointwiseBackward& args) {
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(pointwise_backward_workspace_size(spec, args, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  return pointwise_backward(spec, args, workspace.data(), bytes, serial_executor());
}

// Gradients that a call gave, and exact ones to compare them with.
struct Scalars {
  float alpha = 0, shift = 0;
  GradientSum of_alpha, of_shift;

  void judge(const PointwiseSpec& spec, ElementEntry* entry) const {
    of_alpha.judge(alpha, DType::kF32, -1, &entry->parameters.alpha);
    if (spec.kind == PointwiseKind::kDyt) return;
    of_shift.judge(shift, DType::kF32, -1, &entry->parameters.shift);
  }
};

// An element as every result sees it.
struct Element {
  Quad x, dy, weight;
  ExactPoint at;
  double argument;  // what rounding the argument moves it by: k u
};

void add_terms(const Element& e, Scalars* scalars) {
  const Quad v = e.dy * e.weight * e.at.slope;
  const double room = e.at.steepness * e.argument + 23 * kU, x = size_of_quad(e.x);
  const double lost = 3 * kLeast * (1 + size_of_quad(e.dy * e.weight));
  const double v_size = size_of_quad(v);
  scalars->of_alpha.add(v * e.x, v_size * x, room * v_size * x, lost * (1 + x));
  scalars->of_shift.add(v, v_size, room * v_size, lost);
}

}  // namespace

Status measure_pointwise(const PointwiseSpec& spec, ElementEntry* entry, int64_t rows) {
  const Inputs in = element_inputs(entry->dtype, entry->family, rows);
  Memory x(in.dtype, in.x), dy(in.dtype, in.dy), y(in.dtype, in.x), dx = y,
      weight(in.dtype, in.weight), dweight = weight, dbias = weight;
  const RowsView x_rows = x.rows(kElementCols), dy_rows = dy.rows(kElementCols);
  NORMA_RETURN_IF_ERROR(
      pointwise_forward(spec, {x_rows, {}, {}, y.rows(kElementCols)}, serial_executor()));
  NORMA_RETURN_IF_ERROR(
      run_backward(spec, {x_rows, dy_rows, {}, dx.rows(kElementCols), {}, {}}));

  // A scalar's gradient is one number a call: of all rows, and of each by itself.
  const bool has_shift = spec.kind == PointwiseKind::kDerf;
  Scalars all;
  NORMA_RETURN_IF_ERROR(run_backward(
      spec, {x_rows, dy_rows, weight.constants(), {}, dweight.vector(), dbias.vector(), &all.alpha,
             has_shift ? &all.shift : nullptr}));
  std::vector<Scalars> of_row(static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; ++r) {
    Scalars& own = of_row[static_cast<size_t>(r)];
    NORMA_RETURN_IF_ERROR(run_backward(
        spec, {one_row(x_rows, r), one_row(dy_rows, r), weight.constants(), {}, {}, {}, &own.alpha,
               has_shift ? &own.shift : nullptr}));
  }

  std::vector<GradientSum> of_weight(kElementCols), of_bias(kElementCols);
  const std::vector<float> got = y.values(), got_dx = dx.values();
  const Quad alpha = static_cast<float>(spec.alpha);
  for (size_t i = 0; i < got.size(); ++i) {
    const size_t column = i % kElementCols;
    const Quad product = alpha * in.x[i];
    const Quad a = product + static_cast<float>(spec.shift);
    const double argument =
        kU * (size_of_quad(product) + (has_shift ? size_of_quad(a) : 0)) + kLeast;
    const Element e{in.x[i], in.dy[i], in.weight[column], exact_point(spec.kind, a), argument};
    const double of_argument = size_of_quad(e.at.slope) * argument, dy_size = std::fabs(in.dy[i]);
    const double value = size_of_quad(e.at.value);
    judge_element(got[i], e.at.value, in.dtype, of_argument + 3.5 * kU * value, 2 * kLeast, i,
                  &entry->y);
    const Quad want = e.dy * e.at.slope * alpha;
    judge_element(got_dx[i], want, in.dtype,
                  (e.at.steepness * argument + 11 * kU) * size_of_quad(want),
                  4 * kLeast * (1 + dy_size), i, &entry->gradient);
    of_weight[column].add(e.dy * e.at.value, dy_size * value,
                          dy_size * (39 * kU * value + of_argument), kLeast * (1 + 2 * dy_size));
    of_bias[column].add(e.dy, dy_size, 34 * kU * dy_size, kLeast);
    add_terms(e, &all);
    add_terms(e, &of_row[i / kElementCols]);
  }
  judge_columns(of_weight, dweight.values(), in.dtype, &entry->parameters.weight);
  judge_columns(of_bias, dbias.values(), in.dtype, &entry->parameters.bias);
  all.judge(spec, entry);
  for (const Scalars& own : of_row) own.judge(spec, entry);
  return Status();
}

}  // namespace norma::accuracy
