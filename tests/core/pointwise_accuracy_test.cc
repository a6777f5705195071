// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The pointwise functions against their definition in long double, and their f64 gradients against
// central differences of their f64 outputs.
// Spans: core/ref, core/plan.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/plan/pointwise.h"
#include "tests/core/pointwise_problem.h"

namespace norma::test {
namespace {

constexpr PointwiseSpec kDyt{PointwiseKind::kDyt, 0.7}, kDerf{PointwiseKind::kDerf, 0.7, -0.3};
constexpr double kU = 0x1p-24;

struct TruePoint {
  long double value, slope;
  long double argument_room;  // by how much the argument may be rounded
  long double steepness;      // |d slope / d argument| over the slope
};

TruePoint true_point(const PointwiseSpec& spec, long double x) {
  const long double product = static_cast<float>(spec.alpha) * x;
  if (spec.kind == PointwiseKind::kDyt) {
    const long double cosh = std::cosh(product);
    return {std::tanh(product), 1 / (cosh * cosh), kU * std::abs(product), 2};
  }
  const long double z = product + static_cast<float>(spec.shift);
  const long double scale = 2 / std::sqrt(std::acos(-1.0L));
  return {std::erf(z), scale * std::exp(-z * z), kU * (std::abs(product) + std::abs(z)) + 0x1p-149,
          2 * std::abs(z)};
}

class PointwiseAccuracy : public testing::TestWithParam<PointwiseSpec> {};
INSTANTIATE_TEST_SUITE_P(Functions, PointwiseAccuracy, testing::Values(kDyt, kDerf),
                         [](const auto& info) { return std::string(name_of(info.param.kind)); });

void expect_near(float got, long double want, long double tolerance, const char* what) {
  EXPECT_LE(std::abs(got - want), tolerance) << what << " " << got << " is not " << want;
}

// Where the tolerances come from, u = 2^-24. The rounding of the argument moves the value by the
// slope times as much, the slope by its steepness times as much. The function's own error is 1.75
// ulp <= 3.5 u of its value and 3.5 ulp <= 7 u of its slope. y has a product and a sum more, dx
// three products. A term of a scalar's gradient has three too, then 11 additions inside a block and
// the last rounding; a column has a product, 32 additions and the last rounding. Floors: 3 steps of
// 2^-149 where the slope is subnormal, times what it is multiplied by, and one for each product.
void expect_accurate(const PointwiseProblem& p) {
  const PointwiseResults got = specified(p);
  const long double alpha = static_cast<float>(p.spec.alpha);
  constexpr long double kFloor = 0x1p-149L;
  long double dalpha = 0, dalpha_room = 0, dshift = 0, dshift_room = 0;
  std::vector<long double> dweight(static_cast<size_t>(p.cols)), dbias = dweight,
      dweight_room = dweight, dbias_room = dweight;
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t c = 0; c < p.cols; ++c) {
      const auto i = static_cast<size_t>(r * p.cols + c), column = static_cast<size_t>(c);
      const long double x = p.x[i], dy = p.dy[i], w = p.weight.empty() ? 1 : p.weight[column];
      const long double b = p.bias.empty() ? 0 : p.bias[column];
      const TruePoint at = true_point(p.spec, x);
      const long double value_room =
          at.slope * at.argument_room + 3.5 * kU * std::abs(at.value) + 2 * kFloor;
      const long double slope_room = at.steepness * at.argument_room + 7 * kU;
      const long double y = at.value * w + b, gain = std::abs(at.value * w);
      expect_near(got.y[i], y, std::abs(w) * value_room + kU * (2 * gain + std::abs(b)) + kFloor,
                  "y");
      const long double v = dy * w * at.slope, u = std::abs(dy * w);
      const long double floor = (3 * u + 3) * kFloor;
      expect_near(got.dx[i], v * alpha,
                  (slope_room + 4 * kU) * std::abs(v * alpha) + floor * (1 + std::abs(alpha)),
                  "dx");
      dalpha += v * x;
      dalpha_room += (slope_room + 16 * kU) * std::abs(v * x) + floor * (1 + std::abs(x));
      dshift += v;
      dshift_room += (slope_room + 15 * kU) * std::abs(v) + floor;
      dweight[column] += dy * at.value;
      dweight_room[column] +=
          std::abs(dy) * value_room + 35 * kU * std::abs(dy * at.value) + kFloor;
      dbias[column] += dy;
      dbias_room[column] += 34 * kU * std::abs(dy) + kFloor;
    }
  }
  expect_near(got.dalpha[0], dalpha, dalpha_room, "dalpha");
  if (!got.dshift.empty()) expect_near(got.dshift[0], dshift, dshift_room, "dshift");
  for (size_t c = 0; c < dweight.size(); ++c) {
    expect_near(got.dweight[c], dweight[c], dweight_room[c], "dweight");
    expect_near(got.dbias[c], dbias[c], dbias_room[c], "dbias");
  }
}

TEST_P(PointwiseAccuracy, OrdinaryRows) {
  for (const double alpha : {0.5, 0.05, -1.25, 8.0}) {
    for (const auto& [rows, cols] :
         std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {3, 40}, {70, 9}, {2, 2500}}) {
      PointwiseProblem p = pointwise_problem(GetParam(), rows, cols, 5, cols != 9, cols != 40);
      p.spec.alpha = alpha;
      expect_accurate(p);
    }
  }
}

// Finite rows of every size, subnormal ones among them, where nothing overflows.
TEST_P(PointwiseAccuracy, RowsOfEverySize) {
  for (const float scale : {0x1p-140f, 0x1p-60f, 0x1p-12f, 1.0f, 0x1p4f, 0x1p60f}) {
    PointwiseProblem p = pointwise_problem(GetParam(), 40, 100, 6);
    for (float& v : p.x) v *= scale;
    expect_accurate(p);
  }
}

// One f64 call of both passes.
struct F64Case {
  PointwiseSpec spec;
  int64_t rows, cols;
  std::vector<double> x, dy, weight, bias;

  ConstRowsView view(const std::vector<double>& v) const {
    return {v.data(), DType::kF64, rows, cols, cols};
  }
  ConstVectorView vector(const std::vector<double>& v) const {
    return {v.data(), DType::kF64, cols};
  }
  // sum(dy * y)
  double loss() const {
    std::vector<double> y(x.size());
    EXPECT_TRUE(pointwise_forward(spec,
                                  {view(x), vector(weight), vector(bias),
                                   {y.data(), DType::kF64, rows, cols, cols}},
                                  serial_executor())
                    .ok());
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += dy[i] * y[i];
    return sum;
  }
};

// (4 D(h) - D(2h)) / 3, D(h) the central difference, is off by O(h^4): below 1e-9 for functions as
// smooth as these at h = 2^-10, as are the 2^-53 / h of roundings of losses below 100.
void expect_gradient(const std::function<double()>& loss, double* at, double gradient,
                     const char* what) {
  constexpr double kStep = 0x1p-10;
  const double centre = *at;
  const auto difference = [&](double h) {
    *at = centre + h;
    const double right = loss();
    *at = centre - h;
    const double left = loss();
    *at = centre;
    return (right - left) / (2 * h);
  };
  EXPECT_NEAR((4 * difference(kStep) - difference(2 * kStep)) / 3, gradient, 1e-8) << what;
}

TEST_P(PointwiseAccuracy, GradientsAreThoseOfCentralDifferences) {
  constexpr int64_t kRows = 5, kCols = 7;
  F64Case c{GetParam(), kRows, kCols, {}, {}, {}, {}};
  const auto values = [](int64_t n, uint64_t seed) {
    const std::vector<float> v = normal_values(n, seed);
    return std::vector<double>(v.begin(), v.end());
  };
  c.x = values(kRows * kCols, 1);
  c.dy = values(kRows * kCols, 2);
  c.weight = values(kCols, 3);
  c.bias = values(kCols, 4);
  std::vector<double> dx(c.x.size()), dweight(kCols), dbias(kCols);
  double dalpha = 0, dshift = 0;
  const bool has_shift = c.spec.kind == PointwiseKind::kDerf;
  ASSERT_TRUE(pointwise_backward(c.spec,
                                 {c.view(c.x), c.view(c.dy), c.vector(c.weight),
                                  {dx.data(), DType::kF64, kRows, kCols, kCols},
                                  {dweight.data(), DType::kF64, kCols},
                                  {dbias.data(), DType::kF64, kCols}, &dalpha,
                                  has_shift ? &dshift : nullptr},
                                 nullptr, 0, serial_executor())
                  .ok());
  const auto loss = [&] { return c.loss(); };
  for (size_t i = 0; i < dx.size(); ++i) expect_gradient(loss, &c.x[i], dx[i], "dx");
  for (size_t i = 0; i < dweight.size(); ++i) {
    expect_gradient(loss, &c.weight[i], dweight[i], "dweight");
    expect_gradient(loss, &c.bias[i], dbias[i], "dbias");
  }
  expect_gradient(loss, &c.spec.alpha, dalpha, "dalpha");
  if (has_shift) expect_gradient(loss, &c.spec.shift, dshift, "dshift");
}

TEST_P(PointwiseAccuracy, SpecialValues) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  PointwiseProblem p = pointwise_problem(GetParam(), 1, 6, 1, false, false);
  p.spec.alpha = 2;
  p.x = {kInf, -kInf, std::nanf(""), -0.0f, 3e38f, 1};
  p.dy = {1, 1, 1, 1, 1, kInf};
  const PointwiseResults r = specified(p);
  EXPECT_EQ(r.y[0], 1);
  EXPECT_EQ(r.y[1], -1);
  EXPECT_TRUE(std::isnan(r.y[2]) && std::isnan(r.dx[2]));
  EXPECT_EQ(r.y[4], 1);
  EXPECT_TRUE(r.dx[0] == 0 && r.dx[1] == 0 && r.dx[4] == 0 && r.dx[5] == kInf);
}

}  // namespace
}  // namespace norma::test
