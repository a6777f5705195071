// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/adam.h"

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>

#include <set>

namespace norma::lab {

Adam::Adam(const torch::nn::Module& model, const TrainingRecipe& train)
    : decoupled_(train.optimizer == "adamw"),
      beta1_(train.beta1),
      beta2_(train.beta2),
      eps_(train.adam_eps),
      weight_decay_(train.weight_decay),
      clip_(train.clip) {
  std::set<const at::TensorImpl*> seen;
  for (const auto& item : model.named_parameters()) {
    if (!seen.insert(item.value().unsafeGetTensorImpl()).second) continue;
    const torch::Tensor zeros = torch::zeros_like(item.value(), torch::MemoryFormat::Contiguous);
    parameters_.push_back({item.key(), item.value(), zeros, zeros.clone()});
  }
}

void Adam::step(double lr) {
  torch::NoGradGuard no_grad;
  ++steps_;
  const torch::Tensor count = torch::full({}, static_cast<float>(steps_));
  std::vector<torch::Tensor> values, gradients, exp_avgs, exp_avg_sqs, counts;
  for (Parameter& p : parameters_) {
    if (!p.value.grad().defined()) continue;
    values.push_back(p.value);
    gradients.push_back(p.value.grad());
    exp_avgs.push_back(p.exp_avg);
    exp_avg_sqs.push_back(p.exp_avg_sq);
    counts.push_back(count);
  }
  if (clip_ > 0) torch::nn::utils::clip_grad_norm_(values, clip_);
  const auto fused = decoupled_ ? at::_ops::_fused_adamw_::call : at::_ops::_fused_adam_::call;
  fused(values, gradients, exp_avgs, exp_avg_sqs, {}, counts, lr, beta1_, beta2_, weight_decay_,
        eps_, /*amsgrad=*/false, /*maximize=*/false, {}, {});
  for (Parameter& p : parameters_) p.value.mutable_grad().reset();
}

}  // namespace norma::lab
