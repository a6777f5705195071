// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// DyT and Derf of the core, which stand where a norm stands, as differentiable functions of
// tensors, and their modules.
//
// x, normalized_shape, weight, bias, the result and errors: as in functional.h. alpha and shift:
// one element each, of x's type, or f32 where x is bf16 or f16, read once a call; their gradients
// have their type.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace norma::torch_ops {

// tanh(alpha x) weight + bias (Zhu et al. 2025, arXiv 2503.10622).
torch::Tensor dyt(const torch::Tensor& x, at::IntArrayRef normalized_shape,
                  const torch::Tensor& alpha, const torch::Tensor& weight = {},
                  const torch::Tensor& bias = {});

// erf(alpha x + shift) weight + bias (arXiv 2512.10938).
torch::Tensor derf(const torch::Tensor& x, at::IntArrayRef normalized_shape,
                   const torch::Tensor& alpha, const torch::Tensor& shift,
                   const torch::Tensor& weight = {}, const torch::Tensor& bias = {});

struct PointwiseOptions {
  PointwiseOptions(std::vector<int64_t> shape) : normalized_shape_(std::move(shape)) {}  // NOLINT
  TORCH_ARG(std::vector<int64_t>, normalized_shape);
  TORCH_ARG(double, alpha) = 0.5;  // at the start
  TORCH_ARG(bool, elementwise_affine) = true;
};

class DyTImpl : public torch::nn::Cloneable<DyTImpl> {
 public:
  explicit DyTImpl(PointwiseOptions options);
  void reset() override;
  void reset_parameters();  // alpha as in the options, weight 1, bias 0
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x);

  PointwiseOptions options;
  torch::Tensor alpha, weight, bias;  // the last two undefined where there is none
};
TORCH_MODULE(DyT);

class DerfImpl : public torch::nn::Cloneable<DerfImpl> {
 public:
  explicit DerfImpl(PointwiseOptions options);
  void reset() override;
  void reset_parameters();  // alpha as in the options, shift 0, weight 1, bias 0
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x);

  PointwiseOptions options;
  torch::Tensor alpha, shift, weight, bias;
};
TORCH_MODULE(Derf);

}  // namespace norma::torch_ops
