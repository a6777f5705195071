// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/pointwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/gradcheck.h"
#include "torch_ops/functional.h"
#include "torch_ops/modules.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;

class Pointwise : public ::testing::Test {
 protected:
  Pointwise() { torch::manual_seed(4); }
  static Tensor variable(at::IntArrayRef shape) {
    return torch::randn(shape, torch::kFloat64).mul_(0.7).add_(0.2).requires_grad_();
  }
};

TEST_F(Pointwise, GradientsMatchFiniteDifferences) {
  for (const bool affine : {false, true}) {
    const auto parameter = [&] { return affine ? variable({7}) : Tensor(); };
    const auto f = [](const std::vector<Tensor>& v) { return dyt(v[0], {7}, v[1], v[2], v[3]); };
    EXPECT_TRUE(test::gradcheck(f, {variable({2, 3, 7}), variable({1}), parameter(), parameter()}));
    const auto g = [](const std::vector<Tensor>& v) {
      return derf(v[0], {7}, v[1], v[2], v[3], v[4]);
    };
    EXPECT_TRUE(test::gradcheck(
        g, {variable({2, 3, 7}), variable({1}), variable({1}), parameter(), parameter()}));
  }
  const auto strided = [](const std::vector<Tensor>& v) {
    return dyt(v[0].transpose(0, 1), {3}, v[1], v[2]);
  };
  EXPECT_TRUE(test::gradcheck(strided, {variable({3, 4}), variable({1}), variable({3})}));
}

// Three roundings of f32 after a function of at most 2 units in the last place.
TEST_F(Pointwise, IsTheFormula) {
  const Tensor x = torch::randn({50, 33}) * 3;
  const Tensor weight = torch::randn({33}), bias = torch::randn({33});
  const Tensor alpha = torch::full({1}, 0.7), shift = torch::full({1}, -0.3);
  const auto error = [](const Tensor& got, const Tensor& want) {
    return (got.to(torch::kFloat64) - want).abs().max().item<double>();
  };
  const auto f64 = [](const Tensor& t) { return t.to(torch::kFloat64); };
  EXPECT_LT(error(dyt(x, {33}, alpha, weight, bias),
                  (f64(alpha) * f64(x)).tanh() * f64(weight) + f64(bias)),
            4e-6);
  EXPECT_LT(error(derf(x, {33}, alpha, shift, weight, bias),
                  (f64(alpha) * f64(x) + f64(shift)).erf() * f64(weight) + f64(bias)),
            4e-6);
}

TEST_F(Pointwise, ModulesBeginAsTheyShouldAndCopy) {
  DyT dyt(PointwiseOptions({4}).alpha(0.8));
  Derf derf{PointwiseOptions({4})};
  EXPECT_THAT(dyt->named_parameters().keys(), ::testing::ElementsAre("alpha", "weight", "bias"));
  EXPECT_THAT(derf->named_parameters().keys(),
              ::testing::ElementsAre("alpha", "shift", "weight", "bias"));
  EXPECT_FLOAT_EQ(dyt->alpha.item<float>(), 0.8f);
  EXPECT_FLOAT_EQ(derf->alpha.item<float>(), 0.5f);
  EXPECT_EQ(derf->shift.item<float>(), 0);
  const Tensor x = torch::randn({3, 4});
  EXPECT_TRUE(torch::equal(dyt(x), torch_ops::dyt(x, {4}, dyt->alpha, dyt->weight, dyt->bias)));
  const auto copy = std::dynamic_pointer_cast<DerfImpl>(derf->clone());
  {
    const torch::NoGradGuard no_grad;
    derf->shift.fill_(2);
  }
  EXPECT_EQ(copy->shift.item<float>(), 0);
  DyT bare(PointwiseOptions({4}).elementwise_affine(false));
  EXPECT_THAT(bare->named_parameters().keys(), ::testing::ElementsAre("alpha"));
  std::ostringstream text;
  bare->pretty_print(text);
  EXPECT_EQ(text.str(), "norma::DyT([4], alpha=0.5, elementwise_affine=false)");
}

// A module that is turned into 16 bits, parameters and all: its result and gradients are those of
// the same numbers in f32, rounded once: within 2^-9 for bf16 and 2^-12 for f16, taken twice.
TEST_F(Pointwise, SixteenBits) {
  for (const auto type : {torch::kBFloat16, torch::kFloat16}) {
    Derf narrow{PointwiseOptions({33})};
    narrow->to(type);
    Derf wide{PointwiseOptions({33})};
    const Tensor x16 = torch::randn({3, 33}).to(type);
    const Tensor x = x16.detach().clone().requires_grad_();
    const Tensor x32 = x16.to(torch::kFloat32).requires_grad_();
    const Tensor dy = torch::randn({3, 33}).to(type);
    const Tensor y = narrow(x), y32 = wide(x32);
    y.backward(dy);
    y32.backward(dy.to(torch::kFloat32));
    EXPECT_EQ(y.scalar_type(), type);
    const double unit = type == torch::kBFloat16 ? 0x1p-8 : 0x1p-11;
    const auto near = [&](const Tensor& got, const Tensor& want, double units) {
      const Tensor error = (got.to(torch::kFloat32) - want).abs();
      EXPECT_LT(error.max().item<double>(), units * unit * want.abs().max().item<double>());
    };
    near(y, y32, 1);
    near(x.grad(), x32.grad(), 1);
    near(narrow->weight.grad(), wide->weight.grad(), 1);
    near(narrow->alpha.grad(), wide->alpha.grad(), 1);
    near(narrow->shift.grad(), wide->shift.grad(), 1);
    EXPECT_EQ(narrow->alpha.grad().scalar_type(), type);
  }
}

TEST_F(Pointwise, BadArgumentsSayWhichAndWhy) {
  const auto message = [](auto f) {
    try {
      f();
    } catch (const c10::Error& error) {
      return std::string(error.what_without_backtrace());
    }
    return std::string("no error");
  };
  using ::testing::HasSubstr;
  const Tensor x = torch::zeros({2, 3}), one = torch::ones({1});
  EXPECT_THAT(message([&] { dyt(x, {4}, one); }), HasSubstr("[dyt] x must have a shape that ends"));
  EXPECT_THAT(message([&] { dyt(x, {3}, torch::ones({2})); }),
              HasSubstr("[dyt] alpha must have one element but has 2"));
  EXPECT_THAT(message([&] { derf(x, {3}, one, {}); }),
              HasSubstr("[derf] shift must be a tensor but is undefined"));
  EXPECT_THAT(message([&] { dyt(x, {3}, one.to(torch::kFloat64)); }),
              HasSubstr("[dyt] alpha must be Float where x is Float but is Double"));
  EXPECT_THAT(message([&] { dyt(x, {3}, one, torch::ones({2})); }),
              HasSubstr("[dyt] weight must have the shape normalized_shape=[3]"));
  const Tensor v = torch::randn({2, 3}).requires_grad_();
  EXPECT_THAT(message([&] {
                const auto first = torch::autograd::grad({dyt(v, {3}, one).sum()}, {v}, {}, true,
                                                         /*create_graph=*/true);
                first[0].sum().backward();
              }),
              HasSubstr("[dyt] has first derivatives only"));
}

TEST_F(Pointwise, L2NormAndPartialRmsNormHaveTheirGradients) {
  const auto scale = [](const std::vector<Tensor>& v) { return l2_norm(v[0], {7}, v[1]); };
  EXPECT_TRUE(test::gradcheck(scale, {variable({2, 3, 7}), variable({1})}));
  EXPECT_TRUE(test::gradcheck(scale, {variable({2, 3, 7}), variable({7})}));
  EXPECT_TRUE(test::gradcheck(scale, {variable({2, 3, 7}), Tensor()}));
  const auto partial = [](const std::vector<Tensor>& v) {
    return rms_norm(v[0], {7}, v[1], 0.25, 3);
  };
  EXPECT_TRUE(test::gradcheck(partial, {variable({2, 3, 7}), variable({7})}));
  const Tensor x = variable({4, 7}).detach();
  const Tensor want = x / (x.narrow(1, 0, 3).square().mean(1, true) + 0.25).sqrt();
  EXPECT_LT((rms_norm(x, {7}, {}, 0.25, 3) - want).abs().max().item<double>(), 1e-14);
}

// It is RMSNorm of the row with its missing element put back.
TEST_F(Pointwise, CRMSNormIsRmsNormOfTheWholeRowAndHasItsGradients) {
  const Tensor x = variable({4, 7}).detach(), gain = variable({7}).detach();
  const Tensor whole = at::cat({x, -x.sum(1, true)}, 1);
  const Tensor want = (whole / (whole.square().mean(1, true) + 0.25).sqrt()).narrow(1, 0, 7) * gain;
  EXPECT_LT((crms_norm(x, {7}, gain, 0.25) - want).abs().max().item<double>(), 1e-14);
  CRMSNorm module{CRMSNormOptions({7}).eps(0.25)};
  module->to(torch::kFloat64);
  EXPECT_LT((module(x) * gain - want).abs().max().item<double>(), 1e-14);
  const auto function = [](const std::vector<Tensor>& v) {
    return crms_norm(v[0], {7}, v[1], 0.25);
  };
  EXPECT_TRUE(test::gradcheck(function, {variable({2, 3, 7}), variable({7})}));
  EXPECT_TRUE(test::gradcheck(function, {variable({2, 3, 7}), Tensor()}));
}

TEST_F(Pointwise, ScaleNormBeginsWithTheRootOfTheWidth) {
  ScaleNorm norm{ScaleNormOptions({16})};
  EXPECT_EQ(norm->weight.item<float>(), 4);
  const Tensor y = norm(torch::randn({5, 16}));
  EXPECT_LT((y.norm(2, 1) - 4).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace norma::torch_ops
