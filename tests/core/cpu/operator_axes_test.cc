// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What axes_test.cc does for LayerNorm and RMSNorm, for the other operators: batches 1 to 300,
// threads 1 to 64, lengths 1 to 2200, each against a fixed base case, on every target in one
// process. Labelled long: `ctest -L long`; their own tests have parts of these axes.
// Spans: core/cpu, core/ref.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/core/cpu/batch_run.h"
#include "tests/core/cpu/fused_run.h"
#include "tests/core/cpu/group_run.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/cpu/pointwise_run.h"
#include "tests/core/cpu/seed_run.h"

namespace norma::test {
namespace {

struct Operator {
  std::string name;
  // rows of cols elements; of images, samples of 4 channels of that many positions.
  std::function<testing::AssertionResult(int64_t rows, int64_t cols, const std::vector<Way>&)>
      has_bits;
};

Operator row_norm(NormKind kind) {
  return {name_of(kind), [kind](int64_t rows, int64_t cols, const std::vector<Way>& ways) {
            return has_specified_bits(normal_problem({kind, 1e-5}, rows, cols), ways);
          }};
}
Operator fused_with(NormKind kind, Fused what) {
  return {std::string(name_of(kind)) + "_" + name_of(what),
          [kind, what](int64_t rows, int64_t cols, const std::vector<Way>& ways) {
            return fused_is_its_parts(fused_norm(normal_problem({kind, 1e-5}, rows, cols), what),
                                      ways);
          }};
}
Operator pointwise(const char* name, PointwiseSpec spec) {
  return {name, [spec](int64_t rows, int64_t cols, const std::vector<Way>& ways) {
            return has_specified_bits(pointwise_problem(spec, rows, cols), ways);
          }};
}
Operator batch_norm(bool training) {
  return {training ? "batch_norm_training" : "batch_norm_evaluation",
          [training](int64_t rows, int64_t cols, const std::vector<Way>& ways) {
            BatchProblem p = batch_problem(std::max<int64_t>(rows, training ? 2 : 1), cols);
            p.spec.training = training;
            return has_specified_bits(p, ways);
          }};
}
Operator group_norm(Layout layout, int64_t groups) {
  return {std::string(layout == Layout::kNchw ? "nchw_" : "nhwc_") + std::to_string(groups) +
              "_groups",
          [layout, groups](int64_t rows, int64_t cols, const std::vector<Way>& ways) {
            return has_specified_bits(group_problem(rows, 4, groups, cols, layout), ways);
          }};
}

std::vector<Operator> all_operators() {
  std::vector<Operator> all = {
      row_norm(NormKind::kL2Norm),
      row_norm(NormKind::kCrmsNorm),
      pointwise("dyt", {PointwiseKind::kDyt, 0.7}),
      pointwise("derf", {PointwiseKind::kDerf, 0.7, -0.3}),
      {"seed_norm",
       [](int64_t rows, int64_t cols, const std::vector<Way>& ways) {
         return has_specified_bits(seed_problem(rows, cols), ways);
       }},
      batch_norm(true),
      batch_norm(false),
      group_norm(Layout::kNchw, 2),
      group_norm(Layout::kNhwc, 2),
      group_norm(Layout::kNchw, 4),
      group_norm(Layout::kNhwc, 4)};
  for (const Fused what : {Fused::kGate, Fused::kRopeHalves, Fused::kRopeInterleaved, Fused::kInt8,
                           Fused::kE4m3}) {
    all.push_back(fused_with(NormKind::kRmsNorm, what));
  }
  return all;
}

class AxesOfOperators : public testing::TestWithParam<Operator> {};
INSTANTIATE_TEST_SUITE_P(All, AxesOfOperators, testing::ValuesIn(all_operators()),
                         [](const auto& info) { return info.param.name; });

TEST_P(AxesOfOperators, DISABLED_Batches1To300) {
  for (int64_t rows = 1; rows <= 300; ++rows) {
    ASSERT_TRUE(GetParam().has_bits(rows, 20, {{}, {.threads = 3, .grain = 1}})) << rows;
  }
}

TEST_P(AxesOfOperators, DISABLED_Threads1To64) {
  std::vector<Way> ways;
  for (int threads = 1; threads <= 64; ++threads) {
    ways.push_back({.threads = threads, .grain = 1});
    ways.push_back({.threads = threads, .row_at_a_time = true, .grain = 1});
  }
  for (const auto& [rows, cols] :
       std::vector<std::pair<int64_t, int64_t>>{{300, 12}, {70, 100}, {5, 1100}}) {
    ASSERT_TRUE(GetParam().has_bits(rows, cols, ways));
  }
}

TEST_P(AxesOfOperators, DISABLED_Lengths1To2200) {
  for (int64_t cols = 1; cols <= 2200; ++cols) {
    ASSERT_TRUE(GetParam().has_bits(3, cols, {{}})) << cols;
  }
}

}  // namespace
}  // namespace norma::test
