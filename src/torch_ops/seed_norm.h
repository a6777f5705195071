// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm of the core (Cai et al. 2025, arXiv 2510.22777) as a differentiable function of tensors,
// and its module.
//
// x, normalized_shape, the result and errors: as in functional.h. alpha, beta, gamma:
// normalized_shape each, all of one type, x's, or f32 where x is bf16 or f16; their gradients have
// it.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace norma::torch_ops {

// (tanh(sum(x beta)) alpha + gamma) x / sqrt(mean(x^2) + eps).
torch::Tensor seed_norm(const torch::Tensor& x, at::IntArrayRef normalized_shape,
                        const torch::Tensor& alpha, const torch::Tensor& beta,
                        const torch::Tensor& gamma, double eps = 1e-6);

struct SeedNormOptions {
  SeedNormOptions(std::vector<int64_t> shape) : normalized_shape_(std::move(shape)) {}  // NOLINT
  TORCH_ARG(std::vector<int64_t>, normalized_shape);
  TORCH_ARG(double, eps) = 1e-6;
};

class SeedNormImpl : public torch::nn::Cloneable<SeedNormImpl> {
 public:
  explicit SeedNormImpl(SeedNormOptions options);
  void reset() override;
  void reset_parameters();  // alpha 1, beta 0, gamma 1: RMSNorm
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x);

  SeedNormOptions options;
  torch::Tensor alpha, beta, gamma;
};
TORCH_MODULE(SeedNorm);

}  // namespace norma::torch_ops
