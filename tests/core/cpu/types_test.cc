// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rows of bf16 and f16, their parameters and gradients in either type, and the dialects of the
// weight: every target against the scalar specification, bit for bit.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/core/cpu/kernel_run.h"

namespace norma::test {
namespace {

constexpr DType kF32 = DType::kF32, kBF16 = DType::kBF16, kF16 = DType::kF16;

// Every mix that the plan's checks accept.
const std::vector<Types>& all_types() {
  static const std::vector<Types> all = [] {
    std::vector<Types> mixes;
    for (const DType rows : {kF32, kBF16, kF16}) {
      for (const DType parameters : {rows, kF32}) {
        for (const DType gradients : {rows, kF32}) mixes.push_back({rows, parameters, gradients});
      }
    }
    return mixes;
  }();
  return all;
}

class TypeBits : public testing::TestWithParam<NormKind> {
 protected:
  NormSpec spec(bool weight_plus_one = false, bool round_before_weight = false) const {
    return {GetParam(), 1e-5, weight_plus_one, round_before_weight};
  }
};

INSTANTIATE_TEST_SUITE_P(Norms, TypeBits, testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(TypeBits, EveryShortLength) {
  for (const DType type : {kBF16, kF16}) {
    for (int64_t cols = 1; cols <= 300; ++cols) {
      const std::vector<Way> ways{{}, {.stride = cols + 5, .offset = cols % 16, .in_place = true}};
      ASSERT_TRUE(
          has_specified_bits(in_types(normal_problem(spec(), 5, cols), {type, type, type}), ways));
    }
  }
}

TEST_P(TypeBits, LengthsAroundBlocksAndOneRow) {
  for (const Types& types : all_types()) {
    for (const int64_t cols : {511, 513, 1023, 1024, 1025, 2049, 4097, 9000}) {
      for (const int64_t rows : {1, 3}) {
        const std::vector<Way> ways{{}, {.in_place = true, .threads = 2, .grain = 1}};
        ASSERT_TRUE(has_specified_bits(in_types(normal_problem(spec(), rows, cols), types), ways));
      }
    }
  }
}

// One block of rows and several: the sums of a column end up in its type either way.
TEST_P(TypeBits, BatchesAndThreads) {
  for (const Types& types : all_types()) {
    for (const int64_t rows : {1, 31, 32, 33, 65, 130}) {
      for (const int64_t cols : {7, 48}) {
        const std::vector<Way> ways{{},
                                    {.threads = 3, .grain = 1},
                                    {.absent = kDx},
                                    {.absent = kDweight},
                                    {.absent = kDbias | kDweight}};
        ASSERT_TRUE(has_specified_bits(in_types(normal_problem(spec(), rows, cols), types), ways));
      }
    }
  }
}

TEST_P(TypeBits, StoresPastTheCaches) {
  for (const DType type : {kBF16, kF16}) {
    for (const int64_t cols : {1, 31, 32, 33, 100, 768, 1030}) {
      const Way way{
          .stride = (cols + 31) / 32 * 32, .offset = 3, .aligned = true, .stream_bytes = 1};
      ASSERT_TRUE(has_specified_bits(in_types(normal_problem(spec(), 37, cols), {type, type, type}),
                                     {way}));
    }
  }
}

TEST_P(TypeBits, DialectsOfTheWeight) {
  for (const Types& types : all_types()) {
    for (const bool plus_one : {false, true}) {
      for (const bool round : {false, true}) {
        for (const bool bias : {false, true}) {
          for (const int64_t cols : {5, 77, 256}) {
            const Problem p =
                in_types(normal_problem(spec(plus_one, round), 35, cols, 3, true, bias), types);
            ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 2, .grain = 1}}));
          }
        }
      }
    }
  }
}

// The dialects are what they say, and not nothing: against their formulas on one element.
TEST_P(TypeBits, DialectsSayWhatTheySay) {
  Problem p = in_types(normal_problem(spec(), 1, 9), {kBF16, kBF16, kBF16});
  p.bias.clear();
  std::vector<float> plain_xhat = specified([&] {
                                    Problem without = p;
                                    without.weight.clear();
                                    without.types.rows = kF32;
                                    return without;
                                  }())
                                      .y;
  Problem gemma = p, llama = p;
  gemma.spec.weight_plus_one = true;
  llama.spec.round_before_weight = true;
  const Results plain = specified(p), plus_one = specified(gemma), rounded = specified(llama);
  int differ = 0;
  for (size_t i = 0; i < 9; ++i) {
    const auto bf16 = [](float v) { return to_f32(from_f32<BFloat16>(v)); };
    EXPECT_EQ(plain.y[i], bf16(plain_xhat[i] * p.weight[i]));
    EXPECT_EQ(plus_one.y[i], bf16(plain_xhat[i] * (1 + p.weight[i])));
    EXPECT_EQ(rounded.y[i], bf16(bf16(plain_xhat[i]) * p.weight[i]));
    differ += plain.y[i] != rounded.y[i];
  }
  EXPECT_GT(differ, 0) << "no element shows where the rounding stands";
}

TEST_P(TypeBits, HostileRows) {
  for (const Types& types : all_types()) {
    for (const int64_t cols : {1, 8, 33, 300, 1100}) {
      Problem p = normal_problem(spec(), kHostileRows, cols);
      for (int which = 0; which < kHostileRows; ++which) {
        const std::vector<float> row = hostile_row(which, cols);
        std::copy(row.begin(), row.end(), p.x.begin() + which * cols);
      }
      ASSERT_TRUE(has_specified_bits(in_types(p, types), {{}, {.in_place = true}}));
    }
  }
}

TEST_P(TypeBits, RandomCombinations) {
  std::mt19937_64 random(2026 + static_cast<uint64_t>(GetParam()));
  const auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  const auto coin = [&] { return below(2) == 1; };
  for (int i = 0; i < 500; ++i) {
    const int64_t cols = 1 + below(i % 10 == 0 ? 3000 : 300), rows = 1 + below(i % 10 ? 140 : 12);
    const Types& types =
        all_types()[static_cast<size_t>(below(static_cast<int64_t>(all_types().size())))];
    Problem p = normal_problem(spec(coin(), coin()), rows, cols, random(), coin(), coin());
    for (int64_t r = below(8); r < rows; r += 1 + below(64)) {
      const std::vector<float> row = hostile_row(static_cast<int>(below(kHostileRows)), cols);
      if (coin()) std::copy(row.begin(), row.end(), p.x.begin() + r * cols);
    }
    Way way{.stride = cols + below(40),
            .offset = below(16),
            .aligned = coin(),
            .in_place = coin(),
            .threads = static_cast<int>(1 + below(8)),
            .grain = below(3),
            .stream_bytes = below(2),
            .absent = static_cast<unsigned>(coin() ? 0 : below(64))};
    if (way.aligned) way.stride = (way.stride + 31) / 32 * 32;  // so that stores may stream
    if (coin()) way.stride = -way.stride;
    ASSERT_TRUE(has_specified_bits(in_types(p, types), {way})) << "combination " << i;
  }
}

}  // namespace
}  // namespace norma::test
