// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/seed_norm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "bench/accuracy/element_rows.h"
#include "bench/accuracy/gradient_sum.h"
#include "bench/accuracy/memory.h"
#include "core/plan/seed_norm.h"

namespace norma::accuracy {
namespace {

constexpr size_t kCols = kElementCols;

struct Vectors {
  std::vector<float> alpha, beta, gamma;
};

// To numbers that the type holds.
void scale(float by, DType dtype, std::vector<float>* values) {
  for (float& value : *values) value = ref::rounded(value * by, dtype);
}

struct Results {
  std::vector<float> y, dx, dalpha, dbeta, dgamma;
};

Status results_of(const Inputs& in, const Vectors& vectors, Results* results) {
  Memory x(in.dtype, in.x), dy(in.dtype, in.dy), y(in.dtype, in.x), dx = y,
      alpha(in.dtype, vectors.alpha), beta(in.dtype, vectors.beta),
      gamma(in.dtype, vectors.gamma), dalpha = alpha, dbeta = alpha, dgamma = alpha,
      dot(DType::kF32, static_cast<size_t>(in.rows)), rstd = dot;
  NORMA_RETURN_IF_ERROR(seed_norm_forward(
      {in.spec.eps, x.rows(in.cols), alpha.constants(), beta.constants(), gamma.constants(),
       y.rows(in.cols), dot.vector().data, rstd.vector().data},
      serial_executor()));
  const SeedNormBackward backward{x.rows(in.cols), dy.rows(in.cols), alpha.constants(),
                                  beta.constants(), gamma.constants(), dot.vector().data,
                                  rstd.vector().data, dx.rows(in.cols), dalpha.vector(),
                                  dbeta.vector(), dgamma.vector()};
  size_t bytes = 0;
  NORMA_RETURN_IF_ERROR(seed_norm_backward_workspace_size(backward, serial_executor(), &bytes));
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  NORMA_RETURN_IF_ERROR(
      seed_norm_backward(backward, workspace.data(), bytes, serial_executor()));
  *results = {y.values(), dx.values(), dalpha.values(), dbeta.values(), dgamma.values()};
  return Status();
}

// A row, exactly, and by how much t and e may be off: the page's T and E.
struct Row {
  ExactSeedRow exact;
  double t_error = 0, e_error = 0;
};

Row row_of(const Inputs& in, const Vectors& vectors, size_t first) {
  const float* const x = in.x.data() + first;
  const float* const dy = in.dy.data() + first;
  Row row{.exact = exact_seed_row(in.spec.eps, x, dy, vectors.alpha.data(), vectors.beta.data(),
                                  kElementCols)};
  double terms = 0, along_terms = 0;
  for (size_t i = 0; i < kCols; ++i) {
    terms += size_of_quad(static_cast<Quad>(x[i]) * vectors.beta[i]);
    along_terms += size_of_quad(dy[i] * row.exact.norm.xhat[i] * vectors.alpha[i]);
  }
  // The slope is the steepest within the error of dot.
  const double near = std::max(size_of_quad(row.exact.dot) - 13 * kU * terms, 0.0);
  const double slope = 1 / (std::cosh(near) * std::cosh(near)), t = size_of_quad(row.exact.t);
  row.t_error = kU * (13 * slope * terms + 4.5 * t);
  row.e_error = slope * 24 * kU * along_terms +
                size_of_quad(row.exact.along) * (2 * t * row.t_error + 2 * kU) +
                2 * kU * size_of_quad(row.exact.e);
  return row;
}

// y and dx of the row that begins at `first`.
void judge_row(const Inputs& in, const Vectors& vectors, const Row& row, const Results& got,
               size_t first, ElementEntry* entry) {
  const ExactRow& norm = row.exact.norm;
  std::vector<Quad> gain(kCols);
  std::vector<double> w_error(kCols);
  double mean = 0, mean_error = 0;
  for (size_t i = 0; i < kCols; ++i) {
    const Quad gained = row.exact.t * vectors.alpha[i];
    gain[i] = gained + vectors.gamma[i];
    const double of_gain = std::fabs(vectors.alpha[i]) * row.t_error +
                           kU * (size_of_quad(gained) + size_of_quad(gain[i]));
    const double outer = std::fabs(in.dy[first + i]), xhat = size_of_quad(norm.xhat[i]);
    w_error[i] = outer * (of_gain + kU * size_of_quad(gain[i]));
    mean += outer * size_of_quad(gain[i]) * xhat / kCols;
    mean_error += w_error[i] * xhat / kCols;
    const Quad want = gain[i] * norm.xhat[i];
    // Rows of 16 bits have xhat stored before the gain.
    const double stored = in.dtype == DType::kF32 ? 0 : ulp_of(in.dtype, 1.001 * xhat) / 2;
    judge_element(got.y[first + i], want, in.dtype,
                  1.01 * xhat * of_gain + 11 * kU * size_of_quad(want),
                  2 * kLeast + stored * (size_of_quad(gain[i]) + of_gain), first + i, &entry->y);
  }
  const std::vector<Quad> of_norm = exact_dx(in.spec, norm, in.dy.data() + first, gain);
  const double scale = size_of_quad(norm.rstd);
  for (size_t i = 0; i < kCols; ++i) {
    const Quad added = row.exact.e * vectors.beta[i], want = of_norm[i] + added;
    const double xhat = size_of_quad(norm.xhat[i]);
    const double w = std::fabs(in.dy[first + i]) * size_of_quad(gain[i]);
    const double room = scale * (0x1p-18 * (w + xhat * mean) + w_error[i] + xhat * mean_error) +
                        std::fabs(vectors.beta[i]) * row.e_error + 2 * kU * size_of_quad(added) +
                        kU * size_of_quad(want);
    judge_element(got.dx[first + i], want, in.dtype, 1.01 * room,
                  kLeast * (4 + scale * (2 + xhat)), first + i, &entry->gradient);
  }
}

struct Sums {
  std::vector<GradientSum> alpha, beta, gamma;
};

void add_terms(const Inputs& in, const Row& row, size_t first, Sums* sums) {
  const double t = size_of_quad(row.exact.t), e = size_of_quad(row.exact.e);
  // e is a product with the slope, which is off by 3 steps where it is subnormal.
  const double e_lost = kLeast * (1 + 3 * size_of_quad(row.exact.along));
  for (size_t i = 0; i < kCols; ++i) {
    const Quad c = in.dy[first + i] * row.exact.norm.xhat[i];
    const double outer = std::fabs(in.dy[first + i]), x = std::fabs(in.x[first + i]);
    const double size = size_of_quad(c), lost = kLeast * (1 + outer) / 2;
    sums->gamma[i].add(c, size, 43 * kU * size, lost);
    sums->alpha[i].add(row.exact.t * c, t * size, (44 * kU * t + 1.01 * row.t_error) * size,
                       t * lost + kLeast);
    sums->beta[i].add(row.exact.e * in.x[first + i], e * x,
                      (33 * kU * e + 1.01 * row.e_error) * x, e_lost * x + kLeast);
  }
}

}  // namespace

Status measure_seed_norm(ElementEntry* entry, int64_t rows) {
  Inputs in = element_inputs(entry->dtype, entry->family, rows);
  Vectors vectors{in.weight,
                  {in.dy.begin(), in.dy.begin() + kElementCols},
                  element_inputs(entry->dtype, entry->family, rows + 1).weight};
  scale(0x1p-4f, in.dtype, &vectors.beta);
  Results got;
  NORMA_RETURN_IF_ERROR(results_of(in, vectors, &got));
  for (size_t first = 0; first < in.x.size(); first += kCols) {
    judge_row(in, vectors, row_of(in, vectors, first), got, first, entry);
  }

  // The dot of a wide row is so large that tanh is flat and dbeta nothing. The gradients of the
  // parameters are of betas that bring it near 1, and of a dy that keeps dbeta in the range of f16.
  if (entry->family == Family::kWide) {
    scale(in.dtype == DType::kF16 ? 0x1p-8f : 0x1p-17f, in.dtype, &vectors.beta);
    scale(0x1p-4f, in.dtype, &in.dy);
  }
  NORMA_RETURN_IF_ERROR(results_of(in, vectors, &got));
  Sums sums{std::vector<GradientSum>(kCols), std::vector<GradientSum>(kCols),
            std::vector<GradientSum>(kCols)};
  for (size_t first = 0; first < in.x.size(); first += kCols) {
    add_terms(in, row_of(in, vectors, first), first, &sums);
  }
  judge_columns(sums.gamma, got.dgamma, in.dtype, &entry->parameters.weight);
  judge_columns(sums.alpha, got.dalpha, in.dtype, &entry->parameters.alpha);
  judge_columns(sums.beta, got.dbeta, in.dtype, &entry->parameters.shift);
  return Status();
}

}  // namespace norma::accuracy
