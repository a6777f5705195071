// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bench/harness/problem.h"

namespace norma::bench {
namespace {

// 2^-15: four times what section 8 of the contract norma-1 proves for y, as much as it proves for
// dx; torch's order of additions keeps it too on these values. 2^-14: sums over 8192 rows in
// float32, one by one, drift by about sqrt(8192) roundings, and a row left out still shows.
constexpr double kRowTolerance = 0x1p-15, kColumnTolerance = 0x1p-14;
// With 16-bit rows. A peer may sum columns in the rows' own type, as torch does in bf16: that is
// its answer, and is timed up to 2^-5 of the terms' sizes. Where the sum has stalled, it is off by
// more.
constexpr double kNarrowColumnTolerance = 0x1p-5;

// What rounding a result to the type may add, as a part of it: a peer may round twice.
double rounding_of(DType dtype) {
  return dtype == DType::kBF16 ? 2 * 0x1p-8 : dtype == DType::kF16 ? 2 * 0x1p-11 : 0;
}
// In f16 results below 2^-14 are rounded in steps of 2^-24.
double least_step_of(DType dtype) { return dtype == DType::kF16 ? 0x1p-24 : 0; }

// The element whose error is the largest part of its bound.
struct Worst {
  double error = 0, bound = 0, part = 0;
  int64_t row = -1, col = -1;

  void see(double found, double truth, double allowed, int64_t at_row, size_t at_col) {
    const double e = std::abs(found - truth);
    const double p = std::isnan(e) ? std::numeric_limits<double>::infinity() : e / allowed;
    if (p > part) *this = {e, allowed, p, at_row, static_cast<int64_t>(at_col)};
  }
};

class Check {
 public:
  explicit Check(const Problem& problem)
      : p_(problem),
        n_(static_cast<size_t>(problem.cols)),
        rounding_(rounding_of(problem.dtype)),
        least_step_(least_step_of(problem.dtype)),
        column_tolerance_(problem.dtype == DType::kF32 ? kColumnTolerance : kNarrowColumnTolerance),
        xhat_(n_),
        dy_(n_),
        residual_(n_),
        found_(n_),
        dweight_(n_),
        dbias_(n_) {}

  void row(int64_t r, const Answer& answer) {
    const RowSet& set = p_.sets.front();
    read(set.x.bytes(), r, xhat_);
    if (p_.task.residual) sum_row(r, answer.sum);
    const RowTruth truth = p_.row_truth(xhat_.data());
    for (double& x : xhat_) x = (x - truth.mean) * truth.rstd;
    read(p_.task.backward ? answer.dx : answer.y, r, found_);
    if (p_.task.backward) {
      read(set.dy.bytes(), r, dy_);
      dx_row(r, truth.rstd);
    } else {
      y_row(r);
    }
  }

  // After all rows.
  void columns(const Answer& answer) {
    for (size_t i = 0; i < n_; ++i) {
      worst_dweight.see(answer.dweight[i], dweight_[i].sum, column_tolerance_ * dweight_[i].size,
                        -1, i);
      if (!p_.layer()) continue;
      worst_dbias.see(answer.dbias[i], dbias_[i].sum, column_tolerance_ * dbias_[i].size, -1, i);
    }
  }

  Worst worst_sum, worst_row, worst_dweight, worst_dbias;

 private:
  struct Sum {
    double sum = 0, size = 0;
    void add(double term, double term_size) {
      sum += term;
      size += term_size;
    }
  };

  void read(const void* rows, int64_t r, std::vector<double>& to) const {
    read_elements(rows, p_.dtype, r * p_.cols, p_.cols, to.data());
  }

  // `bound` before the result is rounded to the rows' type.
  void see_row(size_t i, double truth, double bound, int64_t r) {
    worst_row.see(found_[i], truth, bound + rounding_ * std::abs(truth) + least_step_, r, i);
  }

  // Adds the residual to x, in float64.
  void sum_row(int64_t r, const void* sum) {
    read(p_.sets.front().residual.bytes(), r, residual_);
    read(sum, r, found_);
    for (size_t i = 0; i < n_; ++i) {
      xhat_[i] += residual_[i];
      const double size = std::abs(xhat_[i]) + std::abs(residual_[i]);
      worst_sum.see(found_[i], xhat_[i],
                    0x1p-23 * size + rounding_ * std::abs(xhat_[i]) + least_step_, r, i);
    }
  }

  void y_row(int64_t r) {
    for (size_t i = 0; i < n_; ++i) {
      const double w = p_.weight.data()[i], b = p_.layer() ? p_.bias.data()[i] : 0;
      const double size = std::abs(w) * (1 + std::abs(xhat_[i])) + std::abs(b);
      // Some normalise the sum as it is stored, some before it is rounded.
      const double of_sum = p_.task.residual ? rounding_ * size : 0;
      see_row(i, xhat_[i] * w + b, kRowTolerance * size + of_sum, r);
    }
  }

  void dx_row(int64_t r, double rstd) {
    const std::vector<double>& dy = dy_;
    const float* weight = p_.weight.data();
    Sum g_sum, h_sum;
    for (size_t i = 0; i < n_; ++i) {
      const double g = dy[i] * weight[i], size = 1 + std::abs(xhat_[i]);
      g_sum.add(p_.layer() ? g : 0, 0);
      h_sum.add(g * xhat_[i], std::abs(g) * size);
      dweight_[i].add(dy[i] * xhat_[i], std::abs(dy[i]) * size);
      dbias_[i].add(dy[i], std::abs(dy[i]));
    }
    const auto n = static_cast<double>(n_);
    for (size_t i = 0; i < n_; ++i) {
      const double g = dy[i] * weight[i], size = 1 + std::abs(xhat_[i]);
      see_row(i, rstd * (g - g_sum.sum / n - xhat_[i] * (h_sum.sum / n)),
              kRowTolerance * rstd * (std::abs(g) + size * h_sum.size / n), r);
    }
  }

  const Problem& p_;
  const size_t n_;
  const double rounding_, least_step_, column_tolerance_;
  std::vector<double> xhat_, dy_, residual_, found_;
  std::vector<Sum> dweight_, dbias_;
};

}  // namespace

Status check(const Problem& problem, const Answer& answer, const std::string& peer) {
  const auto verdict = [&](const char* output, const Worst& worst) {
    if (worst.part <= 1) return Status();
    return Status(
        StatusCode::kInternal,
        fmt::format("[bench] {} computes a wrong {} for {} [{}, {}] in {} and is not "
                    "timed: row {}, column {} is off by {:.3g}, more than {:.3g}.",
                    peer, output, problem.task.name, problem.rows, problem.cols,
                    name_of(problem.dtype), worst.row, worst.col, worst.error, worst.bound));
  };
  Check check(problem);
  for (int64_t r = 0; r < problem.rows; ++r) check.row(r, answer);
  NORMA_RETURN_IF_ERROR(verdict("sum", check.worst_sum));
  NORMA_RETURN_IF_ERROR(verdict(problem.task.backward ? "dx" : "y", check.worst_row));
  if (!problem.task.backward) return {};
  check.columns(answer);
  NORMA_RETURN_IF_ERROR(verdict("dweight", check.worst_dweight));
  return verdict("dbias", check.worst_dbias);
}

}  // namespace norma::bench
