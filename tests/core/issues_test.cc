// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What other libraries' norms were reported to get wrong, each by the number of its issue: the rows
// of hostile_rows.h in the length they were reported in, and what is not a matter of one row.
// Spans: core/ref, core/cpu, core/plan.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "core/ref/truth.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/cpu/residual_run.h"
#include "tests/core/hostile_rows.h"
#include "tests/core/judge.h"
#include "tests/core/norm_problem.h"

namespace norma::test {
namespace {

constexpr Types kF32{};
constexpr Types kBF16{DType::kBF16, DType::kBF16, DType::kBF16};
constexpr Types kF16{DType::kF16, DType::kF16, DType::kF16};
const std::vector<Way> kWays = {{}, {.offset = 3, .in_place = true, .threads = 3, .grain = 1}};

bool is_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

// Half a step of y's type at y.
Real half_step(Real y, DType dtype) {
  const auto [bits, least] = dtype == DType::kBF16 ? std::pair(8, -133)
                             : dtype == DType::kF16 ? std::pair(11, -24)
                                                    : std::pair(24, -149);
  int exponent = 0;
  std::frexp(y, &exponent);
  return std::ldexp(Real(1), std::max(exponent - bits, least) - 1);
}

// Section 8 for one element: what is worked in f32 is off by `worked` at most, and is then rounded
// to y's type.
Real y_bound(const Problem& p, Real xhat, Real w, Real b) {
  const Real worked = p.spec.kind == NormKind::kLayerNorm
                          ? 0x1p-17L * (std::abs(w) * (1 + std::abs(xhat)) + std::abs(b))
                          : 11 * kU * std::abs(xhat * w) + std::max<Real>(1, std::abs(w)) * kLeast;
  // The sum with RMSNorm's bias is one more rounding.
  const Real y = std::abs(xhat * w + b) + worked;
  return worked + half_step(y, DType::kF32) + half_step(y, p.types.rows);
}

// y and rstd of a problem of one row, as specified, against two centred passes in long double.
void expect_accurate(const Problem& p, const Results& r) {
  const ref::TrueRow truth = ref::true_row(p.spec, p.x.data(), p.cols);
  for (size_t i = 0; i < p.x.size(); ++i) {
    const Real w = p.weight.empty() ? 1 : p.weight[i], b = p.bias.empty() ? 0 : p.bias[i];
    const Real y = truth.xhat[i] * w + b;
    ASSERT_LE(std::abs(r.y[i] - y), y_bound(p, truth.xhat[i], w, b))
        << "y[" << i << "] of " << p.cols << " is " << r.y[i] << ", " << p.types.text();
  }
}

class HostileRows : public testing::TestWithParam<std::tuple<int, NormKind>> {
 protected:
  // One row of the issue's length, with what a gradient of it needs.
  Problem problem(double eps, bool weight, bool bias) const {
    const HostileRow& row = kHostile[std::get<0>(GetParam())];
    Problem p = normal_problem({std::get<1>(GetParam()), eps}, 1, row.cols, 3, weight, bias);
    p.x = hostile_row(row, row.cols);
    // Small enough that no gradient overflows, though rstd may be 2^126.
    for (float& v : p.dy) v *= 0x1p-20f;
    return p;
  }
};

std::vector<int> all_rows() {
  std::vector<int> all(kHostileRows);
  for (int i = 0; i < kHostileRows; ++i) all[static_cast<size_t>(i)] = i;
  return all;
}
INSTANTIATE_TEST_SUITE_P(Issues, HostileRows,
                         testing::Combine(testing::ValuesIn(all_rows()),
                                          testing::Values(NormKind::kLayerNorm,
                                                          NormKind::kRmsNorm)),
                         [](const auto& info) {
                           return std::string(name_of(std::get<1>(info.param))) + "_" +
                                  kHostile[std::get<0>(info.param)].name;
                         });

// All bounds of section 8 in f32, those of y in 16 bits.
TEST_P(HostileRows, AreWithinTheBounds) {
  for (const double eps : {0.0, 1e-12, 1e-5}) {
    for (int parameters = 0; parameters < 4; ++parameters) {
      const Problem plain = problem(eps, parameters & 1, parameters & 2);
      for (const Types& types : {kF32, kBF16, kF16}) {
        const Problem p = in_types(plain, types);
        if (!is_finite(p.x)) continue;  // what becomes of it is a matter of bits
        expect_accurate(p, specified(p));
        if (types.rows != DType::kF32) continue;
        const Shares shares = judged(p);
        EXPECT_LE(shares.y, 1);
        EXPECT_LE(shares.dx, 1);
        EXPECT_LE(shares.dweight, 1);
        EXPECT_LE(shares.dbias, 1);
      }
    }
  }
}

TEST_P(HostileRows, HaveTheirBitsOnEveryTarget) {
  for (const double eps : {0.0, 1e-5}) {
    for (const Types& types : {kF32, kBF16, kF16}) {
      ASSERT_TRUE(has_specified_bits(in_types(problem(eps, true, true), types), kWays));
    }
  }
}

// onnxruntime#21935, pytorch#108072, #188372, #188375, #98075, #108956, #41527: a row of one value,
// or of one element, is its bias, to the bit, and its weight has no gradient.
TEST(Issues, ARowOfOneValueIsItsBiasAndItsWeightHasNoGradient) {
  for (const auto& [value, cols] : std::vector<std::pair<float, int64_t>>{
           {1234, 256}, {2, 2}, {14, 2}, {1e6f, 1}, {-3, 1}, {0, 10}, {1e15f, 8}, {65504, 64}}) {
    for (const Types& types : {kF32, kBF16, kF16}) {
      for (const double eps : {0.0, 1e-12, 1e-6, 0.1}) {
        Problem p = normal_problem({NormKind::kLayerNorm, eps}, 3, cols, 2);
        for (float& v : p.weight) v *= 1e4f;
        p = in_types(p, types);
        std::fill(p.x.begin(), p.x.end(), ref::rounded(value, types.rows));
        if (!is_finite(p.x)) continue;
        const Results r = specified(p);
        for (int64_t row = 0; row < p.rows; ++row) {
          ASSERT_TRUE(same_bits(r.y.data() + row * cols, p.bias.data(), p.bias.size()))
              << value << ", " << types.text();
        }
        for (const float v : r.dweight) EXPECT_EQ(v, 0) << value;
        ASSERT_TRUE(has_specified_bits(p, kWays));
      }
    }
  }
}

// llm.c#476, Liger-Kernel#950, pytorch#140259 (ROCm), and a sum of bf16 in torch 2.13 (bench): ones
// added in the gradient's own type stall, in bf16 at 256.
TEST(Issues, ColumnSumsOfOnesDoNotStall) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const int64_t rows : {4096, 16384}) {
      Problem p = in_types(normal_problem({kind, 1e-5}, rows, 5), kBF16);
      std::fill(p.dy.begin(), p.dy.end(), 1.0f);
      for (const float v : specified(p).dbias) EXPECT_EQ(v, static_cast<float>(rows));
      ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 3, .grain = 1}}));
    }
  }
}

// vllm#48271, sglang#28787, RL-Kernel#145, flash-attention#781: a row's bits changed with the
// number of rows, at 256. pytorch#88718, #64486, jax#39741, Paddle#56100: and a sum's with the
// threads.
TEST(Issues, RowsDoNotDependOnHowManyThereAre) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const Types& types : {kF32, kBF16}) {
      const int64_t cols = 1000;
      const Problem most = in_types(normal_problem({kind, 1e-5}, 257, cols), types);
      const Results all = specified(most);
      for (const int64_t rows : {1, 255, 256, 257}) {
        Problem p = most;
        p.rows = rows;
        p.x.resize(static_cast<size_t>(rows * cols));
        p.dy.resize(p.x.size());
        const Results r = specified(p);
        EXPECT_TRUE(same_bits(r.y.data(), all.y.data(), r.y.size()));
        EXPECT_TRUE(same_bits(r.dx.data(), all.dx.data(), r.dx.size()));
        ASSERT_TRUE(has_specified_bits(p, {{.threads = 1}, {.threads = 5, .grain = 1}}));
      }
    }
  }
}

// vllm#52104, #42379: the fused kernel took its statistics of another sum than the one it stored.
TEST(Issues, AFusedSumIsNormalizedAsItIsStored) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const Types& types : {kBF16, kF16}) {
      const ResidualProblem p =
          with_residual(in_types(normal_problem({kind, 1e-5}, 20, 300), types), 1, true);
      const FusedResults parts = in_parts(p);
      for (const cpu::Kernels* kernels : kernels_of(types.rows)) {
        const FusedResults got = fused(kernels, p, {});
        EXPECT_TRUE(same_bits(got.sum.data(), parts.sum.data(), parts.sum.size()));
        EXPECT_TRUE(same_results(got.norm, parts.norm)) << kernels->name;
      }
    }
  }
}

// amd/IRON#139, pytorch#139923, #109188, #77507: rstd in the rows' 16 bits is one error for a whole
// row, which grows with depth. Within 4 ulp: 3 are the worst of docs/accuracy.md.
TEST(Issues, StatisticsOf16BitRowsAreF32) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const Types& types : {kBF16, kF16}) {
      const Problem p = in_types(normal_problem({kind, 1e-5}, 50, 768), types);
      const Results r = specified(p);
      int need_f32 = 0;
      for (size_t row = 0; row < 50; ++row) {
        const ref::TrueRow truth = ref::true_row(p.spec, p.x.data() + row * 768, 768);
        EXPECT_LE(std::abs(r.rstd[row] - truth.rstd), 8 * half_step(truth.rstd, DType::kF32));
        need_f32 += ref::rounded(r.rstd[row], types.rows) != r.rstd[row];
      }
      EXPECT_GT(need_f32, 40);
    }
  }
}

// Marian's gradient and onnxruntime's InvertibleLayerNormGrad work xhat out of y, over the weight.
TEST(Issues, AWeightOfZeroHasTheGradientOfAnyOther) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    Problem p = normal_problem({kind, 1e-5}, 40, 100);
    const Results want = specified(p);
    std::fill(p.weight.begin(), p.weight.end(), 0.0f);
    const Results zero = specified(p);
    EXPECT_TRUE(same_bits(zero.dweight.data(), want.dweight.data(), want.dweight.size()));
    for (const float v : zero.dx) EXPECT_EQ(v, 0);
    ASSERT_TRUE(has_specified_bits(p, kWays));
  }
}

// NeMo#2971: training and inference took different ways to y.
TEST(Issues, SavingStatisticsChangesNoOutput) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const Types& types : {kF32, kBF16, kF16}) {
      const Problem p = in_types(normal_problem({kind, 1e-5}, 70, 300), types);
      ASSERT_TRUE(has_specified_bits(p, {{}, {.absent = kMeanHi | kMeanLo | kRstd}}));
    }
  }
}

// XLA#10875, #13289: parameters of 16 bits were read as something else.
TEST(Issues, TheTypeOfParametersChangesNoOutput) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const Types& types : {kBF16, kF16}) {
      Problem p = in_types(normal_problem({kind, 1e-5}, 9, 300), types);
      ASSERT_TRUE(has_specified_bits(p, {{}}));
      const Results want = specified(p);
      p.types.parameters = DType::kF32;
      ASSERT_TRUE(has_specified_bits(p, {{}}));
      const Results got = specified(p);
      EXPECT_TRUE(same_bits(got.y.data(), want.y.data(), want.y.size()));
      EXPECT_TRUE(same_bits(got.dx.data(), want.dx.data(), want.dx.size()));
    }
  }
}

// vllm#29810, #39014, #42379, transformers#30236, lmdeploy#2842, tinygrad#5095: 1 + w is f32, also
// where w is bf16, and whether xhat is rounded before it is a choice.
TEST(Issues, OnePlusWeightIsAddedInF32) {
  Problem p = in_types(normal_problem({NormKind::kRmsNorm, 1e-6}, 4, 256, 1, true, false), kBF16);
  p.spec.weight_plus_one = true;
  std::fill(p.weight.begin(), p.weight.end(), 0x1p-9f);  // 1 + 2^-9 is 1 in bf16
  const Results r = specified(p);
  int differ = 0;
  for (size_t row = 0; row < 4; ++row) {
    const ref::TrueRow truth = ref::true_row(p.spec, p.x.data() + row * 256, 256);
    for (size_t i = 0; i < 256; ++i) {
      const Real y = truth.xhat[i] * (1 + 0x1p-9L);
      ASSERT_LE(std::abs(r.y[row * 256 + i] - y),
                y_bound(p, truth.xhat[i], 1 + 0x1p-9L, 0));
      differ += r.y[row * 256 + i] !=
                ref::rounded(static_cast<float>(truth.xhat[i]), DType::kBF16);
    }
  }
  EXPECT_GT(differ, 100) << "no element shows the addition";
  ASSERT_TRUE(has_specified_bits(p, kWays));
}

// pytorch#189581: the eps of bf16 was another than the caller meant; coremltools#2822: eps was
// scaled with the row.
TEST(Issues, EpsIsWhatWasGiven) {
  for (const Types& types : {kF32, kBF16, kF16}) {
    for (const double eps : {1e-6, 0x1p-7, 1.0}) {
      for (const float scale : {0x1p-10f, 1.0f, 100.0f}) {
        Problem p = normal_problem({NormKind::kRmsNorm, eps}, 1, 256, 1, false, false);
        for (float& v : p.x) v *= scale;
        p = in_types(p, types);
        expect_accurate(p, specified(p));
      }
    }
  }
}

// openvino#36718 and candle: an RMSNorm that rounds its root and products to bf16 is off by a
// rounding for each, all one way in a row.
TEST(Issues, RootMeanSquareOfABf16OutputIsOne) {
  const Problem p = in_types(normal_problem({NormKind::kRmsNorm, 0}, 30, 4096, 1, false, false),
                             kBF16);
  const Results r = specified(p);
  for (size_t row = 0; row < 30; ++row) {
    double squares = 0;
    for (size_t i = 0; i < 4096; ++i) squares += std::pow(r.y[row * 4096 + i], 2);
    // A rounding of 2^-9 at most each, and all may go one way: times a root near 1 each of bf16's
    // numbers is rounded back to itself. The root's own error is nothing beside that.
    EXPECT_NEAR(std::sqrt(squares / 4096), 1, 0x1.01p-9) << row;
  }
}

}  // namespace
}  // namespace norma::test
