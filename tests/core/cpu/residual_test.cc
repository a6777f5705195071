// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A residual fused into a norm is its parts, bit for bit: the sum stored, the norm of the stored
// sum, and their gradients, on every target and in every way that must not show.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <string>

#include "tests/core/cpu/residual_run.h"

namespace norma::test {
namespace {

class Residual : public testing::TestWithParam<NormKind> {
 protected:
  // On every target, and by the specification's own fused pass.
  void check(int64_t rows, int64_t cols, const Types& types, float scale, bool with_dsum,
             InPlace in_place, int64_t stride, int threads) {
    const Problem p = in_types(normal_problem({GetParam(), 1e-5}, rows, cols), types);
    const Way way{.stride = stride, .offset = 1, .threads = threads, .grain = threads > 1 ? 1 : 0};
    ASSERT_TRUE(fused_is_its_parts(with_residual(p, scale, with_dsum), {{way, in_place}}));
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
