// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The dispatch table: who is asked first, why one is passed over, what runs in the end.
#include "core/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/cpu/targets.h"
#include "core/plan/implementations.h"
#include "tests/core/norm_case.h"
#include "tests/core/norm_problem.h"

namespace norma::test {
namespace {

using testing::StartsWith;

constexpr DType kAll[] = {DType::kF32, DType::kBF16, DType::kF16, DType::kF64};

std::string active_name() { return cpu::active_kernels()->plan_name; }

TEST(Plan, TableIsBestFirstAndReferenceLast) {
  const auto table = implementations();
  ASSERT_EQ(table.size(), 3u);
  EXPECT_STREQ(table[0].name(), "cuda");
  EXPECT_EQ(table[1].name(), active_name());
  EXPECT_STREQ(table[2].name(), "ref");
}

TEST(Plan, WhoTakesWhich) {
  const auto table = implementations();
  for (const DType dtype : kAll) {
    const bool f64 = dtype == DType::kF64;
    EXPECT_STREQ(table[1].refusal(dtype), f64 ? "takes no f64" : nullptr) << name_of(dtype);
    EXPECT_STREQ(table[2].refusal(dtype), nullptr) << "nobody is left for " << name_of(dtype);
    for (const Implementation& each : table) {
      if (each.refusal(dtype) != nullptr) {
        EXPECT_STRNE(each.refusal(dtype), "") << each.name();
        continue;
      }
      EXPECT_TRUE(each.forward && each.backward && each.backward_workspace) << each.name();
    }
  }
}

// explain_* name what runs, then each better one with its reason.
TEST(Plan, ExplainsTheChoice) {
  NormCase c({NormKind::kRmsNorm, 1e-5}, 2, 8);
  const std::string cuda = implementations()[0].refusal(DType::kF32);
  ASSERT_NE(cuda, "");
  EXPECT_EQ(explain_forward(c.spec, c.forward_args()),
            "rms_norm forward f32 [2, 8]: " + active_name() + "\n  not cuda: " + cuda);
  EXPECT_EQ(explain_backward(c.spec, c.backward_args()),
            "rms_norm backward f32 [2, 8]: " + active_name() + "\n  not cuda: " + cuda);

  std::vector<double> x(16), y(16);
  NormForward f64{{x.data(), DType::kF64, 2, 8, 8}, {}, {}, {y.data(), DType::kF64, 2, 8, 8}, {}};
  EXPECT_EQ(explain_forward({NormKind::kLayerNorm, 1e-5}, f64),
            "layer_norm forward f64 [2, 8]: ref\n  not cuda: " + cuda + "\n  not " + active_name() +
                ": takes no f64");
  f64.y.cols = 7;
  EXPECT_EQ(explain_forward({NormKind::kLayerNorm, 1e-5}, f64),
            "layer_norm forward f64 [2, 8]: refused: [layer_norm] y must have the shape of x, "
            "[2, 8], but is [2, 7].");
}

TEST(Plan, RunsWhatItNames) {
  const Problem p = normal_problem({NormKind::kLayerNorm, 1e-5}, 5, 300);
  const auto run = [&](const Implementation* by) {
    NormCase c(p.spec, p.rows, p.cols);
    c.x.assign(p.x);
    if (by == nullptr) {
      EXPECT_TRUE(c.forward(serial_executor()).ok());
    } else {
      by->forward(c.spec, c.forward_args(), serial_executor());
    }
    return c.y.dense();
  };
  const std::vector<float> planned = run(nullptr);
  for (const Implementation& each : implementations().subspan(1)) {
    EXPECT_TRUE(same_bits(run(&each).data(), planned.data(), planned.size())) << each.name();
  }
}

TEST(Plan, AnyWorkspaceFromTheLeastOnWillDo) {
  const Problem p = normal_problem({NormKind::kRmsNorm, 1e-5}, 3200, 256);
  NormCase c(p.spec, p.rows, p.cols);
  c.x.assign(p.x);
  c.dy.assign(p.dy);
  ASSERT_TRUE(c.run(serial_executor()).ok());
  const std::vector<float> dx = c.dx.dense(), dweight = c.dweight, dbias = c.dbias;
  const NormBackward args = c.backward_args();
  size_t serial = 0, threads = 0;
  ASSERT_TRUE(norm_backward_workspace_size(c.spec, args, serial_executor(), &serial).ok());
  ASSERT_TRUE(
      norm_backward_workspace_size(c.spec, args, std_thread_executor(4), &threads).ok());
  EXPECT_GE(threads, serial);
  c.workspace.resize(threads / sizeof(NormCase::Line) + 1);
  for (const size_t bytes : {serial, threads - 1, threads}) {
    c.dx.fill(0);
    const Status status =
        norm_backward(c.spec, args, c.workspace.data(), bytes, std_thread_executor(4));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(same_bits(c.dx.dense().data(), dx.data(), dx.size()));
    EXPECT_TRUE(same_bits(c.dweight.data(), dweight.data(), dweight.size()));
    EXPECT_TRUE(same_bits(c.dbias.data(), dbias.data(), dbias.size()));
  }
  EXPECT_FALSE(
      norm_backward(c.spec, args, c.workspace.data(), serial - 1, std_thread_executor(4)).ok());
}

}  // namespace
}  // namespace norma::test
