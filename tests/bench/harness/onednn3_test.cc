// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onednn3.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace norma::bench {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Peer> make(const Problem& problem) {
  if (problem.task.backward) return layer_norm_backward::make_onednn3(problem);
  return problem.layer() ? layer_norm_forward::make_onednn3(problem)
                         : rms_norm_forward::make_onednn3(problem);
}

// As those of its elder (onednn_test.cc), and with one thread and two.
TEST(Onednn3, AnswersAreRightAndAreChecked) {
  if (onednn3_version().empty()) GTEST_SKIP() << "torch's oneDNN cannot be called";
  EXPECT_THAT(onednn3_version(), ::testing::StartsWith("3."));
  const int all_threads = at::get_num_threads();
  for (const Task& task : {Task{"task", NormKind::kLayerNorm, false},
                           Task{"task", NormKind::kLayerNorm, true},
                           Task{"task", NormKind::kRmsNorm, false}}) {
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (const auto& [rows, cols] :
           {std::pair<int64_t, int64_t>{1, 1}, {3, 5}, {40, 64}, {9, 300}}) {
        at::set_num_threads(rows > 3 ? 2 : 1);
        Problem problem(task, rows, cols, 2, 1, dtype);
        const auto peer = make(problem);
        if (!peer && dtype != DType::kF32) continue;  // a processor for which it has none
        ASSERT_TRUE(peer);
        problem.spoil_outputs();
        peer->run(1);
        EXPECT_FALSE(check(problem, peer->answer(0), "onednn3").ok()) << "that was the other set";
        problem.spoil_outputs();
        peer->run(0);
        const Answer answer = peer->answer(0);
        const Status right = check(problem, answer, "onednn3");
        EXPECT_TRUE(right.ok()) << right.message();
        // The highest bits of an exponent.
        auto* const bits =
            static_cast<uint16_t*>(const_cast<void*>(task.backward ? answer.dx : answer.y));
        bits[dtype == DType::kF32 ? 1 : 0] ^= 0x4000;
        EXPECT_THAT(check(problem, answer, "onednn3").message(),
                    HasSubstr("onednn3 computes a wrong"));
      }
    }
  }
  at::set_num_threads(all_threads);
}

// Why rms_norm_backward has no such peer. Where this fails, oneDNN has changed: give it one.
TEST(Onednn3, ItsRmsNormBackwardIsNotThatOfRmsNorm) {
  if (onednn3_version().empty()) GTEST_SKIP() << "torch's oneDNN cannot be called";
  Problem problem({"task", NormKind::kRmsNorm, true}, 3, 64, 1, 1);
  const auto peer = make_onednn3_backward(problem);
  ASSERT_TRUE(peer);
  problem.spoil_outputs();
  peer->run(0);
  EXPECT_THAT(check(problem, peer->answer(0), "onednn3").message(), HasSubstr("a wrong dx"));
}

}  // namespace
}  // namespace norma::bench
