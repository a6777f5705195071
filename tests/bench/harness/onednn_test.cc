// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/onednn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace norma::bench {
namespace {

using ::testing::HasSubstr;

// Its answers pass the check on whole vectors and on remainders, in its types, with every set, and
// with one element changed they do not.
TEST(Onednn, AnswersAreRightAndAreChecked) {
  EXPECT_THAT(onednn_version(), ::testing::StartsWith("2."));
  for (const bool backward : {false, true}) {
    for (const DType dtype : {DType::kF32, DType::kBF16}) {
      for (const auto& [rows, cols] :
           {std::pair<int64_t, int64_t>{1, 1}, {3, 5}, {40, 64}, {9, 300}}) {
        Problem problem({"task", NormKind::kLayerNorm, backward}, rows, cols, 2, 1, dtype);
        const auto peer = backward ? layer_norm_backward::make_onednn(problem)
                                   : layer_norm_forward::make_onednn(problem);
        if (!peer && dtype == DType::kBF16) continue;  // a processor for which it has none
        ASSERT_TRUE(peer);
        problem.spoil_outputs();
        peer->run(1);
        EXPECT_FALSE(check(problem, peer->answer(0), "onednn").ok()) << "that was the other set";
        problem.spoil_outputs();
        peer->run(0);
        const Answer answer = peer->answer(0);
        const Status right = check(problem, answer, "onednn");
        EXPECT_TRUE(right.ok()) << right.message();
        // The highest bits of an exponent.
        auto* const bits =
            static_cast<uint16_t*>(const_cast<void*>(backward ? answer.dx : answer.y));
        bits[dtype == DType::kF32 ? 1 : 0] ^= 0x4000;
        EXPECT_THAT(check(problem, answer, "onednn").message(),
                    HasSubstr("onednn computes a wrong"));
      }
    }
  }
}

TEST(Onednn, HasNoPeerWhereItHasNoType) {
  const Problem problem({"task", NormKind::kLayerNorm, false}, 3, 5, 1, 1, DType::kF16);
  EXPECT_FALSE(layer_norm_forward::make_onednn(problem));
}

TEST(Onednn, TypesAreThoseItHas) {
  EXPECT_EQ(onednn_type(DType::kF32), dnnl::memory::data_type::f32);
  EXPECT_EQ(onednn_type(DType::kBF16), dnnl::memory::data_type::bf16);
  EXPECT_THROW(onednn_type(DType::kF64), std::runtime_error);
}

}  // namespace
}  // namespace norma::bench
