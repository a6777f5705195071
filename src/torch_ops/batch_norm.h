// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm of the core (Ioffe and Szegedy 2015) as a differentiable function of tensors, and its
// module: every feature by the mean and variance of its rows, or, in evaluation, by those that
// training has kept. docs/channel-norms.md has the equations.
#pragma once

#include <torch/torch.h>

namespace norma::torch_ops {

struct BatchNormSettings {
  bool training = true;  // whether the statistics are the batch's, or the running ones
  double momentum = 0.1;  // the share of the batch in new running statistics, as in PyTorch
  double eps = 1e-5;
};

// x: (..., C), f32, f64, bf16 or f16, any strides; a row is what the last dimension holds. weight,
// bias, running_mean and running_var: (C), of x's type, or f32 where x has 16 bits, each undefined
// or not, but that evaluation needs the last two. In training these are written, outside the graph,
// the variance without bias; keep them in f32, as 16 bits forget small changes. mask: bool, the
// shape before C, or undefined: a row where it is false enters no statistics and no gradient,
// whatever it holds, and its result and gradient are 0.
//
// The result is contiguous. Bad arguments, and fewer than two rows that count in training, throw
// c10::Error with the core's message. First derivatives only. The same bits for any number of
// threads.
torch::Tensor batch_norm(const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, const torch::Tensor& running_mean,
                         const torch::Tensor& running_var, const BatchNormSettings& settings = {},
                         const torch::Tensor& mask = {});

struct BatchNormOptions {
  BatchNormOptions(int64_t features) : num_features_(features) {}  // NOLINT
  TORCH_ARG(int64_t, num_features);
  TORCH_ARG(double, eps) = 1e-5;
  TORCH_ARG(double, momentum) = 0.1;
  TORCH_ARG(bool, affine) = true;
};

// Names of parameters and buffers are PyTorch's.
class BatchNormImpl : public torch::nn::Cloneable<BatchNormImpl> {
 public:
  explicit BatchNormImpl(int64_t features) : BatchNormImpl(BatchNormOptions(features)) {}
  explicit BatchNormImpl(BatchNormOptions options);
  void reset() override;  // weight 1, bias 0, running mean 0 and variance 1
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x) { return forward_masked(x, {}); }
  torch::Tensor forward_masked(const torch::Tensor& x, const torch::Tensor& mask);

  BatchNormOptions options;
  torch::Tensor weight, bias;  // undefined where there is none
  torch::Tensor running_mean, running_var;
};
TORCH_MODULE(BatchNorm);

}  // namespace norma::torch_ops
