// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rows that are cut into parts for the threads have the bits of whole rows, and are cut where that
// keeps more threads busy.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/cpu/wide_rows.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/cpu/residual_run.h"

namespace norma::test {
namespace {

constexpr DType kF32 = DType::kF32, kBF16 = DType::kBF16, kF16 = DType::kF16;
constexpr NormKind kKinds[] = {NormKind::kLayerNorm, NormKind::kRmsNorm, NormKind::kL2Norm,
                               NormKind::kCrmsNorm};

// With a grain of one block rows are cut from two blocks on.
std::vector<Way> ways(int64_t cols) {
  return {{.threads = 2, .grain = 1},
          {.offset = 3, .threads = 3, .grain = 1},
          {.stride = cols + 5, .in_place = true, .threads = 8, .grain = 1},
          {.aligned = true, .threads = 64, .row_at_a_time = true, .grain = 1, .stream_bytes = 1},
          {.threads = 5, .grain = 1, .absent = kMeanHi | kRstd | kDweight},
          {.threads = 4, .grain = 1, .absent = kDweight | kDbias},
          {.threads = 4, .grain = 1, .absent = kDx}};
}

void expect_same_bits(const Problem& p) {
  cpu::force_grain(1);
  EXPECT_TRUE(cpu::splits_rows(p.rows, p.cols, std_thread_executor(8))) << "rows are left whole";
  cpu::force_grain(0);
  ASSERT_TRUE(has_specified_bits(p, ways(p.cols)));
}

TEST(WideRows, LengthsKindsAndTypes) {
  uint64_t seed = 0;
  for (const NormKind kind : kKinds) {
    for (const int64_t cols : {2048, 2049, 3071, 4096, 5000, 9217, 70001}) {
      const Types types[] = {{}, {kBF16, kBF16, kBF16}, {kF16, kF32, kF32}};
      ++seed;
      const Problem p = normal_problem({kind, 1e-5}, 1, cols, seed, seed % 3 != 0, seed % 4 != 0);
      expect_same_bits(in_types(p, types[seed % 3]));
    }
  }
}

TEST(WideRows, ThereMayBeAFew) {
  for (const NormKind kind : kKinds) expect_same_bits(normal_problem({kind, 1e-5}, 3, 6500, 2));
}

TEST(WideRows, Dialects) {
  NormSpec partial{NormKind::kRmsNorm, 1e-5};
  partial.statistic_cols = 1700;  // of two parts, where the row has five
  expect_same_bits(normal_problem(partial, 1, 5000));
  NormSpec gemma{NormKind::kRmsNorm, 1e-6, true, true, EpsMode::kOutside};
  expect_same_bits(in_types(normal_problem(gemma, 1, 5000), {kBF16, kBF16, kF32}));
  Problem one_weight = normal_problem({NormKind::kL2Norm, 1e-5}, 1, 5000);
  one_weight.weight.assign(1, 1.75f);
  expect_same_bits(one_weight);
}

// Rows that the guard refuses, and whose xhat is halved.
TEST(WideRows, HostileRows) {
  for (const NormKind kind : kKinds) {
    for (const float scale : {1e-30f, 1e30f, 3e38f}) {
      Problem p = normal_problem({kind, 1e-5}, 1, 5000);
      for (size_t i = 0; i < p.x.size(); ++i) p.x[i] = i % 2 == 0 ? scale : -scale;
      expect_same_bits(p);
    }
    Problem p = normal_problem({kind, 0}, 1, 4100);
    for (float& x : p.x) x = 1e6f + x;
    expect_same_bits(p);
  }
}

TEST(WideRows, WithAResidual) {
  for (const InPlace form : {InPlace::kNone, InPlace::kSumIsX, InPlace::kSumIsResidual}) {
    const Problem p = normal_problem({NormKind::kLayerNorm, 1e-5}, 1, 5000);
    const Way way{.stride = 5000, .offset = 1, .threads = 3, .grain = 1};
    ASSERT_TRUE(fused_is_its_parts(with_residual(p, 0.5f, true), {{way, form}}));
  }
}

// Uncut, 2 x 65,536 columns keep two threads busy; cut, four and more.
TEST(WideRows, AreCutWhereMoreThreadsAreBusyThen) {
  const auto cut = [](int64_t rows, int64_t cols, int threads) {
    return cpu::splits_rows(rows, cols, std_thread_executor(threads));
  };
  EXPECT_TRUE(cut(1, 65536, 2));
  EXPECT_FALSE(cut(1, 65535, 2)) << "too short to wake a thread for";
  EXPECT_FALSE(cut(1, 1 << 20, 1));
  EXPECT_FALSE(cut(2, 1 << 20, 2));
  EXPECT_FALSE(cut(2, 65536, 64));
  EXPECT_TRUE(cut(2, 131072, 4));
  EXPECT_FALSE(cut(0, 1 << 20, 4));
  // As it is without tests: three parts, of which the last is one column.
  Problem p = normal_problem({NormKind::kLayerNorm, 1e-5}, 1, 65537);
  ASSERT_TRUE(has_specified_bits(p, {{.threads = 2}}));
}

}  // namespace
}  // namespace norma::test
