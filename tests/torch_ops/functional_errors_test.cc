// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the functions refuse, and in which words.
// Spans: torch_ops

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/norm_spec.h"
#include "torch_ops/functional.h"

namespace norma::torch_ops {
namespace {

using ::testing::HasSubstr;
using torch::Tensor;

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "no error";
}

class FunctionalErrors : public ::testing::TestWithParam<NormKind> {
 protected:
  bool layer() const { return GetParam() == NormKind::kLayerNorm; }
  std::string error(const Tensor& x, const std::vector<int64_t>& shape, const Tensor& weight = {},
                    double eps = 1e-5) const {
    return message_of(
        [&] { layer() ? layer_norm(x, shape, weight, {}, eps) : rms_norm(x, shape, weight, eps); });
  }
};

TEST_P(FunctionalErrors, NameTheFunctionTheRuleAndTheValue) {
  const std::string name = std::string("[") + name_of(GetParam()) + "] ";
  const Tensor x = torch::ones({3, 4});
  EXPECT_EQ(error({}, {4}), name + "x must be a tensor but is undefined.");
  EXPECT_EQ(error(x, {}), name + "normalized_shape must have at least one dimension.");
  EXPECT_EQ(error(x, {5}),
            name + "x must have a shape that ends with normalized_shape=[5] but has [3, 4].");
  EXPECT_EQ(error(x, {2, 3, 4}),
            name + "x must have a shape that ends with normalized_shape=[2, 3, 4] but has [3, 4].");
  EXPECT_EQ(error(x, {4}, torch::ones({2, 2})),
            name + "weight must have the shape normalized_shape=[4] but has [2, 2].");
  EXPECT_EQ(error(torch::ones({3, 4}, torch::kInt64), {4}),
            name + "x must be a floating-point tensor but is Long.");
  EXPECT_EQ(error(torch::ones({3, 4}, torch::kMeta), {4}),
            name + "x must be on the CPU but is on meta; move it with .cpu().");
  EXPECT_EQ(error(x.to_sparse(), {4}), name + "x must be a dense tensor but has layout Sparse.");
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    EXPECT_THAT(error(x.to(type), {4}, {}, -1), HasSubstr(name + "eps"));
  }
  if (layer()) {
    EXPECT_EQ(message_of([&] { layer_norm(x, {4}, {}, torch::ones({3})); }),
              name + "bias must have the shape normalized_shape=[4] but has [3].");
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, FunctionalErrors,
                         ::testing::Values(NormKind::kLayerNorm, NormKind::kRmsNorm),
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace norma::torch_ops
