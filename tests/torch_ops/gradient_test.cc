// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: torch_ops, tests/support

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/support/gradcheck.h"
#include "torch_ops/functional.h"

namespace norma {
namespace {

using torch::Tensor;

class Gradient : public ::testing::Test {
 protected:
  Gradient() { torch::manual_seed(3); }
  static Tensor variable(at::IntArrayRef shape) {
    return torch::randn(shape, torch::kFloat64).mul_(1.5).add_(0.5).requires_grad_();
  }
};

TEST_F(Gradient, OfLayerNormForEveryCombinationOfParameters) {
  for (const bool has_weight : {false, true}) {
    for (const bool has_bias : {false, true}) {
      const auto f = [](const std::vector<Tensor>& v) {
        return torch_ops::layer_norm(v[0], {7}, v[1], v[2]);
      };
      EXPECT_TRUE(test::gradcheck(f, {variable({2, 3, 7}), has_weight ? variable({7}) : Tensor(),
                                      has_bias ? variable({7}) : Tensor()}));
    }
  }
}

TEST_F(Gradient, OfRmsNormWithAndWithoutWeightAndEps) {
  for (const std::optional<double> eps : {std::optional<double>(), std::optional<double>(0.25)}) {
    const auto f = [&](const std::vector<Tensor>& v) {
      return torch_ops::rms_norm(v[0], {7}, v[1], eps);
    };
    EXPECT_TRUE(test::gradcheck(f, {variable({2, 3, 7}), variable({7})}));
    EXPECT_TRUE(test::gradcheck(f, {variable({2, 3, 7}), Tensor()}));
  }
}

TEST_F(Gradient, OfSeveralNormalizedDimensionsAndStridedInput) {
  const auto layer = [](const std::vector<Tensor>& v) {
    return torch_ops::layer_norm(v[0].transpose(0, 2), {3, 2}, v[1].t(), v[2]);
  };
  EXPECT_TRUE(test::gradcheck(layer, {variable({2, 3, 4}), variable({2, 3}), variable({3, 2})}));
  const auto rms = [](const std::vector<Tensor>& v) {
    return torch_ops::rms_norm(v[0].slice(1, 1, 6), {5}, v[1]);
  };
  EXPECT_TRUE(test::gradcheck(rms, {variable({4, 8}), variable({5})}));
}

TEST_F(Gradient, OfAnExpandedInputIsSummed) {
  const auto f = [](const std::vector<Tensor>& v) {
    return torch_ops::layer_norm(v[0].expand({4, 6}), {6}, v[1]);
  };
  EXPECT_TRUE(test::gradcheck(f, {variable({1, 6}), variable({6})}));
}

TEST_F(Gradient, OfAWholeBlock) {
  const auto f = [](const std::vector<Tensor>& v) {
    const Tensor normed = torch_ops::layer_norm(v[0], {6}, v[1], v[2]);
    return torch_ops::rms_norm(v[0] + torch::tanh(torch::matmul(normed, v[3])), {6}, v[4]);
  };
  EXPECT_TRUE(test::gradcheck(f, {variable({3, 6}), variable({6}), variable({6}), variable({6, 6}),
                                  variable({6})}));
}

// f(x) = x^2 with a gradient that is wrong by one part in a million.
struct SlightlyWrongSquare : torch::autograd::Function<SlightlyWrongSquare> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 const torch::autograd::variable_list& dy) {
    return {2 * (1 + 1e-6) * ctx->get_saved_variables()[0] * dy[0]};
  }
};

TEST_F(Gradient, CheckFailsOnASmallErrorAndOnACorner) {
  const auto square = [](const std::vector<Tensor>& v) { return v[0].square(); };
  EXPECT_TRUE(test::gradcheck(square, {variable({5})}));
  const auto wrong = [](const std::vector<Tensor>& v) { return SlightlyWrongSquare::apply(v[0]); };
  EXPECT_FALSE(test::gradcheck(wrong, {variable({5})}));
  const auto corner = [](const std::vector<Tensor>& v) { return v[0].abs(); };
  EXPECT_FALSE(test::gradcheck(corner, {torch::full({1}, 1e-4, torch::kFloat64).requires_grad_()}));
}

}  // namespace
}  // namespace norma
