// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/seed_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/gradcheck.h"
#include "torch_ops/functional.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;

class SeedNormTensors : public ::testing::Test {
 protected:
  SeedNormTensors() { torch::manual_seed(4); }
  static Tensor variable(at::IntArrayRef shape) {
    return torch::randn(shape, torch::kFloat64).mul_(0.7).add_(0.2).requires_grad_();
  }
};

TEST_F(SeedNormTensors, GradientsMatchFiniteDifferences) {
  const auto f = [](const std::vector<Tensor>& v) {
    return seed_norm(v[0], {7}, v[1], v[2], v[3]);
  };
  EXPECT_TRUE(test::gradcheck(
      f, {variable({2, 3, 7}), variable({7}), variable({7}), variable({7})}));
  const auto strided = [](const std::vector<Tensor>& v) {
    return seed_norm(v[0].transpose(0, 1), {3}, v[1], v[2], v[3]);
  };
  EXPECT_TRUE(
      test::gradcheck(strided, {variable({3, 4}), variable({3}), variable({3}), variable({3})}));
}

// Ten roundings of f32 of results of at most 10, and dot's own, of 33 terms, times tanh's slope.
TEST_F(SeedNormTensors, IsTheFormula) {
  const Tensor x = torch::randn({50, 33}), alpha = torch::randn({33}),
               beta = torch::randn({33}) / 5, gamma = torch::randn({33});
  const auto f64 = [](const Tensor& t) { return t.to(torch::kFloat64); };
  const Tensor dot = f64(x).matmul(f64(beta)).unsqueeze(-1);
  const Tensor xhat = f64(x) / (f64(x).pow(2).mean(-1, true) + 1e-6).sqrt();
  const Tensor want = (dot.tanh() * f64(alpha) + f64(gamma)) * xhat;
  EXPECT_LT((f64(seed_norm(x, {33}, alpha, beta, gamma)) - want).abs().max().item<double>(), 2e-5);
  const Tensor exact = seed_norm(f64(x), {33}, f64(alpha), f64(beta), f64(gamma));
  EXPECT_LT((exact - want).abs().max().item<double>(), 1e-13);
}

TEST_F(SeedNormTensors, TheModuleBeginsAsRmsNormAndCopies) {
  SeedNorm norm(SeedNormOptions({4}).eps(1e-5));
  EXPECT_THAT(norm->named_parameters().keys(), ::testing::ElementsAre("alpha", "beta", "gamma"));
  const Tensor x = torch::randn({3, 4});
  EXPECT_TRUE(torch::equal(norm(x), rms_norm(x, {4}, torch::ones({4}), 1e-5)));
  const auto copy = std::dynamic_pointer_cast<SeedNormImpl>(norm->clone());
  {
    const torch::NoGradGuard no_grad;
    norm->beta.fill_(2);
  }
  EXPECT_EQ(copy->beta[0].item<float>(), 0);
  std::ostringstream text;
  text << norm;
  EXPECT_EQ(text.str(), "norma::SeedNorm([4], eps=1e-05)");
}

TEST_F(SeedNormTensors, Refusals) {
  const Tensor x = torch::randn({3, 4}), v = torch::ones({4});
  const auto message = [&](const Tensor& alpha, const Tensor& beta) -> std::string {
    try {
      seed_norm(x, {4}, alpha, beta, v);
    } catch (const c10::Error& e) {
      return e.what_without_backtrace();
    }
    return "";
  };
  EXPECT_EQ(message(v, {}), "[seed_norm] beta must be a tensor but is undefined.");
  EXPECT_EQ(message(torch::ones({5}), v), "[seed_norm] alpha must have shape [4] but has [5].");
  EXPECT_EQ(message(v, v.to(torch::kFloat64)),
            "[seed_norm] beta has dtype f64 where x has f32: it must have that.");
  const Tensor a = v.clone().requires_grad_();
  const Tensor gradient =
      torch::autograd::grad({seed_norm(x, {4}, a, v, v).sum()}, {a}, {}, true, true)[0];
  EXPECT_THROW(gradient.sum().backward(), c10::Error);
}

}  // namespace
}  // namespace norma::torch_ops
