// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rows whose mean, deviation and gradient are rational: the exact answers are known without any
// program, to the last of the oracle's 113 bits or nearly.
#include "bench/accuracy/oracle.h"

#include <gtest/gtest.h>

#include <cmath>
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
  const ExactRow row = exact_row(NormKind::kLayerNorm, x, 4, 3.0);  // variance 1
  EXPECT_TRUE(row.mean == 3);
  EXPECT_TRUE(row.rstd == ratio(1, 2));
  const std::vector<Quad> dx = exact_dx(NormKind::kLayerNorm, row, dy, {1, 2, 3, 4});
  // g = 1 0 0 0, xhat = -1/2 1/2 -1/2 1/2; mean of g 1/4, of g xhat -1/8.
  const double want[] = {0.34375, -0.09375, -0.15625, -0.09375};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(dx[static_cast<size_t>(i)] == want[i]) << i;
}

// Thirds: no float or double holds them, so that a truth in float64 would show.
TEST(Oracle, LayerNormFarFromZero) {
  for (const float far : {0.0f, 4096.0f, 0x1p22f}) {
    const float x[] = {far - 3, far - 1, far + 1, far + 3};
    const ExactRow row = exact_row(NormKind::kLayerNorm, x, 4, 4.0);  // variance 5
    EXPECT_TRUE(row.mean == far);
    expect_exact(row.rstd, ratio(1, 3));
    for (int i = 0; i < 4; ++i) expect_exact(row.xhat[static_cast<size_t>(i)], ratio(2 * i - 3, 3));
  }
}

TEST(Oracle, RmsNormAtBothEndsOfTheRange) {
  const float dy[] = {1, 0};
  for (const float scale : {1.0f, 0x1p-120f, 0x1p120f}) {
    const float x[] = {scale, 7 * scale};  // mean square 25; the least eps is nothing beside it
    const ExactRow row = exact_row(NormKind::kRmsNorm, x, 2, 0.0);
    if (scale < 1) {
      EXPECT_LT(static_cast<double>(row.xhat[1]), 1.4);  // 2^-252 is no longer nothing
      continue;
    }
    EXPECT_TRUE(row.mean == 0);
    // At 1, 2^-252 is beyond the last bit.
    expect_exact(row.rstd * scale, ratio(1, 5));
    expect_exact(row.xhat[0], ratio(1, 5));
    expect_exact(row.xhat[1], ratio(7, 5));
    const std::vector<Quad> dx = exact_dx(NormKind::kRmsNorm, row, dy, {1, 1});
    expect_exact(dx[0] * scale, ratio(49, 250));
    expect_exact(dx[1] * scale, ratio(-7, 250));
  }
}

TEST(Oracle, AConstantRowIsZero) {
  const std::vector<float> x(300, 0.1f);
  const ExactRow row = exact_row(NormKind::kLayerNorm, x.data(), 300, 1e-5);
  for (const Quad v : row.xhat) EXPECT_TRUE(v == 0);
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
