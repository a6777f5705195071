// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm and GroupNorm of bf16 and f16, parameters and gradients in either type: every target
// against the scalar specification, and that against f32 on the same values, bit for bit.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/core/cpu/batch_run.h"
#include "tests/core/cpu/group_run.h"
#include "tests/core/draw.h"

namespace norma::test {
namespace {

constexpr DType kF32 = DType::kF32, kBF16 = DType::kBF16, kF16 = DType::kF16;

// Every mix of types that the plan's checks accept and f32 alone is not.
const std::vector<Types>& all_types() {
  static const std::vector<Types> all = [] {
    std::vector<Types> mixes;
    for (const DType rows : {kBF16, kF16}) {
      for (const DType parameters : {rows, kF32}) {
        for (const DType gradients : {rows, kF32}) mixes.push_back({rows, parameters, gradients});
      }
    }
    return mixes;
  }();
  return all;
}

// For grids of many shapes: each type once, and once f32 beside it on either side.
const std::vector<Types> kFewTypes = {{kBF16, kBF16, kF32}, {kF16, kF32, kF16}};

// The results of f32 memory that holds the same values, each rounded once to its own type.
template <typename Problem>
auto by_f32(const Problem& p) {
  Problem wide = p;
  wide.types = {};
  auto r = specified(wide);
  round_to(&r.y, p.types.rows);
  round_to(&r.dx, p.types.rows);
  round_to(&r.dweight, p.types.gradients);
  round_to(&r.dbias, p.types.gradients);
  return r;
}

// Two numbers of threads, two alignments, in place and not.
std::vector<Way> few_ways(int64_t offset) {
  return {{}, {.offset = offset % 16, .in_place = true, .threads = 3, .grain = 1}};
}

std::vector<Way> ways_of_absence() {
  std::vector<Way> ways;
  for (unsigned absent = 0; absent < 64; ++absent) {
    ways.push_back({.threads = absent % 2 ? 3 : 1, .grain = 1, .absent = absent});
  }
  return ways;
}

// Training or evaluation, with a mask or without.
class BatchTypes : public testing::TestWithParam<std::pair<bool, bool>> {
 protected:
  BatchProblem problem(int64_t rows, int64_t cols, const Types& types, uint64_t seed = 1,
                       bool weight = true, bool bias = true) const {
    BatchProblem p = batch_problem(rows, cols, GetParam().second, seed, weight, bias);
    p.spec.training = GetParam().first;
    return in_types(p, types);
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, BatchTypes,
                         testing::Values(std::pair{true, false}, std::pair{true, true},
                                         std::pair{false, false}, std::pair{false, true}),
                         [](const auto& info) {
                           return std::string(info.param.first ? "training" : "evaluation") +
                                  (info.param.second ? "_masked" : "");
                         });

TEST_P(BatchTypes, RowsAndColumns) {
  for (const Types& types : kFewTypes) {
    for (const int64_t rows : {3, 31, 33, 70}) {
      for (const int64_t cols : {1, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130}) {
        ASSERT_TRUE(has_specified_bits(problem(rows, cols, types), few_ways(cols)));
      }
    }
  }
}

// Rows wider than a strip, and strips of many rows, dense and not.
TEST_P(BatchTypes, Strips) {
  for (const DType type : {kBF16, kF16}) {
    for (const int64_t cols : {511, 512, 513, 1100, 2048, 2500}) {
      ASSERT_TRUE(has_specified_bits(problem(9, cols, {type, type, type}),
                                     {{}, {.stride = cols + 1, .offset = 5}}));
    }
    for (const int64_t cols : {1, 2, 3, 5, 100}) {
      ASSERT_TRUE(has_specified_bits(problem(2100 / cols + 3, cols, {type, type, type}),
                                     {{}, {.stride = cols + 1, .in_place = true}}));
    }
  }
}

TEST_P(BatchTypes, Chunks) {
  for (const DType type : {kBF16, kF16}) {
    for (const int64_t rows : {1023, 1024, 1025, 1057, 2049, 3200}) {
      ASSERT_TRUE(has_specified_bits(problem(rows, 7, {type, kF32, type}),
                                     {{}, {.threads = 3, .grain = 1}}));
    }
  }
}

TEST_P(BatchTypes, AlignmentsAndStrides) {
  for (const DType type : {kBF16, kF16}) {
    std::vector<Way> ways;
    for (int64_t offset = 0; offset < 16; ++offset) {
      ways.push_back({.offset = offset});
      ways.push_back({.stride = 43 + offset, .offset = offset, .in_place = true});
      ways.push_back({.stride = -43 - offset, .threads = 2, .grain = 1});
    }
    ASSERT_TRUE(has_specified_bits(problem(40, 43, {type, type, type}), ways));
  }
}

TEST_P(BatchTypes, WhatIsAbsent) {
  for (const Types& types : kFewTypes) {
    for (int parameters = 0; parameters < 4; ++parameters) {
      ASSERT_TRUE(has_specified_bits(problem(40, 20, types, 4, parameters & 1, parameters & 2),
                                     ways_of_absence()));
    }
  }
}

TEST_P(BatchTypes, TheCallersEnvironment) {
  for (const DType type : {kBF16, kF16}) {
    BatchProblem p = problem(70, 20, {type, type, type});
    make_columns_subnormal(20, &p.x, &p.dy);
    ASSERT_TRUE(has_specified_bits(in_types(p, p.types), ways_of_environments()));
  }
}

BatchProblem with_hostile_columns(BatchProblem p) {
  for (int which = 0; which < kHostileRows; ++which) {
    const std::vector<float> column = hostile_row(which, p.rows);
    for (int64_t r = 0; r < p.rows; ++r) {
      p.x[static_cast<size_t>(r * p.cols + 3 * which)] = column[static_cast<size_t>(r)];
    }
  }
  return in_types(p, p.types);
}

TEST_P(BatchTypes, HostileColumns) {
  for (const DType type : {kBF16, kF16}) {
    for (const int64_t rows : {3, 33, 1100}) {
      for (const double eps : {0.0, 1e-5}) {
        BatchProblem p = problem(rows, 3 * kHostileRows, {type, type, type}, 3, eps != 0, false);
        p.spec.eps = eps;
        ASSERT_TRUE(has_specified_bits(with_hostile_columns(p), {{}, {.threads = 2, .grain = 1}}));
      }
    }
  }
}

TEST_P(BatchTypes, OneRoundingAfterF32) {
  for (const Types& types : all_types()) {
    for (const int64_t rows : {3, 40, 1100}) {
      const BatchProblem p = problem(rows, 3 * kHostileRows, types);
      ASSERT_TRUE(same_results(specified(p), by_f32(p))) << types.text();
      const BatchProblem hostile = with_hostile_columns(p);
      ASSERT_TRUE(same_results(specified(hostile), by_f32(hostile))) << types.text();
    }
  }
}

TEST_P(BatchTypes, ManyRandomCombinations) {
  Draw draw(2026);
  for (int i = 0; i < 100; ++i) {
    const int64_t cols = draw.spread(700);
    const int64_t most = std::max<int64_t>(3, 40000 / cols);
    const int64_t rows = std::clamp<int64_t>(draw.spread(3000), 3, most);
    const Types types = all_types()[static_cast<size_t>(draw.below(8))];
    const BatchProblem p = problem(rows, cols, types, draw(), draw.coin(), draw.coin());
    const Way way{.stride = cols + draw.below(9),
                  .offset = draw.below(16),
                  .in_place = draw.coin(),
                  .threads = static_cast<int>(1 + draw.below(8)),
                  .grain = draw.below(3),
                  .absent = static_cast<unsigned>(draw.coin() ? 0 : draw.below(64))};
    ASSERT_TRUE(has_specified_bits(p, {way})) << "combination " << i;
  }
}

class GroupTypes : public testing::TestWithParam<Layout> {
 protected:
  GroupProblem problem(int64_t samples, int64_t channels, int64_t groups, int64_t positions,
                       const Types& types, uint64_t seed = 1, bool weight = true,
                       bool bias = true) const {
    return in_types(
        group_problem(samples, channels, groups, positions, GetParam(), seed, weight, bias), types);
  }
};

INSTANTIATE_TEST_SUITE_P(Layouts, GroupTypes, testing::Values(Layout::kNchw, Layout::kNhwc),
                         [](const auto& info) {
                           return std::string(info.param == Layout::kNchw ? "nchw" : "nhwc");
                         });

TEST_P(GroupTypes, ChannelsAndGroups) {
  for (const Types& types : kFewTypes) {
    for (const int64_t channels : {1, 2, 7, 16, 20, 33, 66}) {
      for (int64_t groups = 1; groups <= channels; ++groups) {
        if (channels % groups != 0) continue;
        for (const int64_t positions : {1, 3, 8, 17, 49}) {
          ASSERT_TRUE(has_specified_bits(problem(2, channels, groups, positions, types),
                                         few_ways(positions)));
        }
      }
    }
  }
}

TEST_P(GroupTypes, Positions) {
  for (const DType type : {kBF16, kF16}) {
    for (const int64_t positions : {2, 15, 16, 23, 24, 25, 127, 255, 257, 511, 513, 1023, 1024,
                                    1025, 2047, 2048, 2049, 3100, 4097}) {
      for (const auto& [channels, groups] :
           std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {3, 3}, {4, 2}, {20, 5}}) {
        ASSERT_TRUE(has_specified_bits(
            problem(1, channels, groups, positions, {type, type, type}), few_ways(positions)));
      }
    }
  }
}

TEST_P(GroupTypes, SamplesAndThreads) {
  std::vector<Way> ways;
  for (const int threads : {1, 2, 3, 8}) ways.push_back({.threads = threads, .grain = 1});
  for (const Types& types : all_types()) {
    for (const int64_t samples : {1, 2, 31, 33, 70}) {
      ASSERT_TRUE(has_specified_bits(problem(samples, 12, 4, 9, types), ways));
    }
  }
}

TEST_P(GroupTypes, ALeastWorkspaceTakesOneThread) {
  const GroupProblem p = problem(5, 80, 4, 19, {kBF16, kBF16, kBF16});
  const GroupResults want = specified(p);
  for (const cpu::Kernels* kernels : all_kernels()) {
    ASSERT_TRUE(
        same_results(run_kernels(*kernels, p, want, {.threads = 4, .grain = 1}, true), want));
  }
}

TEST_P(GroupTypes, Alignments) {
  for (const DType type : {kBF16, kF16}) {
    std::vector<Way> ways;
    for (int64_t offset = 0; offset < 16; ++offset) {
      ways.push_back({.offset = offset});
      ways.push_back({.offset = offset, .in_place = true});
    }
    for (const int64_t positions : {1, 9, 130}) {
      ASSERT_TRUE(has_specified_bits(problem(2, 20, 4, positions, {type, type, type}), ways));
    }
  }
}

TEST_P(GroupTypes, WhatIsAbsent) {
  for (const Types& types : kFewTypes) {
    for (int parameters = 0; parameters < 4; ++parameters) {
      ASSERT_TRUE(has_specified_bits(
          problem(2, 20, 4, 30, types, 4, parameters & 1, parameters & 2), ways_of_absence()));
    }
  }
}

TEST_P(GroupTypes, TheCallersEnvironment) {
  for (const DType type : {kBF16, kF16}) {
    GroupProblem p = problem(3, 20, 4, 30, {type, type, type});
    make_rows_subnormal(20 * 30, &p.x, &p.dy);  // a sample each
    ASSERT_TRUE(has_specified_bits(in_types(p, p.types), ways_of_environments()));
  }
}

GroupProblem with_hostile_groups(GroupProblem p) {
  for (int which = 0; which < kHostileRows; ++which) {
    const std::vector<float> row = hostile_row(which, p.row());
    const int64_t group = which * p.spec.groups + which % p.spec.groups;
    for (int64_t i = 0; i < p.row(); ++i) {
      p.x[static_cast<size_t>(p.in_group(group, i))] = row[static_cast<size_t>(i)];
    }
  }
  return in_types(p, p.types);
}

TEST_P(GroupTypes, HostileGroups) {
  for (const DType type : {kBF16, kF16}) {
    for (const int64_t positions : {1, 3, 17, 700}) {
      for (const double eps : {0.0, 1e-5}) {
        GroupProblem p =
            problem(kHostileRows, 6, 2, positions, {type, type, type}, 3, eps != 0, false);
        p.spec.eps = eps;
        ASSERT_TRUE(has_specified_bits(with_hostile_groups(p), {{}, {.threads = 2, .grain = 1}}));
      }
    }
  }
}

TEST_P(GroupTypes, OneRoundingAfterF32) {
  for (const Types& types : all_types()) {
    for (const int64_t positions : {1, 9, 300}) {
      const GroupProblem p = problem(kHostileRows, 6, 2, positions, types);
      ASSERT_TRUE(same_results(specified(p), by_f32(p))) << types.text();
      const GroupProblem hostile = with_hostile_groups(p);
      ASSERT_TRUE(same_results(specified(hostile), by_f32(hostile))) << types.text();
    }
  }
}

}  // namespace
}  // namespace norma::test
