// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The check of answers with 16-bit rows; bench_test.cc has that of f32.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bench/harness/peer.h"

namespace norma::bench {
namespace {

using ::testing::HasSubstr;

void expect_checked(const Problem& problem, Peer* peer, const std::string& name) {
  SCOPED_TRACE(problem.task.name + " " + name_of(problem.dtype) + " " + name);
  peer->run(0);
  const Answer answer = peer->answer(0);
  const Status right = check(problem, answer, name);
  EXPECT_TRUE(right.ok()) << right.message();
  // So many units in the last place of an element are more than any order of additions explains.
  for (const void* rows : {answer.y, answer.dx, answer.sum}) {
    if (!rows) continue;
    uint16_t* const element = static_cast<uint16_t*>(const_cast<void*>(rows)) + 17;
    const uint16_t before = *element;
    const int much = problem.task.residual ? 64 : 8;  // a sum may cancel
    for (const int wrong : {before + much, before - much, 0x7FFF}) {
      *element = static_cast<uint16_t>(wrong);
      EXPECT_THAT(check(problem, answer, name).message(), HasSubstr("row 0, column 17"));
    }
    *element = before;
  }
  // Sums of 40 terms below 3 in size.
  for (const float* sums : {answer.dweight, answer.dbias}) {
    if (!sums) continue;
    float* const sum = const_cast<float*>(sums) + 17;
    const float right_sum = *sum;
    for (const float wrong : {right_sum + 10, NAN}) {
      *sum = wrong;
      EXPECT_THAT(check(problem, answer, name).message(), HasSubstr("column 17"));
    }
    *sum = right_sum;
  }
}

TEST(Check, SixteenBitAnswersOfEveryTask) {
  for (const DType dtype : {DType::kBF16, DType::kF16}) {
    const auto problem = [=](const char* task, NormKind kind, bool backward, bool add = false) {
      return Problem({task, kind, backward, add}, 40, 64, 1, 1, dtype);
    };
    const Problem a = problem("layer_norm_forward", NormKind::kLayerNorm, false);
    expect_checked(a, layer_norm_forward::make_norma(a).get(), "norma");
    expect_checked(a, layer_norm_forward::make_torch(a).get(), "torch");
    const Problem b = problem("layer_norm_backward", NormKind::kLayerNorm, true);
    expect_checked(b, layer_norm_backward::make_norma(b).get(), "norma");
    expect_checked(b, layer_norm_backward::make_torch(b).get(), "torch");
    const Problem c = problem("rms_norm_forward", NormKind::kRmsNorm, false);
    expect_checked(c, rms_norm_forward::make_norma(c).get(), "norma");
    expect_checked(c, rms_norm_forward::make_torch(c).get(), "torch");
    const Problem d = problem("rms_norm_backward", NormKind::kRmsNorm, true);
    expect_checked(d, rms_norm_backward::make_norma(d).get(), "norma");
    expect_checked(d, rms_norm_backward::make_torch(d).get(), "torch");
    const Problem e = problem("add_layer_norm_forward", NormKind::kLayerNorm, false, true);
    expect_checked(e, add_layer_norm_forward::make_norma(e).get(), "norma");
    expect_checked(e, add_layer_norm_forward::make_torch(e).get(), "torch");
    const Problem f = problem("add_rms_norm_forward", NormKind::kRmsNorm, false, true);
    expect_checked(f, add_rms_norm_forward::make_norma(f).get(), "norma");
    expect_checked(f, add_rms_norm_forward::make_torch(f).get(), "torch");
  }
}

}  // namespace
}  // namespace norma::bench
