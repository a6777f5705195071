// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The axes that must not show in a row's bits, each in full against a fixed base case on every
// target in one process, and random points of their product. What starts with DISABLED_ is the same
// over more types and rows: minutes, run by `ctest -L long`.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/core/cpu/residual_run.h"
#include "tests/core/draw.h"

namespace norma::test {
namespace {

constexpr DType kF32 = DType::kF32, kBF16 = DType::kBF16, kF16 = DType::kF16;
// Every type of rows, parameter and gradient once.
const Types kThreeTypes[] = {{}, {kBF16, kBF16, kBF16}, {kF16, kF32, kF32}};

class Axes : public testing::TestWithParam<NormKind> {
 protected:
  NormSpec spec() const { return {GetParam(), 1e-5}; }
  Problem problem(int64_t rows, int64_t cols, const Types& types = {}) const {
    return in_types(normal_problem(spec(), rows, cols), types);
  }

  void every_batch(int64_t cols, const Types& types) const {
    for (int64_t rows = 1; rows <= 300; ++rows) {
      ASSERT_TRUE(has_specified_bits(problem(rows, cols, types), {{}, {.threads = 3, .grain = 1}}));
    }
  }
  void every_length(int64_t rows, const Types& types, bool in_place) const {
    for (int64_t cols = 1; cols <= 2200; ++cols) {
      std::vector<Way> ways{{}};
      if (in_place) ways.push_back({.stride = -cols - 3, .offset = cols % 16, .in_place = true});
      ASSERT_TRUE(has_specified_bits(problem(rows, cols, types), ways));
    }
  }
  void around_every_block(const std::vector<int64_t>& distances, const Types& types) const {
    for (int64_t blocks = 1; blocks <= 20; ++blocks) {
      for (const int64_t distance : distances) {
        ASSERT_TRUE(has_specified_bits(problem(1, blocks * 1024 + distance, types), {{}}));
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Norms, Axes, testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(Axes, EveryBatchTo300) {
  for (const Types& types : kThreeTypes) every_batch(5, types);
}
TEST_P(Axes, DISABLED_BatchesOfEveryType) {
  for (const Types& types : kThreeTypes) {
    for (const int64_t cols : {1, 48, 77}) every_batch(cols, types);
  }
}

TEST_P(Axes, EveryNumberOfThreadsTo64OneRowEach) {
  std::vector<Way> ways;
  for (int threads = 1; threads <= 64; ++threads) {
    ways.push_back({.threads = threads, .row_at_a_time = threads % 2 == 0, .grain = 1});
  }
  ASSERT_TRUE(has_specified_bits(problem(70, 33), ways));
  ASSERT_TRUE(has_specified_bits(problem(3, 700), ways));
}
TEST_P(Axes, DISABLED_ThreadsWithEveryType) {
  std::vector<Way> ways;
  std::vector<FusedWay> fused_ways;
  for (int threads = 1; threads <= 64; ++threads) {
    for (const bool rows : {false, true}) {
      ways.push_back({.threads = threads, .row_at_a_time = rows, .grain = 1});
      fused_ways.push_back({ways.back()});
    }
  }
  for (const Types& types : kThreeTypes) {
    for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{300, 48}, {1, 5000}, {65, 100}}) {
      const Problem p = problem(rows, cols, types);
      ASSERT_TRUE(has_specified_bits(p, ways));
      ASSERT_TRUE(fused_is_its_parts(with_residual(p, 0.7f, true), fused_ways));
    }
  }
}

TEST_P(Axes, EveryLengthTo2200) { every_length(1, {}, false); }
TEST_P(Axes, DISABLED_LengthsOfEveryType) {
  for (const Types& types : kThreeTypes) every_length(3, types, true);
}

TEST_P(Axes, AroundEveryBlockTo20) { around_every_block({-1, 0, 1}, {}); }
TEST_P(Axes, DISABLED_FarAroundEveryBlock) {
  for (const Types& types : kThreeTypes) {
    around_every_block({-257, -256, -255, -9, -8, -7, -1, 0, 1, 7, 8, 9, 255, 256, 257}, types);
  }
}

// Offsets of 0 to 31 elements: a line of 16-bit ones, two of f32.
TEST_P(Axes, EveryAlignment) {
  for (const Types& types : kThreeTypes) {
    for (const int64_t cols : {33, 100}) {
      std::vector<FusedWay> ways;
      for (int64_t offset = 0; offset < 32; ++offset) {
        ways.push_back({{.offset = offset, .in_place = offset % 2 == 1}});
      }
      ASSERT_TRUE(fused_is_its_parts(with_residual(problem(5, cols, types), 1, true), ways));
    }
  }
}

// Outputs: from dense to three rows apart, forward and backward. Inputs at another one.
TEST_P(Axes, EveryStrideOfEitherSign) {
  constexpr int64_t kCols = 33;
  std::vector<Way> ways;
  std::vector<FusedWay> fused_ways;
  for (int64_t stride = kCols; stride <= 3 * kCols; ++stride) {
    for (const int64_t sign : {1, -1}) {
      ways.push_back({.stride = sign * stride, .in_place = stride % 2 == 1});
      fused_ways.push_back(
          {{.stride = sign * stride, .offset = 3}, InPlace::kNone, sign * (stride - 2 * kCols)});
      if (std::abs(fused_ways.back().input_stride) < kCols) fused_ways.back().input_stride = 0;
    }
  }
  for (const Types& types : kThreeTypes) {
    const Problem p = problem(5, kCols, types);
    ASSERT_TRUE(has_specified_bits(p, ways));
    ASSERT_TRUE(fused_is_its_parts(with_residual(p, -2, true), fused_ways));
  }
}

// Of every dialect that the norm has.
void random_combinations(NormKind kind, int count, uint64_t seed) {
  Draw draw(seed + static_cast<uint64_t>(kind));
  for (int i = 0; i < count; ++i) {
    const int64_t cols = draw.spread(4000);
    const int64_t rows = std::max<int64_t>(1, std::min(draw.spread(300), 8000 / cols));
    const double all_eps[] = {0, 1e-12, 1e-5, 1};
    const DType all_types[] = {kF32, kBF16, kF16}, type = all_types[draw.below(3)];
    const Types types{type, draw.coin() ? type : kF32, draw.coin() ? type : kF32};
    NormSpec spec{kind, all_eps[draw.below(4)], draw.coin(), draw.coin()};
    if (draw.below(4) == 0) spec.eps_mode = static_cast<EpsMode>(draw.below(4));
    const bool like_rms = kind == NormKind::kRmsNorm || kind == NormKind::kL2Norm;
    if (like_rms && draw.below(4) == 0) spec.statistic_cols = 1 + draw.below(cols);
    Problem p = normal_problem(spec, rows, cols, draw(), draw.coin(), draw.coin());
    if (kind == NormKind::kL2Norm && draw.coin()) p.weight.assign(1, 1.75f);
    for (int64_t r = draw.below(8); r < rows; r += 1 + draw.below(64)) {
      const std::vector<float> row = hostile_row(static_cast<int>(draw.below(kHostileRows)), cols);
      if (draw.coin()) std::copy(row.begin(), row.end(), p.x.begin() + r * cols);
      if (draw.below(8) == 0) std::copy(row.begin(), row.end(), p.dy.begin() + r * cols);
    }
    p = in_types(p, types);
    Way way{.stride = cols + draw.below(40),
            .offset = draw.below(32),
            .aligned = draw.coin(),
            .in_place = draw.coin(),
            .threads = static_cast<int>(draw.coin() ? 1 : draw.spread(64)),
            .row_at_a_time = draw.coin(),
            .grain = draw.below(3),
            .stream_bytes = draw.below(2),
            .absent = static_cast<unsigned>(draw.coin() ? 0 : draw.below(64))};
    if (way.aligned) way.stride = (way.stride + 31) / 32 * 32;  // so that stores may stream
    if (draw.coin()) way.stride = -way.stride;
    if (way.grain != 1) way.row_at_a_time = false;  // ranges are never below the grain
    if (draw.coin()) {
      ASSERT_TRUE(has_specified_bits(p, {way})) << "combination " << i;
      continue;
    }
    const float scales[] = {1, -0.37f, 0x1p-20f, 1e3f};
    FusedWay how{way, static_cast<InPlace>(draw.below(5)), 0};
    if (draw.coin()) how.input_stride = (draw.coin() ? 1 : -1) * (cols + draw.below(40));
    const float scale = scales[draw.below(4)];
    const bool with_dsum = draw.coin();
    ASSERT_TRUE(fused_is_its_parts(with_residual(p, scale, with_dsum, draw()), {how}))
        << "combination " << i;
  }
}

// Of the four norms together 2,000.
TEST_P(Axes, RandomCombinations) { random_combinations(GetParam(), 700, 20260); }
TEST_P(Axes, DISABLED_TenThousandRandomCombinations) {
  random_combinations(GetParam(), 10000, 777);
}
TEST(AxesOfOtherNorms, RandomCombinations) {
  random_combinations(NormKind::kL2Norm, 300, 20261);
  random_combinations(NormKind::kCrmsNorm, 300, 20262);
}
TEST(AxesOfOtherNorms, DISABLED_TenThousandRandomCombinations) {
  random_combinations(NormKind::kL2Norm, 5000, 778);
  random_combinations(NormKind::kCrmsNorm, 5000, 779);
}

}  // namespace
}  // namespace norma::test
