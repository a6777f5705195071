// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/adam.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/torch_golden.h"

namespace norma::lab {
namespace {

struct Pair : torch::nn::Module {
  Pair() {
    torch::manual_seed(3);
    a = register_parameter("a", torch::randn({3, 5}));
    b = register_parameter("b", torch::randn({4}));
    unused = register_parameter("unused", torch::ones({2}));
  }
  torch::Tensor loss() const { return (a.square().sum() * 3 + b.pow(3).sum()) * 0.7; }
  torch::Tensor a, b, unused;
};

// Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2. One element, float64.
class Reference {
 public:
  Reference(const TrainingRecipe& train, double value) : t_(train), value_(value) {}
  double step(double gradient, double lr) {
    ++steps_;
    if (t_.optimizer == "adam") gradient += t_.weight_decay * value_;
    if (t_.optimizer == "adamw") value_ -= lr * t_.weight_decay * value_;
    m_ = t_.beta1 * m_ + (1 - t_.beta1) * gradient;
    v_ = t_.beta2 * v_ + (1 - t_.beta2) * gradient * gradient;
    const double m_hat = m_ / (1 - std::pow(t_.beta1, steps_));
    const double v_hat = v_ / (1 - std::pow(t_.beta2, steps_));
    return value_ -= lr * m_hat / (std::sqrt(v_hat) + t_.adam_eps);
  }

 private:
  const TrainingRecipe t_;
  double value_, m_ = 0, v_ = 0;
  int steps_ = 0;
};

TrainingRecipe recipe(const std::string& optimizer, double decay) {
  TrainingRecipe train;
  train.optimizer = optimizer;
  train.weight_decay = decay;
  train.beta2 = 0.98;
  train.adam_eps = 1e-9;
  return train;
}

// Five steps of torch.optim.AdamW, made with another version of it.
TEST(Adam, FiveStepsArePyTorchs) {
  NORMA_SKIP_IF_ABSENT(test::torch_golden_path("adamw5"));
  for (const torch::ScalarType type : {torch::kFloat64, torch::kFloat32}) {
    const test::TorchGolden golden("adamw5", type);
    struct One : torch::nn::Module {
      explicit One(const torch::Tensor& start) { p = register_parameter("p", start); }
      torch::Tensor p;
    } model(golden("p0"));
    TrainingRecipe train = recipe("adamw", 0.1);
    train.beta1 = 0.9;
    train.beta2 = 0.95;
    train.adam_eps = 1e-8;
    Adam adam(model, train);
    for (int step = 0; step < 5; ++step) {
      model.p.mutable_grad() = golden("g" + std::to_string(step));
      adam.step(1e-2);
      const torch::Tensor want = golden("p" + std::to_string(step + 1));
      EXPECT_LT(((model.p - want).abs().max() / want.abs().max()).item<double>(),
                test::golden_tolerance(type))
          << "step " << step;
    }
  }
}

TEST(Adam, FollowsThePapers) {
  for (const auto& [optimizer, decay] :
       std::vector<std::pair<std::string, double>>{{"adam", 0}, {"adam", 0.1}, {"adamw", 0.1}}) {
    Pair model;
    const TrainingRecipe train = recipe(optimizer, decay);
    Adam adam(model, train);
    std::vector<Reference> references;
    for (int64_t i = 0; i < 15; ++i) {
      references.emplace_back(train, model.a.flatten()[i].item<double>());
    }
    for (int step = 1; step <= 5; ++step) {
      const double lr = 0.01 * step;
      model.loss().backward();
      const torch::Tensor gradient = model.a.grad().flatten().clone();
      adam.step(lr);
      for (int64_t i = 0; i < 15; ++i) {
        const double expected = references[i].step(gradient[i].item<double>(), lr);
        // A step moves a value by about lr; float32 keeps 2^-24 of a value near 1, and a handful
        // of roundings a step.
        EXPECT_NEAR(model.a.flatten()[i].item<double>(), expected, 2e-6)
            << optimizer << " step " << step << " element " << i;
      }
    }
    EXPECT_TRUE(torch::equal(model.unused, torch::ones({2}))) << "no gradient, no step";
    EXPECT_EQ(adam.steps(), 5);
    EXPECT_FALSE(model.a.grad().defined()) << "gradients are dropped";
  }
}

TEST(Adam, ClipsTheWholeGradient) {
  // With beta1 = beta2 = 0 the moments are the gradient itself.
  TrainingRecipe train = recipe("adam", 0);
  train.beta1 = 0;
  train.clip = 0.5;
  Pair model;
  Adam adam(model, train);
  model.loss().backward();
  adam.step(0.1);
  double squares = 0;
  for (const Adam::Parameter& p : adam.parameters()) {
    squares += p.exp_avg.square().sum().item<double>();
  }
  EXPECT_NEAR(std::sqrt(squares), 0.5, 1e-4);  // torch divides by norm + 1e-6
}

TEST(Adam, TiedWeightsAreSteppedOnce) {
  struct Tied : torch::nn::Module {
    Tied() {
      a = register_parameter("a", torch::ones({2}));
      inner = register_module("inner", std::make_shared<torch::nn::LinearImpl>(2, 2));
      again = register_module("again", inner);
    }
    torch::Tensor a;
    std::shared_ptr<torch::nn::LinearImpl> inner, again;
  };
  Tied model;
  Adam adam(model, recipe("adam", 0));
  EXPECT_EQ(adam.parameters().size(), 3u) << "a, and one weight and one bias";
}

}  // namespace
}  // namespace norma::lab
