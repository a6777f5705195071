// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The dialects of the statistics, eps beside the root and statistics of the first columns alone,
// and the norms that are nearly RMSNorm: every target against the scalar specification, bit for
// bit.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/core/cpu/residual_run.h"

namespace norma::test {
namespace {

constexpr DType kF32 = DType::kF32, kBF16 = DType::kBF16, kF16 = DType::kF16;
const Types kThreeTypes[] = {{}, {kBF16, kBF16, kBF16}, {kF16, kF32, kF32}};

struct Dialect {
  const char* name;
  NormKind kind;
  EpsMode mode;
  bool partial;
  bool one_weight = false;  // for all columns
};

class DialectBits : public testing::TestWithParam<Dialect> {
 protected:
  // part: of the columns, where the dialect has statistics of a part of them.
  NormSpec spec(int64_t cols, double part = 0.25, double eps = 1e-5) const {
    const Dialect& d = GetParam();
    NormSpec spec{d.kind, eps, false, false, d.mode};
    const auto of_part = static_cast<int64_t>(std::ceil(part * static_cast<double>(cols)));
    if (d.partial) spec.statistic_cols = std::clamp<int64_t>(of_part, 1, cols);
    return spec;
  }
  Problem problem(int64_t rows, int64_t cols, uint64_t seed = 1) const {
    return with_weight(normal_problem(spec(cols), rows, cols, seed, seed % 2, seed % 3 == 0));
  }
  static Problem with_weight(Problem p) {
    if (GetParam().one_weight) p.weight.assign(1, 1.75f);
    return p;
  }
};

// Those with statistics of a part of the columns.
class PartialDialectBits : public DialectBits {};

constexpr Dialect kWhole[] = {
    {"layer_norm_outside", NormKind::kLayerNorm, EpsMode::kOutside, false},
    {"layer_norm_clamp", NormKind::kLayerNorm, EpsMode::kClamp, false},
    {"rms_norm_outside", NormKind::kRmsNorm, EpsMode::kOutside, false},
    {"rms_norm_clamp", NormKind::kRmsNorm, EpsMode::kClamp, false},
    {"l2_norm", NormKind::kL2Norm, EpsMode::kDefault, false},
    {"scale_norm", NormKind::kL2Norm, EpsMode::kDefault, false, true},
    {"crms_norm", NormKind::kCrmsNorm, EpsMode::kDefault, false},
    {"crms_norm_outside", NormKind::kCrmsNorm, EpsMode::kOutside, false},
    {"crms_norm_clamp", NormKind::kCrmsNorm, EpsMode::kClamp, false}};
constexpr Dialect kPartial[] = {{"partial_rms_norm", NormKind::kRmsNorm, EpsMode::kInside, true},
                                {"partial_outside", NormKind::kRmsNorm, EpsMode::kOutside, true},
                                {"l2_norm_inside", NormKind::kL2Norm, EpsMode::kInside, true}};

const auto kNameOfDialect = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Whole, DialectBits, testing::ValuesIn(kWhole), kNameOfDialect);
INSTANTIATE_TEST_SUITE_P(Partial, DialectBits, testing::ValuesIn(kPartial), kNameOfDialect);
INSTANTIATE_TEST_SUITE_P(Partial, PartialDialectBits, testing::ValuesIn(kPartial), kNameOfDialect);

TEST_P(DialectBits, ShortLengths) {
  for (int64_t cols = 1; cols <= 300; cols += cols < 70 ? 1 : 7) {
    const std::vector<Way> ways{{}, {.stride = cols + 5, .offset = cols % 16, .in_place = true}};
    ASSERT_TRUE(has_specified_bits(problem(5, cols, static_cast<uint64_t>(cols)), ways));
  }
}

TEST_P(DialectBits, LengthsAroundChunksAndBlocks) {
  for (const int64_t middle : {256, 512, 768, 1024, 2048}) {
    for (const int64_t distance : {-9, -8, -1, 0, 1, 7, 8}) {
      const int64_t cols = middle + distance;
      for (const int64_t rows : {1, 3}) {
        const std::vector<Way> ways{{}, {.in_place = true, .threads = 2, .grain = 1}};
        ASSERT_TRUE(has_specified_bits(problem(rows, cols, static_cast<uint64_t>(cols)), ways));
      }
    }
  }
}

// The statistics end before, on and after every edge of a row that is longer.
TEST_P(PartialDialectBits, WhereTheStatisticsEnd) {
  for (const int64_t k : {1,   2,   7,   8,    9,    15,   16,   17,   31,   32,   33,  64,
                          255, 256, 257, 1023, 1024, 1025, 1500, 2047, 2048, 2049, 2100}) {
    for (const int64_t rows : {1, 6}) {
      Problem p = problem(rows, 2100, static_cast<uint64_t>(k));
      p.spec.statistic_cols = k;
      const Way past_caches{.stride = 2112, .offset = 3, .aligned = true, .stream_bytes = 1};
      ASSERT_TRUE(has_specified_bits(p, {{}, past_caches, {.threads = 3, .grain = 1}}));
    }
  }
}

TEST_P(DialectBits, BatchesAndThreads) {
  for (const int64_t rows : {1, 2, 15, 16, 17, 31, 32, 33, 65, 130}) {
    for (const int64_t cols : {5, 48, 200}) {
      const std::vector<Way> ways{{},
                                  {.threads = 3, .grain = 1},
                                  {.threads = 5, .row_at_a_time = true, .grain = 1},
                                  {.absent = kDx},
                                  {.absent = kDweight},
                                  {.absent = kDbias | kDweight}};
      ASSERT_TRUE(has_specified_bits(problem(rows, cols, static_cast<uint64_t>(rows)), ways));
    }
  }
}

TEST_P(DialectBits, AlignmentsAndStrides) {
  for (const int64_t cols : {9, 33, 100, 300}) {
    std::vector<Way> ways;
    for (int64_t offset = 0; offset < 16; ++offset) {
      ways.push_back({.stride = offset % 2 ? cols + offset : -cols - offset,
                      .offset = offset,
                      .in_place = offset % 3 == 0});
    }
    ASSERT_TRUE(has_specified_bits(problem(6, cols, 3), ways));
  }
}

TEST_P(DialectBits, StoresPastTheCaches) {
  for (const Types& types : kThreeTypes) {
    for (const int64_t cols : {1, 31, 32, 33, 128, 768, 1030}) {
      const Way way{
          .stride = (cols + 31) / 32 * 32, .offset = 3, .aligned = true, .stream_bytes = 1};
      ASSERT_TRUE(has_specified_bits(in_types(problem(37, cols, 3), types), {way}));
    }
  }
}

TEST_P(DialectBits, HostileRowsAloneAndInOneBatch) {
  for (const int64_t cols : {1, 2, 8, 17, 64, 100, 300, 1100}) {
    for (const double eps : {0.0, 1e-5, 1e3}) {
      for (const Types& types : kThreeTypes) {
        Problem all = with_weight(normal_problem(spec(cols, 0.25, eps), kHostileRows, cols));
        for (int which = 0; which < kHostileRows; ++which) {
          const std::vector<float> row = hostile_row(which, cols);
          std::copy(row.begin(), row.end(), all.x.begin() + which * cols);
          Problem alone = with_weight(normal_problem(all.spec, 1, cols, 5, true, false));
          alone.x = row;
          ASSERT_TRUE(has_specified_bits(in_types(alone, types), {{}})) << "row " << which;
          std::swap(alone.x, alone.dy);
          ASSERT_TRUE(has_specified_bits(in_types(alone, types), {{}})) << "dy " << which;
        }
        ASSERT_TRUE(has_specified_bits(in_types(all, types), {{}, {.in_place = true}}));
      }
    }
  }
}

// Deviations about eps, where the clamp and the cancellation of the gradient's share lie.
TEST_P(DialectBits, DeviationsAboutEps) {
  for (const int64_t cols : {1, 4, 50}) {
    Problem p = normal_problem(spec(cols, 1), 80, cols, 9);
    for (int64_t i = 0; i < 80 * cols; ++i) {
      p.x[static_cast<size_t>(i)] *= std::ldexp(1e-5f, static_cast<int>(i / cols % 40) - 32);
    }
    ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 2, .grain = 1}}));
  }
}

TEST_P(DialectBits, RandomCombinations) {
  std::mt19937_64 random(std::hash<std::string>()(GetParam().name));
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  const auto coin = [&] { return below(2) == 1; };
  for (int i = 0; i < 400; ++i) {
    const int64_t cols = 1 + below(i % 10 == 0 ? 3000 : 300), rows = 1 + below(i % 10 ? 140 : 12);
    const double all_eps[] = {0, 1e-12, 1e-5, 1};
    NormSpec some = spec(cols, static_cast<double>(below(101)) / 100, all_eps[below(4)]);
    some.weight_plus_one = coin(), some.round_before_weight = coin();
    const DType types[] = {kF32, kBF16, kF16}, type = types[below(3)];
    Problem p = with_weight(normal_problem(some, rows, cols, random(), coin(), coin()));
    for (int64_t r = below(8); r < rows; r += 1 + below(64)) {
      const std::vector<float> row = hostile_row(static_cast<int>(below(kHostileRows)), cols);
      if (coin()) std::copy(row.begin(), row.end(), p.x.begin() + r * cols);
    }
    p = in_types(p, {type, coin() ? type : kF32, coin() ? type : kF32});
    Way way{.stride = cols + below(40),
            .offset = below(32),
            .aligned = coin(),
            .in_place = coin(),
            .threads = static_cast<int>(1 + below(8)),
            .grain = below(3),
            .stream_bytes = below(2),
            .absent = static_cast<unsigned>(coin() ? 0 : below(64))};
    if (way.aligned) way.stride = (way.stride + 31) / 32 * 32;  // so that stores may stream
    if (coin()) way.stride = -way.stride;
    if (below(4) == 0) {
      const FusedWay how{way, static_cast<InPlace>(below(5)), 0};
      ASSERT_TRUE(fused_is_its_parts(with_residual(p, -0.37f, coin(), random()), {how}))
          << "combination " << i;
    } else {
      ASSERT_TRUE(has_specified_bits(p, {way})) << "combination " << i;
    }
  }
}

}  // namespace
}  // namespace norma::test
