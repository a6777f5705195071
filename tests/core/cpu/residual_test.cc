// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A residual fused into a norm is its parts, bit for bit: the sum stored, the norm of the stored
// sum, and their gradients, on every target and in every way that must not show.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/core/cpu/kernel_run.h"

namespace norma::test {
namespace {

enum class InPlace { kNone, kSumIsX, kSumIsResidual, kSumIsXAndYIsResidual, kSumIsResidualAndYIsX };

struct Outputs {
  std::vector<float> sum, y, rstd, dx, dresidual, dweight;
};

// What two calls give: values rounded one at a time, and the specification of the norm alone.
Outputs in_parts(const Problem& p, const std::vector<float>& residual,
                 const std::vector<float>& dsum, float scale) {
  Problem norm = p;
  for (size_t i = 0; i < norm.x.size(); ++i) {
    const float product = scale * residual[i];
    norm.x[i] = ref::rounded(p.x[i] + product, p.types.rows);
  }
  const Results results = specified(norm);
  Outputs out{norm.x, results.y, results.rstd, results.dx, results.dx, results.dweight};
  for (size_t i = 0; i < out.dx.size(); ++i) {
    if (!dsum.empty()) out.dx[i] = ref::rounded(out.dx[i] + dsum[i], p.types.rows);
    out.dresidual[i] = ref::rounded(scale * out.dx[i], p.types.rows);
  }
  return out;
}

Outputs fused(const Implementation& by, const Problem& p, const std::vector<float>& residual_values,
              const std::vector<float>& dsum_values, float scale, InPlace in_place, int64_t stride,
              const Executor& executor) {
  const auto memory = [&](const std::vector<float>& values, int64_t offset) {
    PaddedRows rows(p.rows, p.cols, stride, offset, p.types.rows);
    if (!values.empty()) rows.assign(values);
    return rows;
  };
  PaddedRows x = memory(p.x, 1), residual = memory(residual_values, 2), sum_memory = memory({}, 3),
             y_memory = memory({}, 5), dy = memory(p.dy, 0), dsum = memory(dsum_values, 4),
             dx = memory({}, 7), dresidual = memory({}, 6);
  PaddedRows& sum = in_place == InPlace::kSumIsX || in_place == InPlace::kSumIsXAndYIsResidual ? x
                    : in_place == InPlace::kNone ? sum_memory
                                                 : residual;
  PaddedRows& y = in_place == InPlace::kSumIsXAndYIsResidual   ? residual
                  : in_place == InPlace::kSumIsResidualAndYIsX ? x
                                                               : y_memory;
  PaddedRows weight(1, p.cols, 0, 0, p.types.parameters), bias = weight;
  weight.assign(p.weight);
  bias.assign(p.bias);
  const auto n = static_cast<size_t>(p.rows);
  std::vector<float> hi(n), lo(n), rstd(n), dweight(static_cast<size_t>(p.cols));
  NormForward forward{x.view(),
                      {weight.data(), p.types.parameters, p.cols},
                      {bias.data(), p.types.parameters, p.cols},
                      y.view(),
                      {hi.data(), lo.data(), rstd.data()},
                      residual.view(),
                      sum.view(),
                      scale};
  by.forward(p.spec, forward, executor);
  Outputs out{sum.dense(), y.dense(), rstd, {}, {}, {}};
  const NormBackward backward{sum.view(),
                              dy.view(),
                              forward.weight,
                              {hi.data(), lo.data(), rstd.data()},
                              dx.view(),
                              {dweight.data(), DType::kF32, p.cols},
                              {},
                              dsum_values.empty() ? RowsView() : dsum.view(),
                              dresidual.view(),
                              scale};
  std::vector<NormCase::Line> workspace(
      by.backward_workspace(p.spec, backward, executor) / sizeof(NormCase::Line) + 1);
  by.backward(p.spec, backward, workspace.data(), workspace.size() * sizeof(NormCase::Line),
              executor);
  out.dx = dx.dense();
  out.dresidual = dresidual.dense();
  out.dweight = dweight;
  for (const PaddedRows* each :
       {&x, &residual, &sum_memory, &y_memory, &dy, &dsum, &dx, &dresidual}) {
    EXPECT_TRUE(each->padding_is_untouched());
  }
  return out;
}

testing::AssertionResult same(const Outputs& got, const Outputs& want) {
  for (const auto& [name, field] :
       {std::pair("sum", &Outputs::sum), std::pair("y", &Outputs::y),
        std::pair("rstd", &Outputs::rstd), std::pair("dx", &Outputs::dx),
        std::pair("dresidual", &Outputs::dresidual), std::pair("dweight", &Outputs::dweight)}) {
    const std::vector<float>&a = got.*field, &b = want.*field;
    if (a.size() != b.size()) return testing::AssertionFailure() << name << " has another size";
    const auto result = same_bits(a.data(), b.data(), a.size());
    if (!result) return testing::AssertionFailure() << name << ": " << result.message();
  }
  return testing::AssertionSuccess();
}

class Residual : public testing::TestWithParam<NormKind> {
 protected:
  // On every target, and by the specification's own fused pass.
  void check(int64_t rows, int64_t cols, const Types& types, float scale, bool with_dsum,
             InPlace in_place, int64_t stride, int threads) {
    const Problem p = in_types(normal_problem({GetParam(), 1e-5}, rows, cols), types);
    std::vector<float> residual = normal_values(rows * cols, 17, 2, 1);
    std::vector<float> dsum;
    if (with_dsum) dsum = normal_values(rows * cols, 18);
    round_to(&residual, types.rows);
    round_to(&dsum, types.rows);
    const Outputs want = in_parts(p, residual, dsum, scale);
    const std::string what = std::to_string(rows) + " x " + std::to_string(cols) + " " +
                             types.text() + " scale " + std::to_string(scale) + " in place " +
                             std::to_string(static_cast<int>(in_place));
    cpu::force_grain(threads > 1 ? 1 : 0);
    const Executor executor = std_thread_executor(threads);
    const cpu::Kernels* before = cpu::active_kernels();
    for (const std::string& target : cpu::available_targets()) {
      ASSERT_TRUE(cpu::force_target(target).ok());
      ASSERT_TRUE(same(
          fused(implementations()[1], p, residual, dsum, scale, in_place, stride, executor), want))
          << target << " " << what;
    }
    ASSERT_TRUE(cpu::force_target(before->name).ok());
    cpu::force_grain(0);
    ASSERT_TRUE(same(fused(implementations().back(), p, residual, dsum, scale, in_place, stride,
                           serial_executor()),
                     want))
        << "ref " << what;
  }
};

INSTANTIATE_TEST_SUITE_P(Norms, Residual, testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(Residual, LengthsAndTypes) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const int64_t cols : {1, 7, 16, 33, 100, 257, 1024, 1100, 5000}) {
      check(3, cols, {type, type, DType::kF32}, 1, true, InPlace::kNone, cols + 3, 1);
      check(1, cols, {type, type, DType::kF32}, -0.37f, false, InPlace::kNone, cols, 1);
    }
  }
}

TEST_P(Residual, EveryInPlaceForm) {
  for (const InPlace form : {InPlace::kNone, InPlace::kSumIsX, InPlace::kSumIsResidual,
                             InPlace::kSumIsXAndYIsResidual, InPlace::kSumIsResidualAndYIsX}) {
    for (const int threads : {1, 3}) {
      check(37, 100, {}, 0.5f, true, form, 104, threads);
      check(70, 48, {DType::kBF16, DType::kF32, DType::kF32}, 2.5f, true, form, 48, threads);
    }
  }
}

TEST_P(Residual, OneBlockManyBlocksAndColumnCuts) {
  for (const int64_t rows : {2, 31, 33, 130}) {
    check(rows, 300, {}, 1, true, InPlace::kNone, 300, 4);
  }
}

// By the reference too, which takes rows of f64.
TEST_P(Residual, RowsWithoutColumnsCostNoTime) {
  constexpr int64_t kRows = int64_t{1} << 62;
  double memory[4] = {};
  for (const DType type : {DType::kF32, DType::kF64}) {
    const auto rows = [&](int i) { return RowsView{memory + i, type, kRows, 0, 0}; };
    const NormForward args{rows(0), {}, {}, rows(1), {}, rows(2), rows(3), 1};
    EXPECT_TRUE(norm_forward({GetParam(), 1e-5}, args, serial_executor()).ok()) << name_of(type);
  }
}

}  // namespace
}  // namespace norma::test
