// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Position-wise feed-forward network: act(x W1 + b1) W2 + b2 (Vaswani et al. 2017, section 3.3), or
// SwiGLU, (SiLU(x W1) * (x W3)) W2, or GeGLU, the same with GELU (Shazeer 2020). GELU is x times
// the normal distribution function, or its approximation by tanh (Hendrycks and Gimpel 2016).
#pragma once

#include <torch/torch.h>

#include <memory>

#include "models/linear.h"
#include "models/placement.h"

namespace norma::models {

enum class Activation { kRelu, kGelu, kGeluTanh, kSwiGlu, kGeGluTanh };
constexpr bool is_gated(Activation activation) {
  return activation == Activation::kSwiGlu || activation == Activation::kGeGluTanh;
}

struct FeedForwardOptions {
  int64_t d_model = 0;
  int64_t ffn = 0;
  Activation activation = Activation::kRelu;
  bool bias = true;
};

class FeedForward : public torch::nn::Module {
 public:
  FeedForward(const FeedForwardOptions& options, InnerNorms inner);
  torch::Tensor forward(const torch::Tensor& x) const;
  const torch::Tensor& output_weight() const { return w2_->weight; }

 private:
  const Activation activation_;
  const InnerNorms inner_;
  std::shared_ptr<Linear> w1_, w2_, w3_;
};

}  // namespace norma::models
