// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What order_test.cc does for the row norms, for SeeDNorm, DyT and Derf: the trees of
// additions of every target, read back from their results. A gradient of ones is a count of what it
// added.
// Spans: core/cpu.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/cpu/pointwise.h"
#include "core/cpu/seed_norm_passes.h"
#include "tests/core/cpu/kernel_run.h"
#include "tests/core/cpu/order_probe.h"
#include "tests/core/written_order.h"

namespace norma::test {
namespace {

// ---- SeeDNorm

TEST(OperatorOrder, SeedNormsDotAlongARow) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int64_t n : kLengths) {
      const std::vector<float> ones = filled(n, 1);
      const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
        const std::vector<float> x = planted(n, i, others, kOnes);
        std::vector<float> y(x.size()), dot(others.size());
        cpu::seed_norm_forward(*kernels,
                               {1e-6, rows_in(x, n), vector_of(ones), vector_of(ones),
                                vector_of(ones), rows_in(y, n), dot.data(), nullptr},
                               serial_executor());
        return as_doubles(dot);
      };
      const std::vector<int64_t> all = range_of(0, n);
      ASSERT_EQ(probed_tree(all, outside).second, tree_by_section_1(n, all))
          << kernels->name << " " << n;
    }
  }
}

// Where xhat is 1 and so is the tangent of the dot product, dalpha and dgamma are the sums of dy.
TEST(OperatorOrder, SeedNormsColumns) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int threads : {1, 3, 8}) {
      const Executor executor = std_thread_executor(threads);
      for (const int64_t rows : kRows) {
        const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
          const auto cols = static_cast<int64_t>(others.size());
          const std::vector<float> x = filled(rows * cols, 1), ones = filled(cols, 1),
                                   dot = filled(rows, 20), rstd = filled(rows, 1),
                                   dy = planted_down(rows, i, others, kOnes);
          std::vector<float> dalpha(others.size()), dgamma(others.size());
          const SeedNormBackward args{rows_in(x, cols), rows_in(dy, cols), vector_of(ones),
                                      vector_of(ones), vector_of(ones), dot.data(), rstd.data(),
                                      {}, result_in(dalpha), {}, result_in(dgamma)};
          Workspace workspace(cpu::seed_norm_backward_workspace(args, executor));
          cpu::seed_norm_backward(*kernels, args, workspace.data(), workspace.bytes(), executor);
          EXPECT_EQ(dalpha, dgamma);
          return as_doubles(dgamma);
        };
        ASSERT_EQ(probed_tree(range_of(0, rows), outside).second, tree_by_section_5(rows))
            << kernels->name << ", " << threads << " threads, " << rows << " rows";
      }
    }
  }
}

// ---- DyT and Derf

struct PointwiseGradients {
  std::vector<float> dbias;
  double dalpha, dshift;
};

// With alpha 0 the slope is one number everywhere, and both sums are as many times that. x is 1.
PointwiseGradients pointwise_gradients(const cpu::Kernels& kernels, PointwiseKind kind,
                                       const std::vector<float>& dy, int64_t cols,
                                       const Executor& executor) {
  const std::vector<float> x = filled(static_cast<int64_t>(dy.size()), 1);
  std::vector<float> dx(dy.size()), dbias(static_cast<size_t>(cols)), dalpha(1), dshift(1);
  const bool shifts = kind == PointwiseKind::kDerf;
  const double slope = shifts ? 2 / std::sqrt(std::acos(-1.0)) : 1;
  const PointwiseBackward args{rows_in(x, cols), rows_in(dy, cols), {}, rows_in(dx, cols), {},
                               result_in(dbias), dalpha.data(), shifts ? dshift.data() : nullptr};
  Workspace workspace(cpu::pointwise_backward_workspace(args, executor));
  cpu::pointwise_backward(kernels, {kind, 0, 0}, args, workspace.data(), workspace.bytes(),
                          executor);
  return {dbias, std::round(dalpha[0] / slope), std::round(dshift[0] / slope)};
}

class PointwiseOrder : public testing::TestWithParam<PointwiseKind> {
 protected:
  // dalpha where dy is M at i, -M at j and 1 elsewhere.
  auto sums_of(const cpu::Kernels& kernels, int64_t n, int64_t cols, const Executor& executor) {
    return [&kernels, n, cols, &executor, kind = GetParam()](int64_t i,
                                                             const std::vector<int64_t>& others) {
      std::vector<double> sums;
      for (const int64_t j : others) {
        const PointwiseGradients got =
            pointwise_gradients(kernels, kind, planted(n, i, {j}, kOnes), cols, executor);
        if (kind == PointwiseKind::kDerf) {
          EXPECT_EQ(got.dalpha, got.dshift);
        }
        sums.push_back(got.dalpha);
      }
      return sums;
    };
  }
};
INSTANTIATE_TEST_SUITE_P(Functions, PointwiseOrder,
                         testing::Values(PointwiseKind::kDyt, PointwiseKind::kDerf),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(PointwiseOrder, ScalarsAlongARow) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int64_t n : kLengths) {
      const std::vector<int64_t> all = range_of(0, n);
      ASSERT_EQ(probed_tree(all, sums_of(*kernels, n, n, serial_executor())).second,
                tree_by_section_1(n, all))
          << kernels->name << " " << n;
    }
  }
}

TEST_P(PointwiseOrder, ScalarsOverRows) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int threads : {1, 3}) {
      const Executor executor = std_thread_executor(threads);
      for (const int64_t rows : kRows) {
        ASSERT_EQ(
            probed_tree(range_of(0, rows), sums_of(*kernels, rows, 1, executor)).second,
            tree_by_section_5(rows))
            << kernels->name << ", " << threads << " threads, " << rows << " rows";
      }
    }
  }
}

TEST_P(PointwiseOrder, Columns) {
  for (const cpu::Kernels* kernels : all_kernels()) {
    for (const int threads : {1, 3, 8}) {
      const Executor executor = std_thread_executor(threads);
      for (const int64_t rows : kRows) {
        const auto outside = [&](int64_t i, const std::vector<int64_t>& others) {
          return as_doubles(pointwise_gradients(*kernels, GetParam(),
                                                planted_down(rows, i, others, kOnes),
                                                static_cast<int64_t>(others.size()), executor)
                                .dbias);
        };
        ASSERT_EQ(probed_tree(range_of(0, rows), outside).second, tree_by_section_5(rows))
            << kernels->name << ", " << threads << " threads, " << rows << " rows";
      }
    }
  }
}

}  // namespace
}  // namespace norma::test
