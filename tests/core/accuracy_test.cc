// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The bounds that the contract norma-1 proves (section 8), against two centred passes in long
// double, on ordinary rows, hostile ones and random patterns of exponents.
// Spans: core/plan, core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/ref/truth.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"

namespace norma::test {
namespace {

using Real = long double;

constexpr Real kU = 0x1p-24L;       // half an ulp of 1: each rounding's relative error
constexpr Real kLeast = 0x1p-149L;  // the least subnormal: twice a rounding's error down there

// The truth is worked to 64 bits: its own error, n 2^-64 of the magnitudes, is below 2^-22 of any
// bound for the lengths below.
static_assert(LDBL_MANT_DIG >= 64);

Real half_ulp(Real y) {
  int exponent = 0;
  std::frexp(y, &exponent);
  return std::ldexp(Real(1), std::max(exponent - 24, -149) - 1);
}

// The largest share of its bound that each error has taken.
struct Shares {
  double y = 0, dx = 0, dweight = 0, dbias = 0;
};

class Judge {
 public:
  Judge(const Problem& p, const NormCase& c)
      : p_(p), c_(c), layer_norm_(p.spec.kind == NormKind::kLayerNorm),
        cols_(static_cast<size_t>(p.cols)), dweight_(cols_), dbias_(cols_), dweight_scale_(cols_),
        dweight_floor_(cols_), dbias_scale_(cols_) {}

  Shares judge() {
    for (int64_t r = 0; r < p_.rows; ++r) row(r);
    const Real tau = layer_norm_ ? 0x1p-17L : 0x1p-18L;
    if (p_.weight.size() == 1 && cols_ > 1) {
      // Of the columns' gradients, each rounded once; their sum in f64 adds nothing that shows.
      for (size_t i = 1; i < cols_; ++i) {
        dweight_[0] += dweight_[i];
        dweight_scale_[0] += dweight_scale_[i];
        dweight_floor_[0] += dweight_floor_[i];
      }
    }
    for (size_t i = 0; i < cols_; ++i) {
      if (i < static_cast<size_t>(p_.weights())) {
        count(c_.dweight[i], dweight_[i], tau * dweight_scale_[i] + dweight_floor_[i],
              &shares_.dweight);
      }
      // Sums of subnormal numbers are exact: no floor.
      count(c_.dbias[i], dbias_[i], 0x1p-19L * dbias_scale_[i], &shares_.dbias);
    }
    return shares_;
  }

 private:
  Real weight(size_t i) const {
    return p_.weight.empty() ? 1.0f : p_.weight[p_.weight.size() == 1 ? 0 : i];
  }
  Real bias(size_t i) const { return p_.bias.empty() ? 0.0f : p_.bias[i]; }

  static void count(float got, Real want, Real bound, double* share) {
    if (std::abs(want) > std::numeric_limits<float>::max()) return;  // infinite, or nearly so
    const Real error = std::abs(got - want);
    // A bound of 0 is met by equality alone, no bound by NaN.
    const Real part = error == 0 ? 0 : error / bound;
    const double shown = part >= 0 ? static_cast<double>(part) : HUGE_VAL;
    *share = std::max(*share, shown);
  }

  // Section 8: LayerNorm 1/2 ulp(y*) + 2^-17 (|w| (1 + |xhat|) + |b|). RMSNorm without bias
  // 11 u |y*| + max(1, |w|) 2^-149, where y* = xhat w; the bias is one more rounding, of a sum that
  // is off by that error: 1/2 ulp of a number of at most |y*| + error. unit: u, or what stands for
  // it in a row.
  Real y_bound(Real xhat, Real w, Real b, Real unit) const {
    const Real y = xhat * w + b;
    if (layer_norm_) return half_ulp(y) + 0x1p-17L * (std::abs(w) * (1 + std::abs(xhat)) +
                                                      std::abs(b));
    const Real error = 11 * unit * std::abs(xhat * w) + std::max<Real>(1, std::abs(w)) * kLeast;
    return p_.bias.empty() ? error : error + half_ulp(std::abs(y) + error);
  }

  void row(int64_t r) {
    const float* x = p_.x.data() + r * p_.cols;
    const float* dy = p_.dy.data() + r * p_.cols;
    const ref::TrueRow truth = ref::true_row(p_.spec, x, p_.cols);
    std::vector<float> weights = p_.weight;
    if (weights.size() == 1) weights.resize(cols_, weights[0]);
    const std::vector<Real> dx =
        ref::true_dx(p_.spec, truth, dy, weights.empty() ? nullptr : weights.data());
    // What the gradients' bounds have for xhat: with eps outside the root the deviations over their
    // root, for what rounds in rstd is worth as much where eps is large.
    const EpsMode mode = eps_mode_of(p_.spec);
    const Real sigma = std::sqrt(truth.variance + 0x1p-252L);
    const auto z = [&](size_t i) {
      return std::abs(mode == EpsMode::kOutside ? truth.centred[i] / sigma : truth.xhat[i]);
    };
    // A row whose deviation is eps is on a kink: both gradients are right.
    const bool on_kink =
        mode == EpsMode::kClamp && std::abs(sigma - p_.spec.eps) <= 0x1p-20L * p_.spec.eps;
    const int64_t of_statistics = statistic_cols_of(p_.spec, p_.cols);
    const int64_t divisor = divisor_of(p_.spec, p_.cols);
    // CRMSNorm: its sum is off by 11 u of that of magnitudes, and v by twice that over its root.
    const bool crms_norm = p_.spec.kind == NormKind::kCrmsNorm;
    const Real root = mode == EpsMode::kInside ? 1 / truth.rstd : sigma;
    const Real sum = crms_norm ? std::abs(truth.sum / root) : 0;
    Real unit = kU, magnitudes = 0;
    for (size_t i = 0; crms_norm && i < cols_; ++i) magnitudes += std::abs(truth.centred[i]) / root;
    unit += kU * magnitudes / std::sqrt(static_cast<Real>(divisor));
    // Lengths, unlike means, leave the range of f32 where rows do not: rstd is subnormal then.
    if (divisor != of_statistics) unit += 0x1p-150L / truth.rstd;
    const Real tau = 64 * unit;
    Real mean = 0;  // of |g| (1 + |z|), or of |g z|
    for (size_t i = 0; i < cols_; ++i) {
      mean += std::abs(dy[i] * weight(i)) * (layer_norm_ ? 1 + z(i) : z(i)) / divisor;
    }
    for (size_t i = 0; i < cols_; ++i) {
      const Real w = weight(i), b = bias(i), xhat = truth.xhat[i];
      const Real size = i < static_cast<size_t>(of_statistics) ? z(i) + sum : 0;
      count(c_.y.row(r)[i], xhat * w + b, y_bound(xhat, w, b, unit), &shares_.y);
      const Real g = std::abs(dy[i] * w);
      // The floor: g, a, h, each term of H and xhat * h are off by 2^-150 where they are subnormal,
      // dx itself by 2^-150 after the product with rstd; h and the terms of H weigh |xhat|.
      const Real floor = kLeast * (1 + truth.rstd * (2 + size));
      const Real bound = layer_norm_ ? 0x1p-15L * truth.rstd * (g + (1 + size) * mean)
                                     : tau * truth.rstd * (g + size * mean) +
                                           0x1p-20L * truth.rstd * magnitudes * mean;
      if (!on_kink) count(c_.dx.row(r)[i], dx[i], bound + floor, &shares_.dx);
      dweight_[i] += dy[i] * xhat;
      dweight_scale_[i] += std::abs(dy[i]) * (1 + std::abs(xhat)) * (unit / kU);
      // xhat and the product are off by 2^-150 each where they are subnormal.
      dweight_floor_[i] += kLeast * (1 + std::abs(dy[i])) / 2;
      dbias_[i] += dy[i];
      dbias_scale_[i] += std::abs(dy[i]);
    }
  }

  const Problem& p_;
  const NormCase& c_;
  const bool layer_norm_;
  const size_t cols_;
  std::vector<Real> dweight_, dbias_, dweight_scale_, dweight_floor_, dbias_scale_;
  Shares shares_;
};

class Accuracy : public testing::TestWithParam<NormKind> {
 protected:
  NormSpec spec(double eps, EpsMode mode = EpsMode::kDefault, int64_t statistic_cols = 0) const {
    return {GetParam(), eps, false, false, mode, statistic_cols};
  }

  void expect_within_bounds(const Problem& p, const std::string& what) {
    NormCase c(p.spec, p.rows, p.cols);
    c.x.assign(p.x);
    c.dy.assign(p.dy);
    c.weight = p.weight;
    c.bias = p.bias;
    ASSERT_TRUE(c.run(serial_executor()).ok());
    const Shares s = Judge(p, c).judge();
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
