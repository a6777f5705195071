// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/feed_forward.h"

namespace norma::models {

FeedForward::FeedForward(const FeedForwardOptions& options, InnerNorms inner)
    : activation_(options.activation), inner_(std::move(inner)) {
  w1_ = register_module("w1", std::make_shared<Linear>(options.d_model, options.ffn, options.bias));
  w2_ = register_module("w2", std::make_shared<Linear>(options.ffn, options.d_model, options.bias));
  if (is_gated(activation_)) {
    w3_ =
        register_module("w3", std::make_shared<Linear>(options.d_model, options.ffn, options.bias));
  }
}

torch::Tensor FeedForward::forward(const torch::Tensor& x) const {
  torch::Tensor hidden = w1_->forward(x);
  if (inner_.gate) hidden = inner_.gate(hidden);
  if (activation_ == Activation::kRelu) hidden = hidden.relu();
  if (activation_ == Activation::kGelu) hidden = at::gelu(hidden);
  if (activation_ == Activation::kGeluTanh) hidden = at::gelu(hidden, "tanh");
  if (is_gated(activation_)) {
    torch::Tensor up = w3_->forward(x);
    if (inner_.up) up = inner_.up(up);
    const bool silu = activation_ == Activation::kSwiGlu;
    hidden = (silu ? at::silu(hidden) : at::gelu(hidden, "tanh")) * up;
  }
  if (inner_.hidden) hidden = inner_.hidden(hidden);
  return w2_->forward(hidden);
}

}  // namespace norma::models
