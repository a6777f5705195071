// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The bounds that the contract norma-1 proves (section 8), against two centred passes in long
// double, on ordinary rows, hostile ones and random patterns of exponents.
// Spans: core/plan, core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "tests/core/judge.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"

namespace norma::test {
namespace {

class Accuracy : public testing::TestWithParam<NormKind> {
 protected:
  NormSpec spec(double eps, EpsMode mode = EpsMode::kDefault, int64_t statistic_cols = 0) const {
    return {GetParam(), eps, false, false, mode, statistic_cols};
  }

  void expect_within_bounds(const Problem& p, const std::string& what) {
    const Shares s = judged(p);
    EXPECT_LE(s.y, 1) << what;
    EXPECT_LE(s.dx, 1) << what;
    EXPECT_LE(s.dweight, 1) << what;
    EXPECT_LE(s.dbias, 1) << what;
    most_.y = std::max(most_.y, s.y);
    most_.dx = std::max(most_.dx, s.dx);
    most_.dweight = std::max(most_.dweight, s.dweight);
    most_.dbias = std::max(most_.dbias, s.dbias);
  }

  void TearDown() override {
    if (IsSkipped()) return;
    std::printf("largest share of the bound: y %.3f, dx %.3f, dweight %.3f, dbias %.3f\n", most_.y,
                most_.dx, most_.dweight, most_.dbias);
    // A judge whose truth were the library's own answer would see no error.
    EXPECT_GT(most_.y, 1e-3);
    EXPECT_GT(most_.dx, 1e-3);
  }

  Shares most_;
};

// Those that may have statistics of a part of the columns, and one weight for all columns.
class PartialAccuracy : public Accuracy {};
class OneWeightAccuracy : public Accuracy {};

const auto kNameOfKind = [](const auto& info) { return std::string(name_of(info.param)); };
INSTANTIATE_TEST_SUITE_P(Norms, Accuracy,
                         testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm,
                                         NormKind::kL2Norm, NormKind::kCrmsNorm),
                         kNameOfKind);
INSTANTIATE_TEST_SUITE_P(Norms, PartialAccuracy,
                         testing::Values(NormKind::kRmsNorm, NormKind::kL2Norm), kNameOfKind);
INSTANTIATE_TEST_SUITE_P(Norms, OneWeightAccuracy, testing::Values(NormKind::kL2Norm), kNameOfKind);

TEST_P(Accuracy, OrdinaryRows) {
  for (const int64_t cols : {1, 2, 3, 8, 31, 100, 256, 768, 1024, 1500, 4096, 40000}) {
    for (const int64_t rows : {1, 40}) {
      if (rows * cols > 100000) continue;
      for (int parameters = 0; parameters < 4; ++parameters) {
        const Problem p = normal_problem(spec(1e-5), rows, cols, static_cast<uint64_t>(cols),
                                         parameters & 1, parameters & 2);
        expect_within_bounds(p, "cols " + std::to_string(cols));
      }
    }
  }
}

// dy is small enough that no gradient overflows, though rstd may be 2^126.
TEST_P(Accuracy, HostileRows) {
  for (const int64_t cols : {1, 2, 3, 9, 33, 100, 300, 1024, 1500, 4096}) {
    for (const double eps : {0.0, 1e-12, 1e-5, 1.0}) {
      for (int which = 0; which < kFiniteHostileRows; ++which) {
        Problem p = normal_problem(spec(eps), 1, cols, 3, which % 2, which % 3);
        p.x = hostile_row(which, cols);
        for (float& v : p.dy) v *= 0x1p-20f;
        expect_within_bounds(p, "hostile row " + std::to_string(which) + " cols " +
                                    std::to_string(cols) + " eps " + std::to_string(eps));
      }
    }
  }
}

// Exponents drawn over any part of the range, a mean far away or not, a few outliers.
TEST_P(Accuracy, RandomPatternsOfExponents) {
  std::mt19937_64 random(41);
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  for (int i = 0; i < 1500; ++i) {
    const int64_t rows = 1 + below(4), cols = 1 + below(i % 10 == 0 ? 3000 : 200);
    const double eps[] = {0, 1e-12, 1e-5, 1};
    Problem p = normal_problem(spec(eps[below(4)]), rows, cols, random(), below(2), below(2));
    const int low = static_cast<int>(below(240)) - 140, width = static_cast<int>(below(60));
    const float shift = std::ldexp(1.0f, low + static_cast<int>(below(26)));
    const bool shifted = below(2), outlier = below(3) == 0;
    for (float& v : p.x) {
      v = std::ldexp(v, low + static_cast<int>(below(width + 1)) - width / 2);
      if (shifted) v += shift;
    }
    if (outlier) p.x[static_cast<size_t>(below(rows * cols))] = std::ldexp(1.0f, low + 40);
    for (float& v : p.x) v = std::clamp(v, -0x1p127f, 0x1p127f);
    for (float& v : p.dy) v = std::ldexp(v, -20 - static_cast<int>(below(30)));
    expect_within_bounds(p, "pattern " + std::to_string(i));
    if (HasFailure()) return;
  }
}

TEST_P(Accuracy, EpsBesideTheRoot) {
  for (const EpsMode mode : {EpsMode::kOutside, EpsMode::kClamp}) {
    for (const double eps : {0.0, 1e-12, 1e-5, 1.0, 1e6}) {
      for (const int64_t cols : {1, 2, 9, 100, 300, 1500}) {
        expect_within_bounds(normal_problem(spec(eps, mode), 20, cols, 4, cols % 2, cols % 3),
                             "cols " + std::to_string(cols) + " eps " + std::to_string(eps));
        for (int which = 0; which < kFiniteHostileRows; ++which) {
          Problem p = normal_problem(spec(eps, mode), 1, cols, 3, which % 2, which % 3);
          p.x = hostile_row(which, cols);
          for (float& v : p.dy) v *= 0x1p-20f;
          expect_within_bounds(p, "hostile row " + std::to_string(which) + " cols " +
                                      std::to_string(cols) + " eps " + std::to_string(eps));
        }
      }
    }
  }
}

// Deviations from 2^-30 to 2^10 of eps: sigma * rstd, which the gradient divides by, is worked from
// a rounded rstd and may come out as anything where it is near 2^-24.
TEST_P(Accuracy, DeviationsFarBelowEps) {
  std::mt19937_64 random(43);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  for (int i = 0; i < 6000; ++i) {
    const EpsMode mode = i % 4 == 3 ? EpsMode::kClamp : EpsMode::kOutside;
    const double eps = std::exp2(20 * uniform() - 10);
    const auto cols = static_cast<int64_t>(1 + random() % 12);
    Problem p = normal_problem(spec(eps, mode), 1, cols, random(), i % 2, false);
    const int exponent = static_cast<int>(i % 3 == 0 ? random() % 41 - 30 : random() % 7 - 26);
    const float scale = static_cast<float>(std::ldexp(eps, exponent));
    for (float& v : p.x) v *= scale;
    expect_within_bounds(p, "pattern " + std::to_string(i));
    if (HasFailure()) return;
  }
}

// Columns past those of the statistics may be of another size.
TEST_P(PartialAccuracy, StatisticsOfTheFirstColumns) {
  for (const EpsMode mode : {EpsMode::kInside, EpsMode::kOutside, EpsMode::kClamp}) {
    for (const int64_t cols : {2, 9, 100, 300, 1500}) {
      for (const int64_t k : {int64_t{1}, cols / 16 + 1, cols / 2, cols - 1, cols}) {
        for (const float scale : {1.0f, 0x1p-20f, 0x1p20f}) {
          Problem p = normal_problem(spec(1e-5, mode, k), 12, cols, 7, cols % 2, k % 2);
          for (int64_t j = 0; j < 12 * cols; ++j) {
            if (j % cols >= k) p.x[static_cast<size_t>(j)] *= scale;
          }
          expect_within_bounds(p, "k " + std::to_string(k) + " of " + std::to_string(cols));
        }
      }
    }
  }
}

TEST_P(OneWeightAccuracy, ForAllColumns) {
  for (const int64_t cols : {1, 2, 9, 100, 1023, 1024, 1025, 3000}) {
    Problem p = normal_problem(spec(1e-5), 40, cols, 3, true, cols % 2);
    p.weight.resize(1);
    expect_within_bounds(p, "cols " + std::to_string(cols));
  }
}

// Worked by hand: mean 3, variance 1, eps 3; every operation is exact.
TEST(AccuracyByHand, TwoFourTwoFour) {
  NormCase c({NormKind::kLayerNorm, 3.0}, 1, 4);
  c.x.assign({2, 4, 2, 4});
  c.dy.assign({1, 0, 0, 0});
  c.weight = {1, 2, 3, 4};
  c.bias = {0.5f, 0, -1, 8};
  ASSERT_TRUE(c.run(serial_executor()).ok());
  EXPECT_EQ(c.y.dense(), (std::vector<float>{0, 1, -2.5f, 10}));
  EXPECT_EQ(c.rstd[0], 0.5f);
  // g = 1 0 0 0, xhat = -1/2 1/2 -1/2 1/2: a = 1/4, h = -1/8.
  EXPECT_EQ(c.dx.dense(), (std::vector<float>{0.34375f, -0.09375f, -0.15625f, -0.09375f}));
  EXPECT_EQ(c.dweight, (std::vector<float>{-0.5f, 0, 0, 0}));
  EXPECT_EQ(c.dbias, (std::vector<float>{1, 0, 0, 0}));
}

}  // namespace
}  // namespace norma::test
