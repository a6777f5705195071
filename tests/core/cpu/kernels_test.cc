// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Every target against the scalar specification, bit for bit, along each axis that must not show.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/cache_size.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/draw.h"

namespace norma::test {
namespace {

class KernelBits : public testing::TestWithParam<NormKind> {
 protected:
  NormSpec spec(double eps = 1e-5) const { return {GetParam(), eps}; }
};

INSTANTIATE_TEST_SUITE_P(Norms, KernelBits,
                         testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(Kernels, TargetsAreDistinctAndSayWhatTheyAre) {
  const std::vector<const cpu::Kernels*> all = all_kernels();
  ASSERT_FALSE(all.empty());
  for (size_t i = 0; i < all.size(); ++i) {
    std::printf("target %s, %d lanes\n", all[i]->name, all[i]->lanes);
    EXPECT_EQ(std::string(all[i]->plan_name), std::string("cpu:") + all[i]->name);
    for (size_t j = 0; j < i; ++j) {
      for (int type = 0; type < cpu::kRowTypes; ++type) {
        for (const auto norm : {&cpu::Kernels::layer_norm, &cpu::Kernels::rms_norm}) {
          const cpu::NormKernels &a = (all[i]->*norm)[type], &b = (all[j]->*norm)[type];
          EXPECT_NE(a.forward, b.forward);
          EXPECT_NE(a.backward_sums, b.backward_sums);
          EXPECT_NE(a.backward_sweep, b.backward_sweep);
        }
        EXPECT_NE(all[i]->parameters.of[type].to_f32, all[j]->parameters.of[type].to_f32);
        EXPECT_NE(all[i]->parameters.of[type].from_f32, all[j]->parameters.of[type].from_f32);
      }
      EXPECT_NE(all[i]->columns.add_block, all[j]->columns.add_block);
    }
  }
}

TEST_P(KernelBits, EveryShortLength) {
  for (int64_t cols = 1; cols <= 300; ++cols) {
    const std::vector<Way> ways{{}, {.stride = cols + 5, .offset = cols % 16}, {.in_place = true}};
    ASSERT_TRUE(has_specified_bits(normal_problem(spec(), 5, cols), ways));
  }
}

TEST_P(KernelBits, LengthsAroundBlocks) {
  for (const int64_t cols : {511, 512, 513, 767, 768, 769, 1023, 1024, 1025, 1280, 1281, 2047,
                             2048, 2049, 3071, 3072, 3073, 4095, 4096, 4097, 5000, 9000, 40000}) {
    for (const int64_t rows : {1, 3}) {
      const std::vector<Way> ways{{}, {.stride = cols + 3, .offset = 1},
                                  {.in_place = true, .threads = 2, .grain = 1}};
      ASSERT_TRUE(has_specified_bits(normal_problem(spec(), rows, cols), ways));
    }
  }
}

TEST_P(KernelBits, BatchSizes) {
  std::vector<int64_t> sizes;
  for (int64_t rows = 1; rows <= 36; ++rows) sizes.push_back(rows);
  for (const int64_t rows : {63, 64, 65, 95, 96, 97, 127, 128, 129, 130, 160, 161, 192, 193, 224,
                             255, 256, 257, 299, 300, 1025}) {
    sizes.push_back(rows);
  }
  for (const int64_t rows : sizes) {
    for (const int64_t cols : {5, 48}) {
      ASSERT_TRUE(has_specified_bits(normal_problem(spec(), rows, cols),
                                     {{}, {.threads = 3, .grain = 1}}));
    }
  }
}

TEST_P(KernelBits, OneToEightThreadsOneRowEach) {
  std::vector<Way> ways;
  for (int threads = 1; threads <= 8; ++threads) {
    ways.push_back({.threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .row_at_a_time = true, .grain = 1});
  }
  for (const int64_t rows : {1, 7, 31, 33, 70, 129, 257}) {
    for (const int64_t cols : {17, 100}) {
      ASSERT_TRUE(has_specified_bits(normal_problem(spec(), rows, cols), ways));
    }
  }
}

TEST_P(KernelBits, Alignments) {
  std::vector<Way> ways;
  for (int64_t offset = 0; offset < 16; ++offset) {
    ways.push_back({.offset = offset});
    ways.push_back({.offset = offset, .in_place = true});
  }
  for (const int64_t cols : {1, 9, 31, 64, 100, 1030}) {
    ASSERT_TRUE(has_specified_bits(normal_problem(spec(), 6, cols), ways));
  }
}

TEST_P(KernelBits, StridesOfEitherSign) {
  for (const int64_t cols : {1, 3, 16, 33, 100, 513}) {
    std::vector<Way> ways;
    for (const int64_t stride : {cols, cols + 1, cols + 7, 2 * cols + 3, -cols, -cols - 5}) {
      ways.push_back({.stride = stride, .offset = 2});
      ways.push_back({.stride = stride, .in_place = true, .threads = 4, .grain = 1});
    }
    ASSERT_TRUE(has_specified_bits(normal_problem(spec(), 37, cols), ways));
  }
}

TEST_P(KernelBits, OneInputRowAgainAndAgain) {
  Problem p = normal_problem(spec(), 40, 70);
  for (size_t i = 70; i < p.x.size(); ++i) {
    p.x[i] = p.x[i % 70];
    p.dy[i] = p.dy[i % 70];
  }
  ASSERT_TRUE(
      has_specified_bits(p, {{.one_row = true}, {.one_row = true, .threads = 3, .grain = 1}}));
}

TEST_P(KernelBits, StoresPastTheCaches) {
  for (const int64_t cols : {1, 15, 16, 17, 32, 48, 100, 768, 1030}) {
    const int64_t stride = (cols + 15) / 16 * 16;
    const Way way{.stride = stride, .offset = 3, .aligned = true, .stream_bytes = 1};
    Way in_place = way, threads = way;
    in_place.in_place = true;
    in_place.offset = 0;
    threads.threads = 3;
    threads.grain = 1;
    for (const bool affine : {false, true}) {
      const Problem p = normal_problem(spec(), 35, cols, 3, affine, affine);
      ASSERT_TRUE(has_specified_bits(p, {way, in_place, threads}));
    }
  }
}

TEST_P(KernelBits, WhatIsAbsent) {
  std::vector<Way> ways;
  for (unsigned absent = 0; absent < 64; ++absent) {
    ways.push_back({.absent = absent});
    ways.push_back({.threads = 3, .grain = 1, .absent = absent});
  }
  for (const int64_t rows : {3, 40, 70}) {
    for (int parameters = 0; parameters < 4; ++parameters) {
      ASSERT_TRUE(has_specified_bits(
          normal_problem(spec(), rows, 50, 4, parameters & 1, parameters & 2), ways));
    }
  }
}

TEST_P(KernelBits, TheCallersEnvironment) {
  for (const int64_t rows : {1, 70, 1025}) {
    Problem p = normal_problem(spec(), rows, 100, 1, true, rows == 70);
    make_rows_subnormal(100, &p.x, &p.dy);
    for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
      ASSERT_TRUE(has_specified_bits(in_types(p, {type, type, type}), ways_of_environments()));
    }
  }
}

// The ways that rows may be worked on where a core's L2 does not have them, here with few.
TEST_P(KernelBits, EveryWayOfRows) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const int64_t cols : {1, 7, 31, 33, 64, 65, 100, 127, 128, 160, 191, 192, 300, 512, 513,
                               1000, 1024}) {
      for (const int64_t rows : {2, 3, 17, 70}) {
        Problem p = normal_problem(spec(), rows, cols);
        for (int64_t r = 1; r < rows; r += 3) {
          const std::vector<float> row = hostile_row(static_cast<int>(r % kHostileRows), cols);
          std::copy(row.begin(), row.end(), p.x.begin() + r * cols);
        }
        p = in_types(p, {type, type, type});
        std::vector<Way> ways;
        for (const int way : {1, 2, 3}) {
          ways.push_back({.of_rows = way});
          ways.push_back({.stride = cols + 3, .in_place = true, .of_rows = way});
          ways.push_back({.stride = (cols + 31) / 32 * 32,
                          .offset = 3,
                          .aligned = true,
                          .stream_bytes = 1,
                          .of_rows = way});
        }
        ASSERT_TRUE(has_specified_bits(p, ways));
      }
    }
  }
}

// Where a core's L2 does not have the rows, the first are worked on in each way, and the others in
// that which was quickest.
TEST_P(KernelBits, RowsOnEitherSideOfACoresCache) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const int64_t cols :
         {33, 64, 65, 128, 191, 192, 256, 257, 300, 384, 385, 512, 513, 768, 1023, 1024}) {
      const int64_t row_bytes = cols * static_cast<int64_t>(size_of(type));
      const int64_t most = second_level_cache_bytes() / 2 / (2 * row_bytes);
      for (const int64_t rows : {most - 1, most + 1}) {
        Problem p = normal_problem(spec(), rows, cols);
        for (int which = 0; which < kHostileRows; ++which) {
          const std::vector<float> row = hostile_row(which, cols);
          std::copy(row.begin(), row.end(), p.x.begin() + (3 * which + 1) % rows * cols);
        }
        p = in_types(p, {type, type, type});
        const int64_t whole_lines = (cols + 31) / 32 * 32;
        ASSERT_TRUE(has_specified_bits(
            p, {{},
                {.stride = cols + 3, .in_place = true},
                {.stride = whole_lines, .offset = 3, .aligned = true, .stream_bytes = 1},
                {.threads = 2, .grain = 1}}));
      }
    }
  }
}

TEST_P(KernelBits, HostileRowsEachAloneAndAllInOneBatch) {
  for (const int64_t cols : {1, 2, 3, 7, 8, 9, 16, 17, 33, 64, 100, 256, 300, 1024, 1500}) {
    for (const double eps : {0.0, 1e-5}) {
      Problem all = normal_problem(spec(eps), kHostileRows, cols);
      for (int which = 0; which < kHostileRows; ++which) {
        const std::vector<float> row = hostile_row(which, cols);
        std::copy(row.begin(), row.end(), all.x.begin() + which * cols);
        Problem alone = normal_problem(spec(eps), 1, cols, 5, eps != 0, false);
        alone.x = row;
        ASSERT_TRUE(has_specified_bits(alone, {{}})) << "hostile row " << which;
        std::swap(alone.x, alone.dy);
        ASSERT_TRUE(has_specified_bits(alone, {{}})) << "hostile dy " << which;
      }
      ASSERT_TRUE(has_specified_bits(all, {{}, {.threads = 2, .grain = 1}}));
    }
  }
}

TEST_P(KernelBits, FiveHundredRandomCombinations) {
  Draw draw(2026);
  for (int i = 0; i < 500; ++i) {
    const int64_t cols = draw.spread(5000);
    const int64_t rows = std::max<int64_t>(1, std::min(draw.spread(300), 30000 / cols));
    const double eps[] = {0, 1e-12, 1e-5, 1};
    Problem p = normal_problem(spec(eps[draw.below(4)]), rows, cols, draw(), draw.coin(),
                               draw.coin());
    for (int64_t r = draw.below(8); r < rows; r += 1 + draw.below(64)) {
      const std::vector<float> row = hostile_row(static_cast<int>(draw.below(kHostileRows)), cols);
      if (draw.coin()) std::copy(row.begin(), row.end(), p.x.begin() + r * cols);
    }
    Way way{.stride = cols + draw.below(40),
            .offset = draw.below(16),
            .aligned = draw.coin(),
            .in_place = draw.coin(),
            .threads = static_cast<int>(1 + draw.below(8)),
            .row_at_a_time = draw.coin(),
            .grain = draw.below(3),
            .stream_bytes = draw.below(2),
            .of_rows = static_cast<int>(draw.below(4)),
            .absent = static_cast<unsigned>(draw.coin() ? 0 : draw.below(64))};
    if (way.aligned) way.stride = (way.stride + 15) / 16 * 16;  // so that stores may stream
    if (draw.coin()) way.stride = -way.stride;
    if (way.grain != 1) way.row_at_a_time = false;  // ranges are never below the grain
    ASSERT_TRUE(has_specified_bits(p, {way})) << "combination " << i;
  }
}

TEST_P(KernelBits, RowsDoNotDependOnTheirPlaceOrOnOtherRows) {
  constexpr int64_t kRows = 41, kCols = 77;
  const Problem one = normal_problem(spec(), 1, kCols, 8);
  const Results want = specified(one);
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (int64_t place = 0; place < kRows; ++place) {
      Problem p = normal_problem(spec(), kRows, kCols, 9);
      for (size_t i = 0; i < p.x.size(); ++i) {
        if (place % 3 == 1) p.x[i] *= 1e20f;
        if (place % 3 == 2) p.x[i] = std::nanf("");
      }
      p.weight = one.weight;
      p.bias = one.bias;
      std::copy(one.x.begin(), one.x.end(), p.x.begin() + place * kCols);
      std::copy(one.dy.begin(), one.dy.end(), p.dy.begin() + place * kCols);
      const Results all = run_kernels(*kernels, p, specified(p), {});
      ASSERT_TRUE(same_bits(&all.y[place * kCols], want.y.data(), kCols)) << place;
      ASSERT_TRUE(same_bits(&all.dx[place * kCols], want.dx.data(), kCols)) << place;
      ASSERT_TRUE(same_bits(all.rstd[place], want.rstd[0])) << place;
    }
  }
}

}  // namespace
}  // namespace norma::test
