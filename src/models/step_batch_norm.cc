// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/step_batch_norm.h"

#include <algorithm>

#include "torch_ops/batch_norm.h"

namespace norma::models {

StepBatchNorm::StepBatchNorm(int64_t width, int64_t positions, double eps, bool shift)
    : eps_(eps) {
  weight_ = register_parameter("weight", torch::full({width}, 0.1));
  if (shift) bias_ = register_parameter("bias", torch::zeros({width}));
  running_mean_ = register_buffer("running_mean", torch::zeros({positions, width}));
  running_var_ = register_buffer("running_var", torch::ones({positions, width}));
  steps_ = register_buffer("steps", torch::zeros({1}));
}

torch::Tensor StepBatchNorm::forward(const torch::Tensor& x_BC, int64_t position) {
  const auto seen = static_cast<int64_t>(steps_.item<double>());
  if (is_training() && position >= seen && position < running_mean_.size(0)) {
    steps_.fill_(static_cast<double>(position + 1));
  }
  if (is_training() && position >= running_mean_.size(0)) {
    return torch_ops::batch_norm(x_BC, weight_, bias_, {}, {}, {.eps = eps_});
  }
  const int64_t row = is_training() ? position : std::min(position, std::max<int64_t>(seen - 1, 0));
  return torch_ops::batch_norm(x_BC, weight_, bias_, running_mean_[row], running_var_[row],
                               {.training = is_training(), .eps = eps_});
}

}  // namespace norma::models
