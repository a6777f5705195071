// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A norm with a gate, RoPE or quantised output fused to it is its parts, bit for bit, on every
// target and along each axis that must not show.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "core/cpu/fused_kernels.h"
#include "tests/core/cpu/fused_run.h"

namespace norma::test {
namespace {

using Parameters = std::tuple<Fused, NormKind>;

class FusedNorms : public testing::TestWithParam<Parameters> {
 protected:
  FusedNorm problem(int64_t rows, int64_t cols, const Types& types = {}, uint64_t seed = 1,
                    bool weight = true, bool bias = true) const {
    const auto& [what, kind] = GetParam();
    const Problem norm = normal_problem({kind, 1e-5}, rows, cols, seed, weight, bias);
    return fused_norm(in_types(norm, types), what, seed + 22);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Norms, FusedNorms,
    testing::Combine(testing::Values(Fused::kGate, Fused::kRopeHalves, Fused::kRopeInterleaved,
                                     Fused::kInt8, Fused::kE4m3),
                     testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm)),
    [](const auto& info) {
      return std::string(name_of(std::get<0>(info.param))) + "_" +
             name_of(std::get<1>(info.param));
    });

constexpr Types kBf16{DType::kBF16, DType::kF32, DType::kF32},
    kF16{DType::kF16, DType::kF16, DType::kF16};

TEST(FusedKernels, EachTargetHasItsOwn) {
  const std::vector<const cpu::Kernels*> all = all_kernels();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      for (int type = 0; type < cpu::kRowTypes; ++type) {
        const cpu::FusedKernels &a = *all[i]->fused, &b = *all[j]->fused;
        EXPECT_NE(a.gate.forward[type], b.gate.forward[type]);
        EXPECT_NE(a.gate.backward[type], b.gate.backward[type]);
        EXPECT_NE(a.rope.turn[type], b.rope.turn[type]);
        EXPECT_NE(a.quant.quantize[type], b.quant.quantize[type]);
      }
    }
  }
}

TEST_P(FusedNorms, LengthsAndTypes) {
  std::vector<int64_t> lengths;
  for (int64_t cols = 1; cols <= 70; ++cols) lengths.push_back(cols);
  for (const int64_t cols : {96, 127, 128, 130, 256, 257, 1023, 1024, 1100, 5000}) {
    lengths.push_back(cols);
  }
  for (const int64_t cols : lengths) {
    for (const Types& types : {Types(), kBf16, kF16}) {
      ASSERT_TRUE(fused_is_its_parts(problem(5, cols, types, static_cast<uint64_t>(cols)), {{}}));
    }
  }
}

TEST_P(FusedNorms, RowsOneTo80) {
  for (int64_t rows = 1; rows <= 80; ++rows) {
    ASSERT_TRUE(fused_is_its_parts(problem(rows, 20, {}, static_cast<uint64_t>(rows)),
                                   {{}, {.threads = 3, .grain = 1}}));
  }
  ASSERT_TRUE(fused_is_its_parts(problem(1500, 6), {{}, {.threads = 2, .grain = 1}}));
}

// A row that is cut into parts, before and after what is fused.
TEST_P(FusedNorms, RowsInParts) {
  for (const Types& types : {Types(), kBf16}) {
    ASSERT_TRUE(fused_is_its_parts(problem(1, 5000, types), {{.threads = 4, .grain = 1}}));
  }
}

TEST_P(FusedNorms, ThreadsAndCuts) {
  std::vector<Way> ways;
  for (const int threads : {1, 2, 3, 6}) {
    ways.push_back({.threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .row_at_a_time = true, .grain = 1});
    ways.push_back({.in_place = true, .threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .grain = 1, .absent = kDweight | kDbias});
  }
  for (const auto& [rows, cols] :
       std::vector<std::pair<int64_t, int64_t>>{{300, 12}, {40, 700}, {9, 2100}, {70, 128}}) {
    ASSERT_TRUE(fused_is_its_parts(problem(rows, cols), ways));
    ASSERT_TRUE(fused_is_its_parts(problem(rows, cols), {{.threads = 4, .grain = 1}}, true));
  }
}

TEST_P(FusedNorms, AlignmentsStridesAndWhatIsAbsent) {
  std::vector<Way> ways;
  for (int64_t offset = 0; offset < 16; ++offset) {
    ways.push_back({.offset = offset});
    ways.push_back({.stride = 150, .offset = offset, .in_place = true});
    // One in four begins a line, and is streamed.
    ways.push_back({.stride = 160, .offset = offset, .in_place = offset % 8 == 0,
                    .stream_bytes = 1});
    ways.push_back({.stride = -160, .offset = offset, .absent = kRstd | kDbias});
  }
  for (const Types& types : {Types(), kBf16, kF16}) {
    for (const int64_t cols : {2, 9, 33, 128, 130}) {
      ASSERT_TRUE(fused_is_its_parts(problem(5, cols, types), ways));
      const FusedNorm bare = problem(5, cols, types, 2, cols != 9, cols == 9);
      ASSERT_TRUE(fused_is_its_parts(bare, {ways[4], ways[8]}));
    }
  }
}

// The specification's own pass is not asked: it is its caller that sets the environment.
TEST_P(FusedNorms, TheCallersEnvironment) {
  for (const Types& types : {Types(), kBf16, kF16}) {
    FusedNorm p = problem(40, 33, types, 1, true, false);
    make_rows_subnormal(33, &p.norm.x, &p.norm.dy);
    p.norm = in_types(p.norm, types);
    const FusedNormResults want = in_parts(p);
    for (const cpu::Kernels* kernels : kernels_of(types.rows)) {
      for (const Way& way : ways_of_environments()) {
        ASSERT_TRUE(same_results(FusedRun(p, way).run(kernels, false), want)) << way.text();
      }
    }
  }
}

// The sum is stored, and is what is normalised: its parts are an addition, a norm and what follows.
TEST_P(FusedNorms, WithAResidual) {
  const std::vector<Way> ways = {{},
                                 {.in_place = true},
                                 {.threads = 3, .grain = 1},
                                 {.stride = 5024, .offset = 5, .threads = 2, .grain = 1},
                                 {.stride = 5024, .stream_bytes = 1}};
  for (const auto& [rows, cols] :
       std::vector<std::pair<int64_t, int64_t>>{
           {5, 33}, {40, 130}, {300, 12}, {9, 2100}, {1, 5000}}) {
    for (const Types& types : {Types(), kBf16, kF16}) {
      for (const float scale : {1.0f, -0.375f}) {
        FusedNorm p = problem(rows, cols, types);
        p.scale = scale;
        p.residual = normal_values(rows * cols, 31, 2, 1);
        if (scale == 1) p.dsum = normal_values(rows * cols, 32);
        round_to(&p.residual, types.rows);
        round_to(&p.dsum, types.rows);
        ASSERT_TRUE(fused_is_its_parts(p, ways));
      }
    }
  }
}

// Rows that break careless arithmetic, as x, and as the gate.
TEST_P(FusedNorms, HostileRows) {
  for (const int64_t cols : {1, 3, 40, 130}) {
    FusedNorm p = problem(kHostileRows, cols, {}, 3, cols != 3, cols != 40);
    for (int which = 0; which < kHostileRows; ++which) {
      const std::vector<float> row = hostile_row(which, cols);
      std::copy(row.begin(), row.end(), p.norm.x.begin() + which * cols);
    }
    ASSERT_TRUE(fused_is_its_parts(p, {{}, {.threads = 2, .grain = 1}}));
    if (p.what != Fused::kGate) continue;
    std::swap(p.norm.x, p.gate);
    ASSERT_TRUE(fused_is_its_parts(p, {{}}));
  }
}

// Every dialect goes with what is fused.
TEST_P(FusedNorms, DialectsOfTheNorm) {
  for (const EpsMode mode : {EpsMode::kOutside, EpsMode::kClamp}) {
    FusedNorm p = problem(37, 64, kBf16);
    p.norm.spec.eps_mode = mode;
    p.norm.spec.eps = 0.25;
    p.norm.spec.weight_plus_one = true;
    p.norm.spec.round_before_weight = true;
    ASSERT_TRUE(fused_is_its_parts(p, {{.threads = 2, .grain = 1}}));
  }
  if (std::get<1>(GetParam()) != NormKind::kRmsNorm) return;
  FusedNorm p = problem(37, 64);
  p.norm.spec.statistic_cols = 24;
  ASSERT_TRUE(fused_is_its_parts(p, {{}, {.threads = 2, .grain = 1}}));
  p.norm.spec = {NormKind::kCrmsNorm, 1e-5};
  ASSERT_TRUE(fused_is_its_parts(p, {{}}));
  p.norm.spec = {NormKind::kL2Norm, 1e-5};
  p.norm.weight = {1.5f};
  ASSERT_TRUE(fused_is_its_parts(p, {{}, {.threads = 2, .grain = 1}}));
}

TEST_P(FusedNorms, RandomCombinations) {
  std::mt19937_64 random(2026);
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  const auto coin = [&] { return below(2) == 1; };
  for (int i = 0; i < 60; ++i) {
    const auto cols = static_cast<int64_t>(std::exp(8.0 * static_cast<double>(below(1001)) / 1000));
    const int64_t rows = 1 + below(std::min<int64_t>(20000 / cols + 1, 150));
    const Types types = i % 3 == 0 ? Types() : i % 3 == 1 ? kBf16 : kF16;
    const Way way{.stride = coin() ? 0 : (coin() ? 1 : -1) * (cols + below(20)),
                  .offset = below(16),
                  .in_place = coin(),
                  .threads = static_cast<int>(1 + below(8)),
                  .row_at_a_time = coin(),
                  .grain = below(3),
                  .stream_bytes = below(2),
                  .absent = static_cast<unsigned>(coin() ? 0 : below(64)) & ~unsigned{kDx}};
    ASSERT_TRUE(fused_is_its_parts(problem(rows, cols, types, random() % 1000, coin(), coin()),
                                   {way}))
        << "combination " << i;
  }
}

}  // namespace
}  // namespace norma::test
