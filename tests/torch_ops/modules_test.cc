// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "torch_ops/functional.h"

namespace norma::torch_ops {
namespace {

std::vector<std::string> parameter_names(const torch::nn::Module& module) {
  return module.named_parameters().keys();
}

std::string printed(const torch::nn::Module& module) {
  std::ostringstream stream;
  module.pretty_print(stream);
  return stream.str();
}

TEST(Modules, HaveTheParametersOfPyTorch) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(parameter_names(*LayerNorm(std::vector<int64_t>{4})), ElementsAre("weight", "bias"));
  EXPECT_THAT(parameter_names(*LayerNorm(LayerNormOptions({4}).bias(false))),
              ElementsAre("weight"));
  EXPECT_THAT(parameter_names(*LayerNorm(LayerNormOptions({4}).elementwise_affine(false))),
              IsEmpty());
  EXPECT_THAT(parameter_names(*RMSNorm(std::vector<int64_t>{4})), ElementsAre("weight"));
  EXPECT_THAT(parameter_names(*RMSNorm(RMSNormOptions({4}).elementwise_affine(false))), IsEmpty());

  const LayerNorm norm(std::vector<int64_t>{2, 3});
  EXPECT_TRUE(torch::equal(norm->weight, torch::ones({2, 3})));
  EXPECT_TRUE(torch::equal(norm->bias, torch::zeros({2, 3})));
  EXPECT_TRUE(norm->weight.requires_grad() && norm->bias.requires_grad());
}

TEST(Modules, ResetParametersRestoresTheFirstValues) {
  LayerNorm layer(std::vector<int64_t>{4});
  RMSNorm rms(std::vector<int64_t>{4});
  {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor t : {layer->weight, layer->bias, rms->weight}) t.fill_(7);
  }
  layer->reset_parameters();
  rms->reset_parameters();
  EXPECT_TRUE(torch::equal(layer->weight, torch::ones({4})));
  EXPECT_TRUE(torch::equal(layer->bias, torch::zeros({4})));
  EXPECT_TRUE(torch::equal(rms->weight, torch::ones({4})));
}

TEST(Modules, ForwardIsTheFunctionWithTheOptions) {
  torch::manual_seed(1);
  const auto x = torch::randn({5, 2, 3});
  LayerNorm layer(LayerNormOptions({2, 3}).eps(0.25));
  RMSNorm rms(RMSNormOptions({2, 3}).eps(0.25)), rms_unset(std::vector<int64_t>{2, 3});
  torch::nn::init::normal_(layer->weight);
  torch::nn::init::normal_(layer->bias);
  torch::nn::init::normal_(rms->weight);
  const auto y = torch_ops::layer_norm(x, {2, 3}, layer->weight, layer->bias, 0.25);
  EXPECT_TRUE(torch::equal(layer(x), y));
  EXPECT_TRUE(torch::equal(rms(x), torch_ops::rms_norm(x, {2, 3}, rms->weight, 0.25)));
  EXPECT_TRUE(torch::equal(rms_unset(x), torch_ops::rms_norm(x, {2, 3}, rms_unset->weight)));
}

TEST(Modules, CloneIsDeepAndKeepsTheOptions) {
  LayerNorm layer(LayerNormOptions({4}).eps(0.5).bias(false));
  {
    const torch::NoGradGuard no_grad;
    layer->weight.fill_(3);
  }
  const auto copy = std::dynamic_pointer_cast<LayerNormImpl>(layer->clone());
  ASSERT_TRUE(copy);
  EXPECT_TRUE(torch::equal(copy->weight, layer->weight));
  EXPECT_FALSE(copy->bias.defined());
  EXPECT_EQ(copy->options.eps(), 0.5);
  {
    const torch::NoGradGuard no_grad;
    copy->weight.fill_(4);
  }
  EXPECT_TRUE(torch::equal(layer->weight, torch::full({4}, 3.f)));
  EXPECT_TRUE(torch::equal(copy->parameters()[0], torch::full({4}, 4.f)));

  const auto rms = std::dynamic_pointer_cast<RMSNormImpl>(
      RMSNorm(RMSNormOptions({4}).elementwise_affine(false))->clone());
  ASSERT_TRUE(rms);
  EXPECT_FALSE(rms->weight.defined());
}

TEST(Modules, MoveToAnotherTypeAndTrainInASequence) {
  torch::manual_seed(2);
  torch::nn::Sequential model(torch::nn::Linear(6, 8), LayerNorm(std::vector<int64_t>{8}),
                              torch::nn::Linear(8, 4), RMSNorm(std::vector<int64_t>{4}));
  model->to(torch::kFloat64);
  const auto y = model->forward(torch::randn({3, 6}, torch::kFloat64));
  EXPECT_EQ(y.scalar_type(), torch::kFloat64);
  y.pow(3).sum().backward();
  for (const auto& p : model->named_parameters()) {
    ASSERT_TRUE(p.value().grad().defined()) << p.key();
    EXPECT_GT(p.value().grad().abs().max().item<double>(), 0) << p.key();
  }
}

TEST(Modules, PrintTheirOptions) {
  EXPECT_EQ(printed(*LayerNorm(std::vector<int64_t>{2, 3})),
            "norma::LayerNorm([2, 3], eps=1e-05, elementwise_affine=true, bias=true)");
  EXPECT_EQ(printed(*RMSNorm(std::vector<int64_t>{4})),
            "norma::RMSNorm([4], eps=unset, elementwise_affine=true)");
  EXPECT_EQ(printed(*RMSNorm(RMSNormOptions({4}).eps(1e-6).elementwise_affine(false))),
            "norma::RMSNorm([4], eps=1e-06, elementwise_affine=false)");
}

}  // namespace
}  // namespace norma::torch_ops
