// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The judge passes the library's answers, and would not pass wrong ones: each result in turn is
// moved a little and must be reported.
#include "bench/accuracy/judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bench/accuracy/answer.h"

namespace norma::accuracy {
namespace {

constexpr Variant kPlain{.name = "plain"};
constexpr Variant kResidual{.name = "residual", .residual = true};

struct Case {
  NormKind kind;
  DType dtype;
};

class JudgeOf : public testing::TestWithParam<Case> {
 protected:
  JudgeOf()
      : in_(make_inputs(GetParam().kind, GetParam().dtype, kResidual, Family::kNormal, 3, 96)) {
    auto answer = answer_of(in_);
    EXPECT_TRUE(answer.ok()) << answer.status().message();
    if (answer.ok()) right_ = answer.value();
  }

  double ulp(double value) const { return ulp_of(in_.dtype, value); }

  Inputs in_;
  Answer right_;
};

INSTANTIATE_TEST_SUITE_P(Norms, JudgeOf,
                         testing::Values(Case{NormKind::kLayerNorm, DType::kF32},
                                         Case{NormKind::kLayerNorm, DType::kF16},
                                         Case{NormKind::kRmsNorm, DType::kF32},
                                         Case{NormKind::kRmsNorm, DType::kBF16},
                                         Case{NormKind::kL2Norm, DType::kF32},
                                         Case{NormKind::kCrmsNorm, DType::kF32}),
                         [](const auto& info) {
                           return std::string(name_of(info.param.kind)) + "_" +
                                  name_of(info.param.dtype);
                         });

TEST_P(JudgeOf, PassesTheLibrary) {
  const Report report = judge(in_, right_);
  EXPECT_EQ(report.broken(), "");
  // An oracle that were the library's own answer would see no error.
  EXPECT_GT(report.y.mean_ulps(), 0.1);
  EXPECT_GT(report.dx.mean_ulps(), 0.1);
  EXPECT_GT(report.rstd.worst_ulps, 0.01);
  EXPECT_EQ(report.y.count, 3 * 96);
  EXPECT_EQ(report.dweight.count, 96);
  EXPECT_LT(report.y.above_one_ulp, 3 * 96 / 2);
}

// Each is moved further and further, and is seen before it is off by a hundredth.
TEST_P(JudgeOf, SeesEachWrongResult) {
  const Report before = judge(in_, right_);
  const auto wrong = [&](std::vector<float> Answer::*values, Seen Report::*seen, size_t at) {
    Answer moved = right_;
    const float value = (right_.*values)[at];
    Report report = before;
    for (double by = ulp(value); (report.*seen).broken.empty() && by < 0.01 * (std::abs(value) + 1);
         by *= 2) {
      (moved.*values)[at] = static_cast<float>(value + by);
      report = judge(in_, moved);
    }
    EXPECT_GT((report.*seen).worst_share, 1);
    EXPECT_NE(report.broken(), "");
  };
  wrong(&Answer::y, &Report::y, 100);
  wrong(&Answer::dx, &Report::dx, 195);
  wrong(&Answer::dweight, &Report::dweight, 95);
  wrong(&Answer::dbias, &Report::dbias, 0);
  wrong(&Answer::sum, &Report::sum, 17);
}

// Of the statistics nothing is promised, but their errors are shown.
TEST_P(JudgeOf, SeesWrongStatistics) {
  Answer moved = right_;
  moved.rstd[1] *= 1 + 0x1p-19f;
  EXPECT_GT(judge(in_, moved).rstd.worst_ulps, 12);
  if (GetParam().kind != NormKind::kLayerNorm) return;
  moved.mean[2] += 0x1p-20;
  EXPECT_GT(judge(in_, moved).mean.worst_excess, 0x1p-21);
}

TEST_P(JudgeOf, ANumberThatIsNoneIsAsWrongAsCanBe) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Answer moved = right_;
    moved.y[5] = bad;
    const Report report = judge(in_, moved);
    EXPECT_EQ(report.y.worst_ulps, HUGE_VAL);
    EXPECT_NE(report.broken().find("y row 0 column 5"), std::string::npos) << report.broken();
  }
}

// One ulp of a 16-bit type is twice what RMSNorm promises there.
TEST(Judge, SeesOneUlpOfBf16) {
  const Inputs in = make_inputs(NormKind::kRmsNorm, DType::kBF16, kPlain, Family::kNormal, 2, 64);
  auto answer = answer_of(in);
  ASSERT_TRUE(answer.ok());
  Answer moved = answer.value();
  EXPECT_EQ(judge(in, moved).broken(), "");
  moved.y[70] += static_cast<float>(ulp_of(DType::kBF16, moved.y[70]));
  const Report report = judge(in, moved);
  EXPECT_GE(report.y.worst_ulps, 0.5);
  EXPECT_NE(report.broken().find("y row 1 column 6"), std::string::npos) << report.broken();
}

// The comparison shows what it is there for: one pass in f32 loses a mean of 1000 deviations.
TEST(Judge, OnePassLosesALargeMean) {
  const Inputs in =
      make_inputs(NormKind::kLayerNorm, DType::kF32, kPlain, Family::kMean1e3, 2, 1024);
  auto answer = answer_of(in);
  ASSERT_TRUE(answer.ok());
  const Report report =
      judge(in, answer.value(), {naive_y(in, Naive::kOnePass), naive_y(in, Naive::kTwoPasses)});
  EXPECT_LT(report.y.worst_share, 1);
  EXPECT_GT(report.one_pass.worst_share, 100);
  EXPECT_GT(report.one_pass.worst_share, report.two_passes.worst_share);
}

}  // namespace
}  // namespace norma::accuracy
