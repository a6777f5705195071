// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Section 7 of the contract norma-1 on every target, stated as properties and not through the
// specification; and rows or columns that are not there.
// Spans: core/plan, core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/cpu/targets.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"

namespace norma::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr double kEps[] = {0, 1e-12, 1e-5, 1};
const int64_t kLengths[] = {1, 2, 7, 8, 9, 31, 33, 100, 256, 1000, 1500};

// One row normalised by the target of the test.
NormCase row_of(NormSpec spec, const std::vector<float>& x, const std::vector<float>& weight = {},
                const std::vector<float>& bias = {}) {
  NormCase c(spec, 1, static_cast<int64_t>(x.size()));
  c.x.assign(x);
  c.weight = weight;
  c.bias = bias;
  EXPECT_TRUE(c.forward(serial_executor()).ok());
  return c;
}

bool all_of_row(const NormCase& c, bool (*is)(float)) {
  const std::vector<float> y = c.y.dense();
  return std::all_of(y.begin(), y.end(), is);
}
bool is_nan(float v) { return std::isnan(v); }
bool is_zero(float v) { return v == 0; }

class SpecialValues : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    before_ = cpu::active_kernels();
    ASSERT_TRUE(cpu::force_target(GetParam()).ok());
  }
  void TearDown() override { EXPECT_TRUE(cpu::force_target(before_->name).ok()); }

  const NormSpec layer_norm_{NormKind::kLayerNorm, 1e-5}, rms_norm_{NormKind::kRmsNorm, 1e-5};

 private:
  const cpu::Kernels* before_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Targets, SpecialValues, testing::ValuesIn(cpu::available_targets()),
                         [](const auto& info) { return info.param; });

TEST_P(SpecialValues, LayerNormWithNaNOrInfinityIsNaNThroughout) {
  for (const int64_t n : kLengths) {
    for (const float bad : {kNaN, kInf, -kInf}) {
      for (const int64_t at : {int64_t{0}, n / 3, n - 1}) {
        std::vector<float> x = normal_values(n, 1);
        x[static_cast<size_t>(at)] = bad;
        const NormCase c = row_of(layer_norm_, x);
        EXPECT_TRUE(all_of_row(c, is_nan)) << bad << " at " << at << " of " << n;
      }
    }
  }
}

TEST_P(SpecialValues, RmsNormWithNaNIsNaNAndWithInfinityIsZero) {
  for (const int64_t n : kLengths) {
    for (const int64_t at : {int64_t{0}, n / 3, n - 1}) {
      std::vector<float> x = normal_values(n, 1);
      x[static_cast<size_t>(at)] = kNaN;
      EXPECT_TRUE(all_of_row(row_of(rms_norm_, x), is_nan));
      x[static_cast<size_t>(at)] = -kInf;
      const NormCase c = row_of(rms_norm_, x);
      EXPECT_TRUE(same_bits(c.rstd[0], 0.0f));
      for (int64_t i = 0; i < n; ++i) {
        if (i == at) {
          EXPECT_TRUE(std::isnan(c.y.row(0)[i]));
        } else {
          EXPECT_TRUE(same_bits(c.y.row(0)[i], std::copysign(0.0f, x[static_cast<size_t>(i)])));
        }
      }
    }
  }
}

TEST_P(SpecialValues, ARowOfEqualValuesGivesTheBias) {
  for (const int64_t n : kLengths) {
    const std::vector<float> bias = normal_values(n, 2), weight = normal_values(n, 3);
    for (const float value : {0.0f, -0.0f, 1.0f, -1234.5f, 0.1f, 0x1p-149f, 3e38f, 1e-30f}) {
      for (const double eps : kEps) {
        const std::vector<float> x(static_cast<size_t>(n), value);
        const NormCase c = row_of({NormKind::kLayerNorm, eps}, x, weight, bias);
        ASSERT_TRUE(same_bits(c.y.row(0), bias.data(), bias.size())) << value << " " << eps;
        EXPECT_TRUE(all_of_row(row_of({NormKind::kLayerNorm, eps}, x), is_zero)) << value;
      }
    }
  }
}

TEST_P(SpecialValues, ZerosOfRmsNormKeepTheirSign) {
  for (const int64_t n : kLengths) {
    for (const double eps : kEps) {
      std::vector<float> x = hostile_row("zeros_of_either_sign", n);
      EXPECT_TRUE(same_bits(row_of({NormKind::kRmsNorm, eps}, x).y.row(0), x.data(), x.size()));
      x.push_back(7);
      const NormCase c = row_of({NormKind::kRmsNorm, eps}, x);
      EXPECT_TRUE(same_bits(c.y.row(0), x.data(), x.size() - 1)) << "beside a 7";
    }
  }
}

TEST_P(SpecialValues, FiniteRowsGiveFiniteValuesOfAtMostRootN) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const int64_t n : kLengths) {
      const double most = std::sqrt(static_cast<double>(n)) * (1 + 0x1p-14);
      for (const double eps : kEps) {
        for (int which = 0; which < kFiniteHostileRows; ++which) {
          const NormCase c = row_of({kind, eps}, hostile_row(which, n));
          for (const float y : c.y.dense()) {
            ASSERT_LE(std::abs(static_cast<double>(y)), most) << which << " of " << n;
          }
          EXPECT_LE(c.rstd[0], 0x1p126f);
          EXPECT_GT(c.rstd[0], 0.0f);
        }
      }
    }
  }
}

TEST_P(SpecialValues, AnOddFunctionUpToTheSignOfZero) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const int64_t n : kLengths) {
      for (int which = -1; which < kFiniteHostileRows; ++which) {
        std::vector<float> x = which < 0 ? normal_values(n, 9, 2, 5) : hostile_row(which, n);
        const std::vector<float> weight = normal_values(n, 4);
        const std::vector<float> y = row_of({kind, 1e-5}, x, weight).y.dense();
        for (float& v : x) v = -v;
        const std::vector<float> z = row_of({kind, 1e-5}, x, weight).y.dense();
        for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(z[i], -y[i]) << which << " of " << n;
      }
    }
  }
}

// Every operation scales exactly while nothing is near the ends of the range.
TEST_P(SpecialValues, PowersOfTwoCancel) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const int64_t n : kLengths) {
      std::vector<float> x = normal_values(n, 6, 1, 3);
      const std::vector<float> y = row_of({kind, 0x1p-16}, x).y.dense();
      for (const int k : {-20, -3, 1, 30}) {
        std::vector<float> scaled = x;
        for (float& v : scaled) v = std::ldexp(v, k);
        const NormCase c = row_of({kind, std::ldexp(0x1p-16, 2 * k)}, scaled);
        ASSERT_TRUE(same_bits(c.y.row(0), y.data(), y.size())) << k << ", " << n;
      }
    }
  }
}

// A length below eps is taken for eps, by default.
TEST_P(SpecialValues, L2NormOfZerosAndOfShortRows) {
  const NormSpec l2_norm{NormKind::kL2Norm, 0.25};
  for (const int64_t n : kLengths) {
    std::vector<float> x = hostile_row("zeros_of_either_sign", n);
    EXPECT_TRUE(same_bits(row_of(l2_norm, x).y.row(0), x.data(), x.size()));
    x.assign(static_cast<size_t>(n), 0);
    x[0] = 0.125f;
    EXPECT_EQ(row_of(l2_norm, x).y.row(0)[0], 0.5f);
    x[0] = -4;
    EXPECT_EQ(row_of(l2_norm, x).y.row(0)[0], -1);
    x[0] = 3e38f;
    EXPECT_NEAR(row_of(l2_norm, x).y.row(0)[0], 1, 0x1p-21);
  }
}

TEST_P(SpecialValues, CrmsNormWithNaNAndInfinities) {
  const NormSpec crms_norm{NormKind::kCrmsNorm, 1e-5};
  for (const int64_t n : kLengths) {
    std::vector<float> x = normal_values(n, 1);
    x[0] = -kInf;
    const NormCase c = row_of(crms_norm, x);
    EXPECT_TRUE(same_bits(c.rstd[0], 0.0f));
    EXPECT_TRUE(std::isnan(c.y.row(0)[0]));
    for (int64_t i = 1; i < n; ++i) {
      EXPECT_TRUE(same_bits(c.y.row(0)[i], std::copysign(0.0f, x[static_cast<size_t>(i)])));
    }
    x.push_back(kInf);
    EXPECT_TRUE(all_of_row(row_of(crms_norm, x), is_nan)) << "of both signs";
    x[0] = kNaN;
    EXPECT_TRUE(all_of_row(row_of(crms_norm, x), is_nan));
  }
}

TEST_P(SpecialValues, NoRows) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    NormCase c({kind, 1e-5}, 0, 50);
    c.dweight.assign(50, kNaN);
    c.dbias.assign(50, kNaN);
    ASSERT_TRUE(c.run(default_executor()).ok());
    for (const std::vector<float>* sums : {&c.dweight, &c.dbias}) {
      for (const float v : *sums) EXPECT_TRUE(same_bits(v, 0.0f)) << "M = 0 gives +0";
    }
    EXPECT_TRUE(c.y.padding_is_untouched() && c.dx.padding_is_untouched());
  }
}

TEST_P(SpecialValues, NoColumns) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    NormCase c({kind, 1e-5}, 3, 0);
    ASSERT_TRUE(c.run(default_executor()).ok());
    for (const float rstd : c.rstd) EXPECT_TRUE(std::isnan(rstd)) << "the mean of no squares";
    for (const float mean : c.mean_hi) EXPECT_TRUE(same_bits(mean, 0.0f));
    EXPECT_TRUE(c.y.padding_is_untouched() && c.dx.padding_is_untouched());
  }
}

TEST_P(SpecialValues, OneColumn) {
  for (const float x : {3.0f, -2.5f, 1e30f, -1e-30f, 0x1p-149f}) {
    EXPECT_EQ(row_of({NormKind::kLayerNorm, 0}, {x}, {5}, {0.25f}).y.row(0)[0], 0.25f);
    // Subnormal x is below the root of the least eps, 2^-126.
    const float want = std::abs(x) < 0x1p-126f ? x * 0x1p126f : std::copysign(1.0f, x);
    EXPECT_NEAR(row_of({NormKind::kRmsNorm, 0}, {x}).y.row(0)[0], want, 11 * 0x1p-24);
  }
}

}  // namespace
}  // namespace norma::test
