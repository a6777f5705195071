// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What SeeDNorm accepts and refuses; its values against the definition in long double, and its f64
// gradients against central differences of its f64 outputs.
#include "core/plan/seed_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/core/cpu/seed_run.h"

namespace norma::test {
namespace {

// A right call of both passes, to be broken.
template <typename T>
struct CallOf {
  static constexpr DType kType = sizeof(T) == 8 ? DType::kF64 : DType::kF32;
  int64_t rows = 40, cols = 6;
  double eps = 1e-6;
  std::vector<T> x = values(240, 1), dy = values(240, 2), y = x, dx = x, alpha = values(6, 3),
                 beta = values(6, 4), gamma = values(6, 5), dalpha = alpha, dbeta = alpha,
                 dgamma = alpha, dot = std::vector<T>(40), rstd = dot;
  std::vector<NormCase::Line> workspace = std::vector<NormCase::Line>(256);

  static std::vector<T> values(int64_t n, uint64_t seed) {
    const std::vector<float> v = normal_values(n, seed, 0.7f);
    return {v.begin(), v.end()};
  }
  RowsView view(std::vector<T>& v) const { return {v.data(), kType, rows, cols, cols}; }
  ConstVectorView constant(const std::vector<T>& v) const { return {v.data(), kType, cols}; }
  VectorView vector(std::vector<T>& v) const { return {v.data(), kType, cols}; }
  SeedNormForward forward() {
    return {eps,     view(x),    constant(alpha), constant(beta), constant(gamma),
            view(y), dot.data(), rstd.data()};
  }
  SeedNormBackward backward() {
    return {view(x),    view(dy),    constant(alpha), constant(beta), constant(gamma), dot.data(),
            rstd.data(), view(dx), vector(dalpha),  vector(dbeta),  vector(dgamma)};
  }
  Status run(const SeedNormForward& args) { return seed_norm_forward(args, serial_executor()); }
  Status run(const SeedNormBackward& args) {
    return seed_norm_backward(args, workspace.data(), 64 * workspace.size(), serial_executor());
  }
};
using Call = CallOf<float>;
using F64Call = CallOf<double>;

TEST(SeedNormPlan, ForwardRefusals) {
  Call c;
  EXPECT_EQ(c.run(c.forward()).message(), "");
  const auto refusal = [&](const auto& broken) {
    SeedNormForward f = c.forward();
    broken(f);
    return c.run(f).message();
  };
  EXPECT_EQ(refusal([&](auto& f) { f.y = c.view(c.x); }), "");
  EXPECT_EQ(refusal([](auto& f) { f.dot = f.rstd = nullptr; }), "");
  EXPECT_EQ(refusal([](auto& f) { f.eps = -1; }),
            "[seed_norm] eps must be finite and >= 0 but is -1.");
  EXPECT_EQ(refusal([](auto& f) { f.beta.data = nullptr; }), "[seed_norm] beta must not be null.");
  EXPECT_EQ(refusal([](auto& f) { f.gamma.size = 5; }),
            "[seed_norm] gamma must have cols=6 elements but has 5.");
  EXPECT_EQ(refusal([](auto& f) { f.y.cols = 5; }),
            "[seed_norm] y must have the shape of x, [40, 6], but is [40, 5].");
  EXPECT_EQ(refusal([&](auto& f) { f.dot = c.rstd.data() + 1; }),
            "[seed_norm] rstd must not overlap dot: give it its own memory.");
  EXPECT_EQ(refusal([&](auto& f) { f.alpha.data = c.y.data(); }),
            "[seed_norm] y must not overlap alpha: give it its own memory, or x's own data and "
            "stride for in-place.");
  SeedNormForward f = c.forward();
  std::vector<uint16_t> x16(240), y16(240), alpha16(6);
  f.x = {x16.data(), DType::kBF16, 40, 6, 6};
  f.y = {y16.data(), DType::kBF16, 40, 6, 6};
  f.beta.data = alpha16.data(), f.beta.dtype = DType::kBF16;
  EXPECT_EQ(c.run(f).message(),
            "[seed_norm] beta has dtype bf16 where alpha has f32: they must be the same, convert "
            "one of them.");
}

TEST(SeedNormPlan, BackwardRefusalsAndWorkspace) {
  Call c;
  ASSERT_EQ(c.run(c.forward()).message(), "");
  EXPECT_EQ(c.run(c.backward()).message(), "");
  const auto refusal = [&](const auto& broken) {
    SeedNormBackward b = c.backward();
    broken(b);
    return c.run(b).message();
  };
  EXPECT_EQ(refusal([&](auto& b) { b.dx = c.view(c.dy); }), "");
  EXPECT_EQ(refusal([](auto& b) { b.dot = nullptr; }),
            "[seed_norm_backward] dot is missing: the backward needs the statistics that the "
            "forward saved.");
  EXPECT_EQ(refusal([](auto& b) { b.x.rows = 39; }),
            "[seed_norm_backward] x must have the shape of dy, [40, 6], but is [39, 6].");
  EXPECT_EQ(refusal([](auto& b) { b.dbeta.size = 7; }),
            "[seed_norm_backward] dbeta must have cols=6 elements but has 7.");
  EXPECT_EQ(refusal([&](auto& b) { b.dgamma.data = c.dalpha.data(); }),
            "[seed_norm_backward] dgamma must not overlap dalpha: give it its own memory.");
  size_t bytes = 0;
  const SeedNormBackward b = c.backward();
  ASSERT_TRUE(seed_norm_backward_workspace_size(b, serial_executor(), &bytes).ok());
  EXPECT_EQ(seed_norm_backward(b, c.workspace.data(), bytes - 1, serial_executor()).message(),
            "[seed_norm_backward] workspace must have " + std::to_string(bytes) +
                " bytes but has " + std::to_string(bytes - 1) +
                ": ask seed_norm_backward_workspace_size with the same executor.");
  EXPECT_EQ(refusal([&](auto& each) { each.dgamma.data = c.workspace.data(); }),
            "[seed_norm_backward] workspace must not overlap dgamma: give it its own memory.");
}

TEST(SeedNormPlan, NothingThere) {
  Call c;
  SeedNormBackward b = c.backward();
  b.x.rows = b.dy.rows = b.dx.rows = 0;
  EXPECT_EQ(c.run(b).message(), "");
  EXPECT_TRUE(c.dalpha[0] == 0 && c.dbeta[5] == 0 && c.dgamma[3] == 0);
  SeedNormForward f = c.forward();
  f.x.cols = f.y.cols = f.alpha.size = f.beta.size = f.gamma.size = 0;
  EXPECT_EQ(c.run(f).message(), "");
  EXPECT_TRUE(c.dot[39] == 0 && std::isnan(c.rstd[39]));
}

// u = 2^-24. dot, a row sum of rounded products: a product and 11 additions inside a block, one
// rounding at its end, 13 u of its absolute terms. tanh moves by its slope times that and is off by
// 3.5 u itself; xhat within 9.5 u (rstd: 8.5). y has a product, a sum and a product more.
TEST(SeedNormPlan, ValuesAreThoseOfTheDefinition) {
  constexpr long double kU = 0x1p-24L;
  for (const auto& [rows, cols] :
       std::vector<std::pair<int64_t, int64_t>>{{3, 7}, {40, 100}, {2, 1000}}) {
    const SeedProblem p = seed_problem(rows, cols);
    const SeedResults got = specified(p);
    for (int64_t r = 0; r < rows; ++r) {
      long double dot = 0, size = 0, squares = 0;
      for (int64_t i = 0; i < cols; ++i) {
        const long double x = p.x[static_cast<size_t>(r * cols + i)];
        dot += x * p.beta[static_cast<size_t>(i)];
        size += std::fabs(x * p.beta[static_cast<size_t>(i)]);
        squares += x * x;
      }
      EXPECT_LE(std::fabs(got.dot[static_cast<size_t>(r)] - dot), 13 * kU * size);
      const long double rstd = 1 / std::sqrt(squares / static_cast<long double>(cols) + 1e-6L);
      const long double t = std::tanh(dot), slope = 1 - t * t;
      for (int64_t i = 0; i < cols; ++i) {
        const auto k = static_cast<size_t>(i);
        const long double xhat = p.x[static_cast<size_t>(r * cols + i)] * rstd;
        const long double gained = t * p.alpha[k], y = (gained + p.gamma[k]) * xhat;
        const long double room = (slope * 13 * size + 4.5L * std::fabs(t)) * kU *
                                     std::fabs(p.alpha[k]) +
                                 kU * (std::fabs(gained) + std::fabs(gained + p.gamma[k]));
        EXPECT_LE(std::fabs(got.y[static_cast<size_t>(r * cols + i)] - y),
                  room * std::fabs(xhat) * 1.01L + 11 * kU * std::fabs(y));
      }
    }
  }
}

// (4 D(h) - D(2h)) / 3, D(h) the central difference, is off by O(h^4): below 1e-9 for functions as
// smooth as these at h = 2^-10, as are the 2^-53 / h of roundings of losses below 100.
TEST(SeedNormPlan, GradientsAreThoseOfCentralDifferences) {
  F64Call c;
  c.rows = 5;
  ASSERT_EQ(c.run(c.forward()).message(), "");
  ASSERT_EQ(c.run(c.backward()).message(), "");
  const auto loss = [&] {
    EXPECT_EQ(c.run(c.forward()).message(), "");
    double sum = 0;
    for (size_t i = 0; i < 30; ++i) sum += c.dy[i] * c.y[i];
    return sum;
  };
  const auto expect = [&](std::vector<double>& at, const std::vector<double>& gradient,
                          size_t count, const char* what) {
    constexpr double kStep = 0x1p-10;
    for (size_t i = 0; i < count; ++i) {
      const double centre = at[i];
      const auto difference = [&](double h) {
        at[i] = centre + h;
        const double right = loss();
        at[i] = centre - h;
        const double left = loss();
        at[i] = centre;
        return (right - left) / (2 * h);
      };
      EXPECT_NEAR((4 * difference(kStep) - difference(2 * kStep)) / 3, gradient[i], 1e-8) << what;
    }
  };
  expect(c.x, c.dx, 30, "dx");
  expect(c.alpha, c.dalpha, 6, "dalpha");
  expect(c.beta, c.dbeta, 6, "dbeta");
  expect(c.gamma, c.dgamma, 6, "dgamma");
}

// beta 0: RMSNorm with the weight gamma, and no gradient for alpha; as it is initialised.
TEST(SeedNormPlan, WithoutBetaItIsRmsNorm) {
  SeedProblem p = seed_problem(9, 30);
  std::fill(p.beta.begin(), p.beta.end(), 0.0f);
  const SeedResults got = specified(p);
  Problem norm{{NormKind::kRmsNorm, 1e-6}, 9, 30, p.x, p.dy, p.gamma, {}};
  const Results want = specified(norm);
  EXPECT_TRUE(same_bits(got.y.data(), want.y.data(), want.y.size()));
  EXPECT_TRUE(same_bits(got.dgamma.data(), want.dweight.data(), want.dweight.size()));
  for (size_t i = 0; i < want.dx.size(); ++i) EXPECT_EQ(got.dx[i], want.dx[i]);
  for (const float v : got.dalpha) EXPECT_EQ(v, 0);
}

}  // namespace
}  // namespace norma::test
