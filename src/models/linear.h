// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A matrix, with or without a bias, that draws nothing when it is made: values come from init.h.
#pragma once

#include <torch/torch.h>

namespace norma::models {

class Linear : public torch::nn::Module {
 public:
  Linear(int64_t in, int64_t out, bool with_bias)
      : weight(register_parameter("weight", torch::zeros({out, in}))) {
    if (with_bias) bias = register_parameter("bias", torch::zeros({out}));
  }
  torch::Tensor forward(const torch::Tensor& x) const { return at::linear(x, weight, bias); }

  torch::Tensor weight;  // (out, in)
  torch::Tensor bias;    // (out), undefined where there is none
};

}  // namespace norma::models
