// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/lstm_training/lstm.h"
#include "torch_ops/lstm.h"

namespace norma::bench::lstm_training {
namespace {

using torch::Tensor;

class Norma : public LstmPeer {
 public:
  Norma(SharedProblem problem, SharedTruth truth)
      : LstmPeer("norma", std::move(truth)), p_(std::move(problem)) {
    const NormSpec spec{NormKind::kLayerNorm, 1e-5};
    x_ = leaf(p_->x_TBH);
    weight_x_ = leaf(p_->weight_x);
    parameters_ = {.weight_GH = leaf(p_->weight_h),
                   .bias_G = leaf(p_->bias),
                   .x = {spec, leaf(p_->gain_x), leaf(p_->shift_x)},
                   .h = {spec, leaf(p_->gain_h), leaf(p_->shift_h)},
                   .c = {spec, leaf(p_->gain_c), leaf(p_->shift_c)}};
  }

  void run(size_t) override {
    const auto& p = parameters_;
    const Tensor zeros = torch::zeros({p_->shape.texts, p_->shape.units});
    const Tensor share = at::linear(x_, weight_x_);
    const Tensor y = torch_ops::lstm(share, zeros, zeros, p).h_TBH;
    results_ = torch::autograd::grad({y},
                                     {x_, weight_x_, p.weight_GH, p.bias_G, p.x.weight, p.x.bias,
                                      p.h.weight, p.h.bias, p.c.weight, p.c.bias},
                                     {p_->dy_TBH});
    results_.insert(results_.begin(), y.detach());
  }

 private:
  static Tensor leaf(const Tensor& t) { return t.detach().clone().requires_grad_(); }

  const SharedProblem p_;
  Tensor x_, weight_x_;
  torch_ops::LstmParameters parameters_;
};

}  // namespace

std::unique_ptr<ModelPeer> make_norma(SharedProblem problem, SharedTruth truth) {
  return std::make_unique<Norma>(std::move(problem), std::move(truth));
}

}  // namespace norma::bench::lstm_training
