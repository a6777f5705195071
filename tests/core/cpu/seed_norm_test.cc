// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm on every target against the scalar specification, bit for bit, along each axis that must
// not show.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/cpu/fused_kernels.h"
#include "tests/core/cpu/seed_run.h"

namespace norma::test {
namespace {

constexpr Types kBf16{DType::kBF16, DType::kF32, DType::kF32},
    kF16{DType::kF16, DType::kF16, DType::kF16};

TEST(SeedNormBits, EachTargetHasItsOwn) {
  const std::vector<const cpu::Kernels*> all = all_kernels();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      for (int type = 0; type < cpu::kRowTypes; ++type) {
        const cpu::SeedNormKernels &a = all[i]->fused->seed_norm, &b = all[j]->fused->seed_norm;
        EXPECT_TRUE(a.dots[type] != b.dots[type] && a.gains[type] != b.gains[type] &&
                    a.sums[type] != b.sums[type] && a.sweep[type] != b.sweep[type]);
      }
    }
  }
}

TEST(SeedNormBits, LengthsAndTypes) {
  std::vector<int64_t> lengths;
  for (int64_t cols = 1; cols <= 140; ++cols) lengths.push_back(cols);
  for (const int64_t cols : {255, 256, 257, 1023, 1024, 1025, 1100, 2049, 5000}) {
    lengths.push_back(cols);
  }
  for (const int64_t cols : lengths) {
    for (const Types& types : {Types(), kBf16, kF16}) {
      ASSERT_TRUE(has_specified_bits(seed_problem(5, cols, types), {{}}));
    }
  }
}

TEST(SeedNormBits, RowsOneTo100) {
  for (int64_t rows = 1; rows <= 100; ++rows) {
    ASSERT_TRUE(has_specified_bits(seed_problem(rows, 20), {{}, {.threads = 3, .grain = 1}}));
  }
  ASSERT_TRUE(has_specified_bits(seed_problem(1500, 6), {{}, {.threads = 2, .grain = 1}}));
}

TEST(SeedNormBits, ThreadsAndWhatIsAbsent) {
  std::vector<Way> ways;
  for (int threads = 1; threads <= 6; ++threads) {
    ways.push_back({.threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .row_at_a_time = true, .grain = 1});
    ways.push_back({.in_place = true, .threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .grain = 1, .absent = kDweight | kDbias | kMeanHi});
  }
  for (unsigned absent = 0; absent < 64; ++absent) {
    ways.push_back({.threads = 1 + static_cast<int>(absent % 3), .grain = 1, .absent = absent});
  }
  for (const auto& [rows, cols] :
       std::vector<std::pair<int64_t, int64_t>>{{300, 7}, {40, 700}, {9, 2100}}) {
    ASSERT_TRUE(has_specified_bits(seed_problem(rows, cols), ways));
    ASSERT_TRUE(
        has_specified_bits(seed_problem(rows, cols, kF16), {{.threads = 4, .grain = 1}}, true));
  }
}

TEST(SeedNormBits, AlignmentsAndStrides) {
  std::vector<Way> ways;
  for (int64_t offset = 0; offset < 16; ++offset) {
    ways.push_back({.offset = offset});
    ways.push_back({.stride = 150, .offset = offset, .in_place = true});
    ways.push_back({.stride = -160, .offset = offset});
  }
  for (const Types& types : {Types(), kBf16, kF16}) {
    for (const int64_t cols : {1, 9, 33, 130}) {
      ASSERT_TRUE(has_specified_bits(seed_problem(5, cols, types), ways));
    }
  }
}

TEST(SeedNormBits, TheCallersEnvironment) {
  SeedProblem p = seed_problem(40, 33);
  make_rows_subnormal(33, &p.x, &p.dy);
  const SeedResults want = specified(p);
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const Way& way : ways_of_environments()) {
      ASSERT_TRUE(same_results(SeedRun(p, way).run(kernels, &want, false), want)) << way.text();
    }
  }
}

TEST(SeedNormBits, HostileRowsAndSteepGains) {
  for (const float scale : {1.0f, 0.0f, 1e-30f, 1e20f}) {
    for (const int64_t cols : {1, 3, 40, 130, 1030}) {
      SeedProblem p = seed_problem(kHostileRows, cols, {}, 3);
      for (float& v : p.beta) v *= scale;
      for (int which = 0; which < kHostileRows; ++which) {
        const std::vector<float> row = hostile_row(which, cols);
        std::copy(row.begin(), row.end(), p.x.begin() + which * cols);
      }
      ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 2, .grain = 1}}));
    }
  }
}

TEST(SeedNormBits, RandomCombinations) {
  std::mt19937_64 random(2026);
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  const auto coin = [&] { return below(2) == 1; };
  for (int i = 0; i < 100; ++i) {
    const auto cols = static_cast<int64_t>(std::exp(8.0 * static_cast<double>(below(1001)) / 1000));
    const int64_t rows = 1 + below(std::min<int64_t>(20000 / cols + 1, 150));
    const Way way{.stride = coin() ? 0 : (coin() ? 1 : -1) * (cols + below(20)),
                  .offset = below(16),
                  .in_place = coin(),
                  .threads = static_cast<int>(1 + below(8)),
                  .row_at_a_time = coin(),
                  .grain = below(3),
                  .absent = static_cast<unsigned>(coin() ? 0 : below(64))};
    const Types types = i % 3 == 0 ? Types() : i % 3 == 1 ? kBf16 : kF16;
    ASSERT_TRUE(has_specified_bits(seed_problem(rows, cols, types, random()), {way}))
        << "combination " << i;
  }
}

}  // namespace
}  // namespace norma::test
