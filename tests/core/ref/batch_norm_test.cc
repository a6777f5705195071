// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm's specification against arithmetic by hand, a second statement of the order of
// additions, the truth of its running statistics, and finite differences.
#include "core/ref/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "tests/core/batch_problem.h"
#include "tests/core/ref/mutant.h"

namespace norma::test {
namespace {

BatchProblemOf<double> in_f64(const BatchProblem& p) {
  const auto wide = [](const std::vector<float>& v) {
    return std::vector<double>(v.begin(), v.end());
  };
  return {p.spec,
          p.rows,
          p.cols,
          wide(p.x),
          wide(p.dy),
          wide(p.weight),
          wide(p.bias),
          p.mask,
          wide(p.running_mean),
          wide(p.running_var)};
}

// Mean 2, variance 1 and 2 without bias; with eps 3 the root is 2.
TEST(BatchNormReference, ByHand) {
  BatchProblem p;
  p.rows = 3;
  p.cols = 1;
  p.spec.eps = 3;
  p.spec.momentum = 0.25;
  p.x = {1, 99, 3};
  p.dy = {1, 99, 0};
  p.mask = {1, 0, 255};
  p.weight = {2};
  p.bias = {0.5f};
  p.running_mean = {4};
  p.running_var = {1};
  BatchResults r = specified(p);
  EXPECT_EQ(r.y, (std::vector<float>{-0.5f, 0, 1.5f}));
  EXPECT_EQ(r.mean_hi[0], 2);
  EXPECT_EQ(r.rstd[0], 0.5f);
  EXPECT_EQ(r.running_mean[0], 3.5f);
  EXPECT_EQ(r.running_var[0], 1.25f);
  // g = 2 0, xhat = -1/2 1/2: a = 1, h = -1/2.
  EXPECT_EQ(r.dx, (std::vector<float>{0.375f, 0, -0.375f}));
  EXPECT_EQ(r.dweight[0], -0.5f);
  EXPECT_EQ(r.dbias[0], 1);

  p.spec.training = false;
  p.running_mean = {3};
  p.running_var = {13};
  r = specified(p);
  EXPECT_EQ(r.y, (std::vector<float>{-0.5f, 0, 0.5f}));
  EXPECT_EQ(r.running_mean[0], 3);
  EXPECT_EQ(r.rstd[0], 0.25f);
  EXPECT_EQ(r.dx, (std::vector<float>{0.5f, 0, 0}));
  EXPECT_EQ(r.dweight[0], -0.5f);
}

// Rows 32k .. 32k + 31 in sequence in T, then pairs of neighbours in f64; a row that does not count
// adds nothing.
template <typename T>
double written_column(const BatchProblem& p, const std::function<T(int64_t)>& term) {
  std::vector<double> nodes;
  for (int64_t r = 0; r < p.rows; r += 32) {
    T sum = 0;
    for (int64_t k = r; k < std::min(r + 32, p.rows); ++k) {
      if (p.counts(k)) sum += term(k);
    }
    nodes.push_back(static_cast<double>(sum));
  }
  while (nodes.size() > 1) {
    if (nodes.size() % 2 != 0) nodes.push_back(0);
    for (size_t k = 0; k < nodes.size() / 2; ++k) nodes[k] = nodes[2 * k] + nodes[2 * k + 1];
    nodes.resize(nodes.size() / 2);
  }
  return nodes[0] + 0.0;
}

TEST(BatchNormReference, StatisticsAndGradientsAddInTheOrderOfThePage) {
  for (const bool masked : {false, true}) {
    for (const int64_t rows : {3, 20, 31, 32, 33, 64, 65, 100, 1000, 1100}) {
      const BatchProblem p = batch_problem(rows, 6, masked);
      const BatchResults got = specified(p);
      for (int64_t c = 0; c < p.cols; ++c) {
        const auto i = static_cast<size_t>(c);
        std::vector<float> counted;
        for (int64_t r = 0; r < rows; ++r) {
          if (p.counts(r)) counted.push_back(p.at(p.x, r, c));
        }
        const double n = static_cast<double>(counted.size());
        const float pivot = pivot_of(counted, Fault::kNone);
        const auto e = [&](int64_t r) { return p.at(p.x, r, c) - pivot; };
        const double ebar = written_column<float>(p, e) * (1 / n);
        const double t = written_column<float>(p, [&](int64_t r) { return e(r) * e(r); }) * (1 / n);
        const double v = std::max(0.0, t - ebar * ebar) + 1e-5;
        if (t > 4 * v) continue;  // redone in f64: the kernels' test of hostile columns
        const float hi = static_cast<float>(pivot + ebar);
        ASSERT_TRUE(same_bits(got.mean_hi[i], hi)) << rows << " column " << c;
        ASSERT_TRUE(same_bits(got.mean_lo[i],
                              static_cast<float>((static_cast<double>(pivot) - hi) + ebar)));
        ASSERT_TRUE(same_bits(got.rstd[i], 1 / std::sqrt(static_cast<float>(v))));
        const auto dy = [&](int64_t r) { return p.at(p.dy, r, c); };
        const auto product = [&](int64_t r) {
          return dy(r) * (((p.at(p.x, r, c) - hi) - got.mean_lo[i]) * got.rstd[i]);
        };
        ASSERT_TRUE(same_bits(got.dbias[i], static_cast<float>(written_column<float>(p, dy))));
        ASSERT_TRUE(
            same_bits(got.dweight[i], static_cast<float>(written_column<float>(p, product))));
      }
    }
  }
}

// In long double; the batch's mean is off by 66 u of the deviation at most and its variance by
// 400 u of itself (docs/channel-norms.md), the result by half an ulp more.
TEST(BatchNormReference, RunningStatistics) {
  for (const double momentum : {0.0, 0.1, 1.0}) {
    BatchProblem p = batch_problem(77, 30, true);
    p.spec.momentum = momentum;
    const BatchResults got = specified(p);
    for (int64_t c = 0; c < p.cols; ++c) {
      long double n = 0, mean = 0, var = 0;
      for (int64_t r = 0; r < p.rows; ++r) n += p.counts(r);
      for (int64_t r = 0; r < p.rows; ++r) mean += p.counts(r) ? p.at(p.x, r, c) / n : 0;
      for (int64_t r = 0; r < p.rows; ++r) {
        if (p.counts(r)) var += std::pow(p.at(p.x, r, c) - mean, 2) / (n - 1);
      }
      const auto i = static_cast<size_t>(c);
      const long double m = momentum;
      const long double want_mean = (1 - m) * p.running_mean[i] + m * mean;
      const long double want_var = (1 - m) * p.running_var[i] + m * var;
      EXPECT_NEAR(got.running_mean[i], want_mean,
                  0x1p-16 * std::sqrt(var) * m + 0x1p-24 * std::abs(want_mean));
      EXPECT_NEAR(got.running_var[i], want_var, 0x1p-15 * var * m + 0x1p-24 * want_var);
      EXPECT_TRUE(momentum != 0 || got.running_mean[i] == p.running_mean[i]);
    }
  }
}

// L = sum(dy * y) by every element of `values`, which p holds. D(h) = (L(v + h) - L(v - h)) / 2h is
// wrong by k h^2 + O(h^4), so (4 D(h) - D(2h)) / 3 by O(h^4), far below |D(h) - D(2h)| = 3 k h^2.
// That difference and the rounding of L, over h, are the tolerance.
void expect_differences(BatchProblemOf<double>& p, std::vector<double>& values,
                        const std::vector<double>& gradient, const char* name) {
  constexpr double kStep = 0x1p-12;
  double size = 0;
  const auto loss = [&] {
    const BatchResultsOf<double> r = specified(p);
    double sum = 0;
    size = 0;
    for (size_t i = 0; i < r.y.size(); ++i) {
      sum += p.dy[i] * r.y[i];
      size += std::abs(p.dy[i] * r.y[i]);
    }
    return sum;
  };
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    const auto difference = [&](double h) {
      values[i] = value + h;
      const double above = loss();
      values[i] = value - h;
      const double below = loss();
      values[i] = value;
      return (above - below) / (2 * h);
    };
    const double one = difference(kStep), two = difference(2 * kStep);
    const double rounding = 64 * std::numeric_limits<double>::epsilon() * size / kStep;
    EXPECT_NEAR(gradient[i], (4 * one - two) / 3, std::abs(one - two) + rounding) << name << i;
    EXPECT_LT(std::abs(one - two), 1e-3) << "too curved to tell";
  }
}

TEST(BatchNormReference, BackwardIsTheDerivative) {
  for (const bool training : {true, false}) {
    for (const bool masked : {false, true}) {
      BatchProblemOf<double> p = in_f64(batch_problem(9, 4, masked));
      p.spec.training = training;
      for (size_t i = 0; i < p.x.size(); ++i) {
        if (std::isnan(p.x[i])) p.x[i] = p.dy[i] = 7;  // so that a leak is a number
      }
      const BatchResultsOf<double> r = specified(p);
      expect_differences(p, p.x, r.dx, "dx");
      expect_differences(p, p.weight, r.dweight, "dweight");
      expect_differences(p, p.bias, r.dbias, "dbias");
    }
  }
}

// Equal values give the bias exactly, and a NaN or an infinity its own column alone.
TEST(BatchNormReference, SpecialColumns) {
  BatchProblem p = batch_problem(40, 4);
  for (int64_t r = 0; r < 40; ++r) p.x[static_cast<size_t>(r * 4)] = 0.1f;
  p.x[5] = HUGE_VALF;
  p.x[10] = std::nanf("");
  const BatchResults got = specified(p);
  for (int64_t r = 0; r < 40; ++r) {
    EXPECT_EQ(p.at(got.y, r, 0), p.bias[0]);
    EXPECT_TRUE(std::isnan(p.at(got.y, r, 1)));
    EXPECT_TRUE(std::isnan(p.at(got.y, r, 2)));
    EXPECT_TRUE(std::isfinite(p.at(got.y, r, 3)));
  }
}

}  // namespace
}  // namespace norma::test
