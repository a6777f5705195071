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
      : p_(problem), n_(static_cast<size_t>(problem.cols)), xhat_(n_), dweight_(n_), dbias_(n_) {}

  void row(int64_t r, const Answer& answer) {
    const RowSet& set = p_.sets.front();
    const float* x = set.x.data() + r * p_.cols;
    const RowTruth truth = p_.row_truth(x);
    for (size_t i = 0; i < n_; ++i) xhat_[i] = (x[i] - truth.mean) * truth.rstd;
    if (p_.task.backward) {
      dx_row(r, truth.rstd, set.dy.data() + r * p_.cols, answer.dx + r * p_.cols);
    } else {
      y_row(r, answer.y + r * p_.cols);
    }
  }

  // After all rows.
  void columns(const Answer& answer) {
    for (size_t i = 0; i < n_; ++i) {
      worst_dweight.see(answer.dweight[i], dweight_[i].sum, kColumnTolerance * dweight_[i].size, -1,
                        i);
      if (!p_.layer()) continue;
      worst_dbias.see(answer.dbias[i], dbias_[i].sum, kColumnTolerance * dbias_[i].size, -1, i);
    }
  }

  Worst worst_row, worst_dweight, worst_dbias;

 private:
  struct Sum {
    double sum = 0, size = 0;
    void add(double term, double term_size) {
      sum += term;
      size += term_size;
    }
  };

  void y_row(int64_t r, const float* y) {
    for (size_t i = 0; i < n_; ++i) {
      const double w = p_.weight.data()[i], b = p_.layer() ? p_.bias.data()[i] : 0;
      const double size = std::abs(w) * (1 + std::abs(xhat_[i])) + std::abs(b);
      worst_row.see(y[i], xhat_[i] * w + b, kRowTolerance * size, r, i);
    }
  }

  void dx_row(int64_t r, double rstd, const float* dy, const float* dx) {
    const float* weight = p_.weight.data();
    Sum g_sum, h_sum;
    for (size_t i = 0; i < n_; ++i) {
      const double g = static_cast<double>(dy[i]) * weight[i], size = 1 + std::abs(xhat_[i]);
      g_sum.add(p_.layer() ? g : 0, 0);
      h_sum.add(g * xhat_[i], std::abs(g) * size);
      dweight_[i].add(dy[i] * xhat_[i], std::abs(dy[i]) * size);
      dbias_[i].add(dy[i], std::abs(dy[i]));
    }
    const auto n = static_cast<double>(n_);
    for (size_t i = 0; i < n_; ++i) {
      const double g = static_cast<double>(dy[i]) * weight[i], size = 1 + std::abs(xhat_[i]);
      worst_row.see(dx[i], rstd * (g - g_sum.sum / n - xhat_[i] * (h_sum.sum / n)),
                    kRowTolerance * rstd * (std::abs(g) + size * h_sum.size / n), r, i);
    }
  }

  const Problem& p_;
  const size_t n_;
  std::vector<double> xhat_;
  std::vector<Sum> dweight_, dbias_;
};

}  // namespace

Status check(const Problem& problem, const Answer& answer, const std::string& peer) {
  const auto verdict = [&](const char* output, const Worst& worst) {
    if (worst.part <= 1) return Status();
    return Status(StatusCode::kInternal,
                  fmt::format("[bench] {} computes a wrong {} for {} [{}, {}] and is not timed: "
                              "row {}, column {} is off by {:.3g}, more than {:.3g}.",
                              peer, output, problem.task.name, problem.rows, problem.cols,
                              worst.row, worst.col, worst.error, worst.bound));
  };
  Check check(problem);
  for (int64_t r = 0; r < problem.rows; ++r) check.row(r, answer);
  NORMA_RETURN_IF_ERROR(verdict(problem.task.backward ? "dx" : "y", check.worst_row));
  if (!problem.task.backward) return {};
  check.columns(answer);
  NORMA_RETURN_IF_ERROR(verdict("dweight", check.worst_dweight));
  return verdict("dbias", check.worst_dbias);
}

}  // namespace norma::bench
