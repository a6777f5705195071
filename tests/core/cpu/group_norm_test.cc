// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// GroupNorm on every target against the scalar specification, bit for bit, along each axis that
// must not show.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/core/cpu/group_run.h"
#include "tests/core/draw.h"

namespace norma::test {
namespace {

class GroupNormBits : public testing::TestWithParam<Layout> {
 protected:
  GroupProblem problem(int64_t samples, int64_t channels, int64_t groups, int64_t positions,
                       uint64_t seed = 1, bool weight = true, bool bias = true) const {
    return group_problem(samples, channels, groups, positions, GetParam(), seed, weight, bias);
  }
};

INSTANTIATE_TEST_SUITE_P(Layouts, GroupNormBits, testing::Values(Layout::kNchw, Layout::kNhwc),
                         [](const auto& info) {
                           return std::string(info.param == Layout::kNchw ? "nchw" : "nhwc");
                         });

TEST(GroupNormKernels, EachTargetHasItsOwn) {
  const std::vector<const cpu::Kernels*> all = all_kernels();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(all[i]->group_norm.statistics,
                all[j]->group_norm.statistics);
      EXPECT_NE(all[i]->group_norm.transpose,
                all[j]->group_norm.transpose);
      EXPECT_NE(all[i]->group_norm.rows.normalize,
                all[j]->group_norm.rows.normalize);
      EXPECT_NE(all[i]->group_norm.rows.gradient,
                all[j]->group_norm.rows.gradient);
    }
  }
}

TEST_P(GroupNormBits, EveryDivisorOfFewChannels) {
  for (int64_t channels = 1; channels <= 40; ++channels) {
    for (int64_t groups = 1; groups <= channels; ++groups) {
      if (channels % groups != 0) continue;
      for (const int64_t positions : {1, 2, 7, 8, 9, 49}) {
        ASSERT_TRUE(has_specified_bits(problem(2, channels, groups, positions),
                                       {{.offset = positions % 16}}));
      }
    }
  }
}

TEST_P(GroupNormBits, ManyChannels) {
  for (int64_t channels = 41; channels <= 300; channels += channels < 128 ? 7 : 43) {
    for (const int64_t positions : {1, 3, 16}) {
      for (const int64_t groups : {int64_t{1}, channels}) {
        ASSERT_TRUE(has_specified_bits(problem(1, channels, groups, positions), {{}}));
      }
    }
  }
  for (const int64_t groups : {2, 4, 8, 16, 32, 64, 128}) {
    ASSERT_TRUE(has_specified_bits(problem(2, 256, groups, 5), {{}, {.in_place = true}}));
  }
}

TEST_P(GroupNormBits, Positions) {
  std::vector<int64_t> all;
  for (int64_t positions = 1; positions <= 70; ++positions) all.push_back(positions);
  for (const int64_t positions : {127, 128, 129,  196,  255,  256,  257,  264,  300,  511, 512,
                                  513, 784, 1023, 1024, 1025, 1032, 1100, 2047, 2049, 3100}) {
    all.push_back(positions);
  }
  for (const int64_t positions : all) {
    for (const auto& [channels, groups] :
         std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {3, 3}, {4, 2}, {17, 17}, {20, 5}}) {
      ASSERT_TRUE(has_specified_bits(problem(1, channels, groups, positions),
                                     {{}, {.offset = 3, .in_place = true}}));
    }
  }
}

TEST_P(GroupNormBits, Samples) {
  for (int64_t samples = 1; samples <= 130; samples += samples < 70 ? 1 : 29) {
    ASSERT_TRUE(has_specified_bits(problem(samples, 6, 3, 5), {{}, {.threads = 3, .grain = 1}}));
  }
  ASSERT_TRUE(has_specified_bits(problem(1100, 3, 1, 2), {{}, {.threads = 2, .grain = 1}}));
}

TEST_P(GroupNormBits, OneToEightThreads) {
  std::vector<Way> ways;
  for (int threads = 1; threads <= 8; ++threads) {
    ways.push_back({.threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .row_at_a_time = true, .grain = 1});
    ways.push_back({.in_place = true, .threads = threads, .grain = 1});
  }
  for (const int64_t samples : {1, 2, 5, 33}) {
    for (const int64_t groups : {1, 4, 40}) {
      ASSERT_TRUE(has_specified_bits(problem(samples, 40, groups, 19), ways));
    }
  }
}

TEST_P(GroupNormBits, ALeastWorkspaceTakesOneThread) {
  const GroupProblem p = problem(5, 40, 4, 19);
  const GroupResults want = specified(p);
  for (const cpu::Kernels* kernels : all_kernels()) {
    ASSERT_TRUE(
        same_results(run_kernels(*kernels, p, want, {.threads = 4, .grain = 1}, true), want));
  }
}

TEST_P(GroupNormBits, Alignments) {
  std::vector<Way> ways;
  for (int64_t offset = 0; offset < 16; ++offset) {
    ways.push_back({.offset = offset});
    ways.push_back({.offset = offset, .in_place = true});
  }
  for (const int64_t positions : {1, 9, 33, 130}) {
    ASSERT_TRUE(has_specified_bits(problem(2, 20, 4, positions), ways));
  }
}

TEST_P(GroupNormBits, WhatIsAbsent) {
  std::vector<Way> ways;
  for (unsigned absent = 0; absent < 64; ++absent) {
    ways.push_back({.absent = absent});
    ways.push_back({.threads = 3, .grain = 1, .absent = absent});
  }
  for (int parameters = 0; parameters < 4; ++parameters) {
    ASSERT_TRUE(has_specified_bits(problem(2, 20, 4, 30, 4, parameters & 1, parameters & 2), ways));
  }
}

TEST_P(GroupNormBits, TheCallersEnvironment) {
  GroupProblem p = problem(3, 20, 4, 30);
  ASSERT_TRUE(has_specified_bits(p, ways_of_environments()));
  make_rows_subnormal(20 * 30, &p.x, &p.dy);  // a sample each
  p.bias.clear();
  ASSERT_TRUE(has_specified_bits(p, ways_of_environments()));
}

// Hostile values in one group of each sample, among them those that are redone in f64 and those
// that are worked on halves, beside ordinary groups.
TEST_P(GroupNormBits, HostileGroups) {
  for (const int64_t positions : {1, 3, 8, 17, 100, 700}) {
    for (const double eps : {0.0, 1e-5}) {
      for (const int64_t groups : {1, 2, 6}) {
        GroupProblem p = problem(kHostileRows, 6, groups, positions, 3, eps != 0, false);
        p.spec.eps = eps;
        for (int which = 0; which < kHostileRows; ++which) {
          const std::vector<float> row = hostile_row(which, p.row());
          const int64_t group = which * groups + which % groups;
          for (int64_t i = 0; i < p.row(); ++i) {
            p.x[static_cast<size_t>(p.in_group(group, i))] = row[static_cast<size_t>(i)];
          }
        }
        ASSERT_TRUE(has_specified_bits(p, {{}, {.threads = 2, .grain = 1}}));
        std::swap(p.x, p.dy);
        ASSERT_TRUE(has_specified_bits(p, {{}})) << "hostile dy";
      }
    }
  }
}

// Pivots that lie off the mean by as much as the guard allows, a little less and a little more: the
// elements that the pivot is made of are moved away from all others.
TEST_P(GroupNormBits, GroupsAroundTheGuard) {
  GroupProblem p = problem(64, 2, 1, 100);
  for (int64_t r = 0; r < p.groups(); ++r) {
    for (int64_t i = 0; i < 24; ++i) {
      p.x[static_cast<size_t>(p.in_group(r, i))] += static_cast<float>(r) / 8;
    }
  }
  ASSERT_TRUE(has_specified_bits(p, {{}}));
}

TEST_P(GroupNormBits, TwoHundredRandomCombinations) {
  Draw draw(2026);
  for (int i = 0; i < 200; ++i) {
    const int64_t depth = draw.spread(30), groups = draw.spread(30), positions = draw.spread(1100);
    const int64_t samples = std::clamp<int64_t>(30000 / (depth * groups * positions), 1, 70);
    GroupProblem p = problem(samples, depth * groups, groups, positions, draw(), draw.coin(),
                             draw.coin());
    const double eps[] = {0, 1e-12, 1e-5, 1};
    p.spec.eps = eps[draw.below(4)];
    const Way way{.offset = draw.below(16),
                  .in_place = draw.coin(),
                  .threads = static_cast<int>(1 + draw.below(8)),
                  .grain = draw.below(3),
                  .absent = static_cast<unsigned>(draw.coin() ? 0 : draw.below(64))};
    ASSERT_TRUE(has_specified_bits(p, {way})) << "combination " << i;
  }
}

// A sample's y and dx are its own, whatever lies beside it; dweight is not.
TEST_P(GroupNormBits, SamplesDoNotDependOnOthers) {
  constexpr int64_t kSamples = 9, kSize = 12 * 21;
  const GroupProblem one = problem(1, 12, 4, 21, 8);
  const GroupResults want = specified(one);
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (int64_t sample = 0; sample < kSamples; ++sample) {
      GroupProblem p = problem(kSamples, 12, 4, 21, 9);
      for (float& v : p.x) v = sample % 3 == 1 ? v * 1e20f : sample % 3 == 2 ? std::nanf("") : v;
      p.weight = one.weight;
      p.bias = one.bias;
      std::copy(one.x.begin(), one.x.end(), p.x.begin() + sample * kSize);
      std::copy(one.dy.begin(), one.dy.end(), p.dy.begin() + sample * kSize);
      const GroupResults all = run_kernels(*kernels, p, specified(p), {});
      ASSERT_TRUE(same_bits(&all.y[static_cast<size_t>(sample * kSize)], want.y.data(), kSize));
      ASSERT_TRUE(same_bits(&all.dx[static_cast<size_t>(sample * kSize)], want.dx.data(), kSize));
      ASSERT_FALSE(same_bits(all.dbias.data(), want.dbias.data(), 12));
    }
  }
}

}  // namespace
}  // namespace norma::test
