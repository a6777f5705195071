// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The pointwise functions on every target against the scalar specification, bit for bit, along each
// axis that must not show.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/ref/elementary.h"
#include "tests/core/cpu/pointwise_run.h"

namespace norma::test {
namespace {

constexpr PointwiseSpec kDyt{PointwiseKind::kDyt, 0.7}, kDerf{PointwiseKind::kDerf, 0.7, -0.3};

class PointwiseBits : public testing::TestWithParam<PointwiseSpec> {
 protected:
  PointwiseProblem problem(int64_t rows, int64_t cols, uint64_t seed = 1, bool weight = true,
                           bool bias = true, const Types& types = {}) const {
    return pointwise_problem(GetParam(), rows, cols, seed, weight, bias, types);
  }
};

INSTANTIATE_TEST_SUITE_P(Functions, PointwiseBits, testing::Values(kDyt, kDerf),
                         [](const auto& info) { return std::string(name_of(info.param.kind)); });

std::vector<Types> all_types() {
  std::vector<Types> all;
  for (const DType rows : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const DType parameters : {rows, DType::kF32}) {
      for (const DType gradients : {rows, DType::kF32}) {
        if (rows != DType::kF32 || all.empty()) all.push_back({rows, parameters, gradients});
      }
    }
  }
  return all;
}

TEST(PointwiseKernels, EachTargetHasItsOwn) {
  const std::vector<const cpu::Kernels*> all = all_kernels();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      for (int type = 0; type < cpu::kRowTypes; ++type) {
        EXPECT_NE(all[i]->dyt.of[type].forward, all[j]->dyt.of[type].forward);
        EXPECT_NE(all[i]->dyt.of[type].backward, all[j]->dyt.of[type].backward);
        EXPECT_NE(all[i]->derf.of[type].forward, all[j]->derf.of[type].forward);
        EXPECT_NE(all[i]->derf.of[type].backward, all[j]->derf.of[type].backward);
      }
    }
  }
}

TEST_P(PointwiseBits, RowsOneTo130) {
  for (int64_t rows = 1; rows <= 130; ++rows) {
    ASSERT_TRUE(has_specified_bits(problem(rows, 5), {{}, {.threads = 3, .grain = 1}}));
  }
  ASSERT_TRUE(has_specified_bits(problem(2100, 3), {{}, {.threads = 2, .grain = 1}}));
}

TEST_P(PointwiseBits, LengthsOneTo300AndAroundBlocks) {
  std::vector<int64_t> lengths;
  for (int64_t cols = 1; cols <= 300; ++cols) lengths.push_back(cols);
  for (const int64_t blocks : {1, 2, 3, 5, 17}) {
    for (int64_t cols = 1024 * blocks - 2; cols <= 1024 * blocks + 2; ++cols) {
      lengths.push_back(cols);
    }
  }
  for (const int64_t cols : {384, 511, 513, 700, 768, 1000, 1500}) lengths.push_back(cols);
  for (const int64_t cols : lengths) {
    ASSERT_TRUE(has_specified_bits(problem(cols < 300 ? 7 : 3, cols), {{}}));
  }
}

TEST_P(PointwiseBits, OneToEightThreads) {
  std::vector<Way> ways;
  for (int threads = 1; threads <= 8; ++threads) {
    ways.push_back({.threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .row_at_a_time = true, .grain = 1});
    ways.push_back({.in_place = true, .threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .grain = 1, .absent = kDweight | kDbias});
  }
  // Blocks of rows, and blocks of columns where there are fewer of those than threads.
  for (const auto& [rows, cols] :
       std::vector<std::pair<int64_t, int64_t>>{{300, 7}, {40, 2100}, {9, 5200}, {64, 1024}}) {
    ASSERT_TRUE(has_specified_bits(problem(rows, cols), ways));
  }
}

TEST_P(PointwiseBits, ALeastWorkspaceTakesOneThread) {
  for (const int64_t cols : {19, 3000}) {
    const PointwiseProblem p = problem(70, cols);
    const PointwiseResults want = specified(p);
    for (const cpu::Kernels* kernels : all_kernels()) {
      ASSERT_TRUE(same_results(run_kernels(*kernels, p, {.threads = 4, .grain = 1}, true), want));
    }
  }
}

TEST_P(PointwiseBits, AlignmentsStridesAndStores) {
  std::vector<Way> ways;
  for (int64_t offset = 0; offset < 16; ++offset) {
    ways.push_back({.offset = offset});
    ways.push_back({.stride = 150, .offset = offset, .in_place = true});
    ways.push_back({.stride = -160, .offset = offset});
    ways.push_back({.stride = 160, .offset = offset, .aligned = true, .stream_bytes = 1});
    ways.push_back({.stride = -160, .offset = offset, .aligned = true, .stream_bytes = 1,
                    .absent = kDalpha | kDshift});
  }
  for (const Types& types : all_types()) {
    for (const int64_t cols : {1, 9, 33, 130}) {
      ASSERT_TRUE(has_specified_bits(problem(5, cols, 1, true, true, types), ways));
    }
  }
}

TEST_P(PointwiseBits, OneRowAgainAndAgain) {
  PointwiseProblem p = problem(40, 17);
  for (size_t i = 17; i < p.x.size(); ++i) p.x[i] = p.x[i - 17], p.dy[i] = p.dy[i - 17];
  ASSERT_TRUE(has_specified_bits(p, {{.one_row = true}, {.one_row = true, .threads = 3}}));
}

TEST_P(PointwiseBits, TypesAndWhatIsAbsent) {
  std::vector<Way> ways;
  for (unsigned absent = 0; absent < 256; absent += kDx) {
    ways.push_back({.threads = absent % (2 * kDx) == 0 ? 1 : 3, .grain = 1, .absent = absent});
  }
  for (const Types& types : all_types()) {
    for (int parameters = 0; parameters < 4; ++parameters) {
      const PointwiseProblem p = problem(35, parameters == 3 ? 1100 : 30, 4, parameters & 1,
                                         (parameters & 2) != 0, types);
      ASSERT_TRUE(has_specified_bits(p, ways));
    }
  }
}

TEST_P(PointwiseBits, TheCallersEnvironment) {
  PointwiseProblem p = problem(40, 33);
  ASSERT_TRUE(has_specified_bits(p, ways_of_environments()));
  make_rows_subnormal(33, &p.x, &p.dy);
  p.bias.clear();
  ASSERT_TRUE(has_specified_bits(p, ways_of_environments()));
}

// Rows that break careless arithmetic, under scalars of every size.
TEST_P(PointwiseBits, HostileRowsAndScalars) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (const double alpha : {0.0, -0.0, 0.7, -3.0, 1e30, 1e-44, 1e300, kInf, std::nan("")}) {
    for (const int64_t cols : {1, 3, 40, 130}) {
      PointwiseProblem p = problem(kHostileRows, cols, 3, cols != 3, cols != 40);
      p.spec.alpha = alpha;
      if (cols == 40) p.spec.shift = std::abs(alpha);
      for (int which = 0; which < kHostileRows; ++which) {
        const std::vector<float> row = hostile_row(which, cols);
        std::copy(row.begin(), row.end(), p.x.begin() + which * cols);
      }
      ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 2, .grain = 1}}));
      std::swap(p.x, p.dy);
      ASSERT_TRUE(has_specified_bits(p, {{}})) << "hostile dy";
    }
  }
}

// Both sides of every branch of the function, and places all over its range.
TEST_P(PointwiseBits, ValuesOfEverySize) {
  PointwiseProblem p = problem(64, 4096, 1, false, false);
  p.spec.alpha = 1;
  p.spec.shift = 0;
  std::mt19937_64 random(7);
  for (size_t i = 0; i < p.x.size(); ++i) {
    const auto bits = static_cast<uint32_t>(random());
    p.x[i] = std::bit_cast<float>(i % 2 ? bits : 0x3d000000u + bits % 0x06000000u);
    p.dy[i] = 1;
  }
  ASSERT_TRUE(has_specified_bits(p, {{}}));
}

TEST_P(PointwiseBits, TwoHundredRandomCombinations) {
  std::mt19937_64 random(2026);
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  const auto coin = [&] { return below(2) == 1; };
  const std::vector<Types> types = all_types();
  for (int i = 0; i < 200; ++i) {
    const auto cols = static_cast<int64_t>(std::exp(8.0 * static_cast<double>(below(1001)) / 1000));
    const int64_t rows = 1 + below(std::min<int64_t>(20000 / cols + 1, 200));
    const auto type = static_cast<size_t>(below(static_cast<int64_t>(types.size())));
    PointwiseProblem p = problem(rows, cols, random(), coin(), coin(), types[type]);
    p.spec.alpha = std::exp(static_cast<double>(below(100)) / 20 - 3);
    const int64_t stride = coin() ? 0 : (coin() ? 1 : -1) * (cols + below(20));
    const Way way{.stride = stride,
                  .offset = below(16),
                  .aligned = coin(),
                  .in_place = coin(),
                  .threads = static_cast<int>(1 + below(8)),
                  .row_at_a_time = coin(),
                  .grain = below(3),
                  .stream_bytes = below(2),
                  .absent = static_cast<unsigned>(coin() ? 0 : below(256))};
    ASSERT_TRUE(has_specified_bits(p, {way})) << "combination " << i;
  }
}

// An element's y and dx are its own, whatever lies beside it; dbias is not.
TEST_P(PointwiseBits, ElementsDoNotDependOnOthers) {
  const PointwiseProblem one = problem(1, 1, 8, false, false);
  const PointwiseResults want = specified(one);
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (int64_t place = 0; place < 45; ++place) {
      PointwiseProblem p = problem(3, 15, 9, false, false);
      for (float& v : p.x) v = place % 3 == 1 ? v * 1e20f : place % 3 == 2 ? std::nanf("") : v;
      p.x[static_cast<size_t>(place)] = one.x[0];
      p.dy[static_cast<size_t>(place)] = one.dy[0];
      const PointwiseResults all = run_kernels(*kernels, p, {});
      ASSERT_TRUE(same_bits(&all.y[static_cast<size_t>(place)], want.y.data(), 1));
      ASSERT_TRUE(same_bits(&all.dx[static_cast<size_t>(place)], want.dx.data(), 1));
      ASSERT_FALSE(same_bits(&all.dbias[static_cast<size_t>(place % 15)], want.dbias.data(), 1));
    }
  }
}

}  // namespace
}  // namespace norma::test
