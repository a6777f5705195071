// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Adam and AdamW over torch's fused CPU kernels: one call a step for all parameters, where
// torch::optim makes several a parameter, which for small models costs more than the arithmetic.
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "lab/recipes/recipe.h"

namespace norma::lab {

class Adam {
 public:
  struct Parameter {
    std::string name;
    torch::Tensor value;  // shared with the model
    torch::Tensor exp_avg, exp_avg_sq;
  };

  // A tensor that stands under two names (tied weights) is stepped once, under the first.
  Adam(const torch::nn::Module& model, const TrainingRecipe& train);

  // Clips where the recipe says so, steps with learning rate `lr`, and drops the gradients.
  void step(double lr);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  bool decoupled_;
  double beta1_, beta2_, eps_, weight_decay_, clip_;
  int64_t steps_ = 0;
  std::vector<Parameter> parameters_;
};

}  // namespace norma::lab
