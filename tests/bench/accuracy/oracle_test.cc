// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rows whose mean, deviation and gradient are rational: the exact answers are known without any
// program, to the last of the oracle's 113 bits or nearly.
#include "bench/accuracy/oracle.h"

#include <gtest/gtest.h>
#include <quadmath.h>

#include <cmath>
#include <tuple>
#include <vector>

namespace norma::accuracy {
namespace {

// A handful of roundings of 2^-113 each.
void expect_exact(Quad got, Quad want) {
  EXPECT_LE(static_cast<double>(magnitude(got - want)),
            0x1p-108 * static_cast<double>(magnitude(want)))
      << static_cast<double>(got) << " for " << static_cast<double>(want);
}

Quad ratio(int a, int b) { return static_cast<Quad>(a) / b; }

TEST(Oracle, LayerNormOfTwoFourTwoFour) {
  const float x[] = {2, 4, 2, 4}, dy[] = {1, 0, 0, 0};
  const ExactRow row = exact_row({NormKind::kLayerNorm, 3.0}, x, 4);  // variance 1
  EXPECT_TRUE(row.mean == 3);
  EXPECT_TRUE(row.rstd == ratio(1, 2));
  const std::vector<Quad> dx = exact_dx({NormKind::kLayerNorm}, row, dy, {1, 2, 3, 4});
  // g = 1 0 0 0, xhat = -1/2 1/2 -1/2 1/2; mean of g 1/4, of g xhat -1/8.
  const double want[] = {0.34375, -0.09375, -0.15625, -0.09375};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(dx[static_cast<size_t>(i)] == want[i]) << i;
}

// Thirds: no float or double holds them, so that a truth in float64 would show.
TEST(Oracle, LayerNormFarFromZero) {
  for (const float far : {0.0f, 4096.0f, 0x1p22f}) {
    const float x[] = {far - 3, far - 1, far + 1, far + 3};
    const ExactRow row = exact_row({NormKind::kLayerNorm, 4.0}, x, 4);  // variance 5
    EXPECT_TRUE(row.mean == far);
    expect_exact(row.rstd, ratio(1, 3));
    for (int i = 0; i < 4; ++i) expect_exact(row.xhat[static_cast<size_t>(i)], ratio(2 * i - 3, 3));
  }
}

TEST(Oracle, RmsNormAtBothEndsOfTheRange) {
  const float dy[] = {1, 0};
  for (const float scale : {1.0f, 0x1p-120f, 0x1p120f}) {
    const float x[] = {scale, 7 * scale};  // mean square 25; the least eps is nothing beside it
    const ExactRow row = exact_row({NormKind::kRmsNorm, 0.0}, x, 2);
    if (scale < 1) {
      EXPECT_LT(static_cast<double>(row.xhat[1]), 1.4);  // 2^-252 is no longer nothing
      continue;
    }
    EXPECT_TRUE(row.mean == 0);
    // At 1, 2^-252 is beyond the last bit.
    expect_exact(row.rstd * scale, ratio(1, 5));
    expect_exact(row.xhat[0], ratio(1, 5));
    expect_exact(row.xhat[1], ratio(7, 5));
    const std::vector<Quad> dx = exact_dx({NormKind::kRmsNorm}, row, dy, {1, 1});
    expect_exact(dx[0] * scale, ratio(49, 250));
    expect_exact(dx[1] * scale, ratio(-7, 250));
  }
}

// One element: its gradient is that of a function of one variable, x / (|x| + eps), .. .
TEST(Oracle, WhereEpsStands) {
  const float x[] = {3}, dy[] = {1};
  const NormSpec outside{.kind = NormKind::kRmsNorm, .eps = 1, .eps_mode = EpsMode::kOutside};
  ExactRow row = exact_row(outside, x, 1);
  expect_exact(row.xhat[0], ratio(3, 4));
  expect_exact(exact_dx(outside, row, dy, {1})[0], ratio(1, 16));  // eps / (x + eps)^2
  NormSpec clamp{.kind = NormKind::kRmsNorm, .eps = 5, .eps_mode = EpsMode::kClamp};
  row = exact_row(clamp, x, 1);
  expect_exact(row.xhat[0], ratio(3, 5));
  expect_exact(exact_dx(clamp, row, dy, {1})[0], ratio(1, 5));
  clamp.eps = 1;
  row = exact_row(clamp, x, 1);
  expect_exact(row.xhat[0], 1);
  EXPECT_LT(static_cast<double>(magnitude(exact_dx(clamp, row, dy, {1})[0])), 0x1p-100);
}

// The others of RMSNorm's kin: 3 and 4 have the length 5; the row 1, 2 of CRMSNorm is 1, 2, -3,
// whose mean of squares is 14 / 3; of the first column of 2, 7 alone the root is 2.
TEST(Oracle, OtherSums) {
  const float triangle[] = {3, 4}, row12[] = {1, 2}, row27[] = {2, 7}, dy[] = {1, 0};
  const NormSpec l2{.kind = NormKind::kL2Norm, .eps = 1e-9};
  ExactRow row = exact_row(l2, triangle, 2);
  expect_exact(row.xhat[1], ratio(4, 5));
  expect_exact(exact_dx(l2, row, dy, {1, 1})[0], ratio(16, 125));
  expect_exact(exact_dx(l2, row, dy, {1, 1})[1], ratio(-12, 125));
  const NormSpec crms{.kind = NormKind::kCrmsNorm, .eps = 0};
  row = exact_row(crms, row12, 2);
  expect_exact(row.rstd * row.rstd, ratio(3, 14));
  // d(x_1 rstd) / dx_1 = rstd - x_1 rstd^3 (x_1 + S) / 3.
  expect_exact(exact_dx(crms, row, dy, {1, 1})[0], row.rstd * (1 - ratio(3, 14) * ratio(4, 3)));
  const NormSpec first{.kind = NormKind::kRmsNorm, .eps = 0, .statistic_cols = 1};
  row = exact_row(first, row27, 2);
  expect_exact(row.xhat[1], ratio(7, 2));
  const float second[] = {0, 1};
  // d(7 / x_1) = -7 / 4 by the first, d(x_2 / 2) = 1 / 2 by the second.
  expect_exact(exact_dx(first, row, second, {1, 1})[0], ratio(-7, 4));
  expect_exact(exact_dx(first, row, second, {1, 1})[1], ratio(1, 2));
}

TEST(Oracle, AConstantRowIsZero) {
  const std::vector<float> x(300, 0.1f);
  const ExactRow row = exact_row({NormKind::kLayerNorm, 1e-5}, x.data(), 300);
  for (const Quad v : row.xhat) EXPECT_TRUE(v == 0);
}

// BatchNorm in evaluation: nothing of the row itself moves its statistics.
TEST(Oracle, ARowByGivenStatistics) {
  const float x[] = {-4, 2, 3};
  const ExactRow row = exact_row_given(1, 5, 4.0, x, 3);
  expect_exact(row.rstd, ratio(1, 3));
  expect_exact(row.xhat[0], ratio(-5, 3));
  expect_exact(row.xhat[1], ratio(1, 3));
  expect_exact(row.xhat[2], ratio(2, 3));
  // No eps at all is the contract's least one, as a variance of 0 shows.
  expect_exact(exact_row_given(0, 0, 0.0, x, 3).rstd, 0x1p126);
}

// tanh(log 2) = 3 / 5 and tanh(log 3) = 4 / 5.
TEST(Oracle, TanhWhereItIsRational) {
  for (const auto& [number, a, b, slope] :
       {std::tuple(1, 0, 1, 25), std::tuple(2, 3, 5, 16), std::tuple(3, 4, 5, 9)}) {
    for (const int sign : {1, -1}) {
      const ExactPoint at = exact_point(PointwiseKind::kDyt, sign * logq(number));
      expect_exact(at.value, ratio(sign * a, b));
      expect_exact(at.slope, ratio(slope, 25));
      EXPECT_EQ(at.steepness, 2);
    }
  }
}

// erf is rational at 0 alone; the square of its slope there is 4 / pi, the slope at 2 e^-4 of it.
TEST(Oracle, ErfAndItsSlope) {
  const ExactPoint zero = exact_point(PointwiseKind::kDerf, 0);
  EXPECT_TRUE(zero.value == 0);
  expect_exact(zero.slope * zero.slope * M_PIq, 4);
  const ExactPoint two = exact_point(PointwiseKind::kDerf, -2);
  expect_exact(two.value, erfcq(2) - 1);
  expect_exact(logq(zero.slope / two.slope), 4);
  EXPECT_EQ(two.steepness, 4);
}

TEST(Oracle, APairTurnedByATriangle) {
  const Quad cos = ratio(3, 5), sin = ratio(4, 5);
  const ExactPair turned = exact_turned(5, 10, cos, sin);
  expect_exact(turned.a, -5);
  expect_exact(turned.b, 10);
  const ExactPair back = exact_turned_back(-5, 10, cos, sin);
  expect_exact(back.a, 5);
  expect_exact(back.b, 10);
}

// x beta cancels, so that t is 0 and its slope 1; xhat is 1/5 and 7/5. Then a dot of log 2, nearly:
// f32 holds no such number, but t and the slope of what it holds must agree.
TEST(Oracle, SeedNormWhereItIsRational) {
  const float x[] = {1, 7}, dy[] = {5, 2}, alpha[] = {3, 10}, cancels[] = {7, -1};
  ExactSeedRow row = exact_seed_row(0, x, dy, alpha, cancels, 2);
  EXPECT_TRUE(row.dot == 0);
  EXPECT_TRUE(row.t == 0);
  expect_exact(row.along, 31);
  expect_exact(row.e, 31);
  const float log2[] = {0.693147182f, 0};
  row = exact_seed_row(0, x, dy, alpha, log2, 2);
  EXPECT_NEAR(static_cast<double>(row.t), 0.6, 1e-8);
  expect_exact(row.e, 31 * (1 - row.t * row.t));
}

TEST(Oracle, UnitsInTheLastPlace) {
  EXPECT_EQ(ulp_of(DType::kF32, 1), 0x1p-23);
  EXPECT_EQ(ulp_of(DType::kF32, Quad(1) - Quad(0x1p-60)), 0x1p-24);
  EXPECT_EQ(ulp_of(DType::kF32, -3), 0x1p-22);
  EXPECT_EQ(ulp_of(DType::kF32, 0x1p-140), 0x1p-149);
  EXPECT_EQ(ulp_of(DType::kF32, 0), 0x1p-149);
  EXPECT_EQ(ulp_of(DType::kBF16, 1), 0x1p-7);
  EXPECT_EQ(ulp_of(DType::kBF16, 0), 0x1p-133);
  EXPECT_EQ(ulp_of(DType::kF16, 1), 0x1p-10);
  EXPECT_EQ(ulp_of(DType::kF16, 0x1p-20), 0x1p-24);
}

}  // namespace
}  // namespace norma::accuracy
