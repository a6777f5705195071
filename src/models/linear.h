// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A matrix, with or without a bias, that draws nothing when it is made: values come from init.h, or
// from a file.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace norma::models {

// While one lives, the matrices that its thread makes have a shape and no memory, and are to be
// given some by set_data(): for a model whose values come from a file.
class UnsetMatrices {
 public:
  explicit UnsetMatrices(bool unset) : before_(active_) { active_ = unset; }
  ~UnsetMatrices() { active_ = before_; }
  UnsetMatrices(const UnsetMatrices&) = delete;
  UnsetMatrices& operator=(const UnsetMatrices&) = delete;

  static bool active() { return active_; }

 private:
  static inline thread_local bool active_ = false;
  const bool before_;
};

class Linear : public torch::nn::Module {
 public:
  Linear(int64_t in, int64_t out, bool with_bias)
      : weight(register_parameter("weight", UnsetMatrices::active()
                                                ? torch::empty({1, 1}).expand({out, in})
                                                : torch::zeros({out, in}))) {
    if (with_bias) bias = register_parameter("bias", torch::zeros({out}));
  }
  torch::Tensor forward(const torch::Tensor& x) const {
    if (torch::GradMode::is_enabled() || x.numel() != weight.size(1)) {
      return at::linear(x, weight, bias);
    }
    // One row, as in each step of decoding: a product of matrices would cost twice as much before
    // it begins, and MKL would divide even a small one among threads.
    const torch::Tensor row = x.reshape({-1});
    const torch::Tensor y = bias.defined() ? at::addmv(bias, weight, row) : at::mv(weight, row);
    std::vector<int64_t> sizes = x.sizes().vec();
    sizes.back() = y.size(0);
    return y.view(sizes);
  }

  torch::Tensor weight;  // (out, in)
  torch::Tensor bias;    // (out), undefined where there is none
};

}  // namespace norma::models
