// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm on every target against the scalar specification, bit for bit, along each axis that
// must not show.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/core/cpu/batch_run.h"
#include "tests/core/draw.h"

namespace norma::test {
namespace {

// Training or evaluation, with a mask or without.
class BatchNormBits : public testing::TestWithParam<std::pair<bool, bool>> {
 protected:
  BatchProblem problem(int64_t rows, int64_t cols, uint64_t seed = 1, bool weight = true,
                       bool bias = true) const {
    BatchProblem p = batch_problem(rows, cols, GetParam().second, seed, weight, bias);
    p.spec.training = GetParam().first;
    return p;
  }
  int64_t least_rows() const { return GetParam().second ? 3 : 2; }  // row 1 is padding
};

INSTANTIATE_TEST_SUITE_P(Modes, BatchNormBits,
                         testing::Values(std::pair{true, false}, std::pair{true, true},
                                         std::pair{false, false}, std::pair{false, true}),
                         [](const auto& info) {
                           return std::string(info.param.first ? "training" : "evaluation") +
                                  (info.param.second ? "_masked" : "");
                         });

TEST(BatchNormKernels, EachTargetHasItsOwn) {
  const std::vector<const cpu::Kernels*> all = all_kernels();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(all[i]->batch_norm.sums,
                all[j]->batch_norm.sums);
      EXPECT_NE(all[i]->batch_norm.gradient_sums,
                all[j]->batch_norm.gradient_sums);
    }
  }
}

TEST_P(BatchNormBits, EveryFewRows) {
  for (int64_t rows = least_rows(); rows <= 70; ++rows) {
    for (const int64_t cols : {1, 5, 17, 40}) {
      ASSERT_TRUE(has_specified_bits(problem(rows, cols), {{.stride = cols + rows % 5}}));
    }
  }
}

TEST_P(BatchNormBits, EveryFewColumns) {
  for (int64_t cols = 1; cols <= 300; cols += cols < 140 ? 1 : 19) {
    ASSERT_TRUE(has_specified_bits(
        problem(37, cols), {{.offset = cols % 16}, {.stride = cols + 3, .in_place = true}}));
  }
}

TEST_P(BatchNormBits, RowsAroundBlocksAndChunks) {
  for (const int64_t rows : {95, 96, 97, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 1056, 1057,
                             2047, 2048, 2049, 3200, 5000}) {
    ASSERT_TRUE(has_specified_bits(problem(rows, 7), {{}, {.threads = 3, .grain = 1}}));
  }
  ASSERT_TRUE(has_specified_bits(problem(1100, 150), {{.threads = 2, .grain = 1}}));
}

TEST_P(BatchNormBits, OneToEightThreads) {
  std::vector<Way> ways;
  for (int threads = 1; threads <= 8; ++threads) {
    ways.push_back({.threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .row_at_a_time = true, .grain = 1});
    ways.push_back({.in_place = true, .threads = threads, .grain = 1});
  }
  for (const int64_t rows : {31, 33, 1500}) {
    for (const int64_t cols : {9, 70, 200}) {
      if (rows * cols > 20000) continue;
      ASSERT_TRUE(has_specified_bits(problem(rows, cols), ways));
    }
  }
}

TEST_P(BatchNormBits, AlignmentsAndStrides) {
  std::vector<Way> ways;
  for (int64_t offset = 0; offset < 16; ++offset) {
    ways.push_back({.offset = offset});
    ways.push_back({.stride = 43 + offset, .offset = offset, .in_place = true});
    ways.push_back({.stride = -43 - offset, .threads = 2, .grain = 1});
  }
  ASSERT_TRUE(has_specified_bits(problem(40, 43), ways));
}

TEST_P(BatchNormBits, WhatIsAbsent) {
  std::vector<Way> ways;
  // Evaluation needs the running statistics.
  for (unsigned absent = 0; absent < (GetParam().first ? 256u : 64u); ++absent) {
    ways.push_back({.threads = absent % 2 ? 3 : 1, .grain = 1, .absent = absent});
  }
  for (int parameters = 0; parameters < 4; ++parameters) {
    ASSERT_TRUE(has_specified_bits(problem(40, 20, 4, parameters & 1, parameters & 2), ways));
  }
}

TEST_P(BatchNormBits, TheCallersEnvironment) {
  BatchProblem p = problem(70, 20);
  ASSERT_TRUE(has_specified_bits(p, ways_of_environments()));
  make_columns_subnormal(20, &p.x, &p.dy);
  p.bias.clear();
  ASSERT_TRUE(has_specified_bits(p, ways_of_environments()));
}

// Hostile columns, among them those that are redone in f64 and those that are worked on halves,
// beside ordinary ones.
TEST_P(BatchNormBits, HostileColumns) {
  for (const int64_t rows : {3, 8, 33, 100, 1100}) {
    for (const double eps : {0.0, 1e-5}) {
      BatchProblem p = problem(rows, 3 * kHostileRows, 3, eps != 0, false);
      p.spec.eps = eps;
      for (int which = 0; which < kHostileRows; ++which) {
        const std::vector<float> column = hostile_row(which, rows);
        for (int64_t r = 0; r < rows; ++r) {
          p.x[static_cast<size_t>(r * p.cols + 3 * which)] = column[static_cast<size_t>(r)];
        }
      }
      ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 2, .grain = 1}}));
      std::swap(p.x, p.dy);
      ASSERT_TRUE(has_specified_bits(p, {{}})) << "hostile dy";
    }
  }
}

// Pivots that lie off the mean by as much as the guard allows, a little less and a little more: the
// rows that the pivot is made of are moved away from all others.
TEST_P(BatchNormBits, ColumnsAroundTheGuard) {
  BatchProblem p = problem(200, 64);
  for (int64_t i = 0; i < 36 * p.cols; ++i) {
    p.x[static_cast<size_t>(i)] += static_cast<float>(i % p.cols) / 8;
  }
  ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 2, .grain = 1}}));
}

TEST_P(BatchNormBits, TwoHundredRandomCombinations) {
  Draw draw(2026);
  for (int i = 0; i < 200; ++i) {
    const int64_t cols = draw.spread(300);
    const int64_t rows = std::clamp(draw.spread(3000), least_rows(), 40000 / cols);
    BatchProblem p = problem(rows, cols, draw(), draw.coin(), draw.coin());
    const double eps[] = {0, 1e-12, 1e-5, 1};
    p.spec.eps = eps[draw.below(4)];
    p.spec.momentum = static_cast<double>(draw.below(11)) / 10;
    const Way way{.stride = cols + draw.below(9),
                  .offset = draw.below(16),
                  .in_place = draw.coin(),
                  .threads = static_cast<int>(1 + draw.below(8)),
                  .grain = draw.below(3),
                  .absent = static_cast<unsigned>(draw.coin() ? 0 : draw.below(64))};
    ASSERT_TRUE(has_specified_bits(p, {way})) << "combination " << i;
  }
}

// What padding holds does not matter, and in evaluation no other row does. In training every row
// that counts matters to all.
TEST_P(BatchNormBits, WhatARowDependsOn) {
  const auto [training, masked] = GetParam();
  BatchProblem p = problem(50, 20);
  const BatchResults before = specified(p);
  for (const cpu::Kernels* kernels : all_kernels()) {
    BatchProblem q = p;
    for (int64_t c = 0; c < 20; ++c) {
      q.x[static_cast<size_t>(1 * 20 + c)] = 1e30f;  // row 1: padding where there is a mask
      q.dy[static_cast<size_t>(1 * 20 + c)] = 1e30f;
    }
    const BatchResults after = run_kernels(*kernels, q, specified(q), {});
    const bool same_y = static_cast<bool>(same_bits(&after.y[40], &before.y[40], 48 * 20));
    const bool same_dx = static_cast<bool>(same_bits(&after.dx[40], &before.dx[40], 48 * 20));
    EXPECT_EQ(same_y, masked || !training);
    EXPECT_EQ(same_dx, masked || !training);
    EXPECT_EQ(static_cast<bool>(same_bits(after.dbias.data(), before.dbias.data(), 20)), masked);
    if (!masked) continue;
    EXPECT_EQ(std::vector<float>(after.y.begin() + 20, after.y.begin() + 40),
              std::vector<float>(20, 0.0f));
  }
}

}  // namespace
}  // namespace norma::test
