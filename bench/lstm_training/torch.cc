// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// at::lstm, by oneDNN where torch has it. Its gates stand in the order i, f, g, o, and it has two
// biases that are added.

#include "bench/lstm_training/lstm.h"

namespace norma::bench::lstm_training {
namespace {

using torch::Tensor;

// From f, i, o, g to torch's order, and back: the exchange of two pairs is its own inverse.
Tensor reordered(const Tensor& t) {
  const auto part = t.chunk(4);
  return torch::cat({part[1], part[0], part[3], part[2]});
}

class Torch : public LstmPeer {
 public:
  Torch(SharedProblem problem, SharedTruth truth)
      : LstmPeer("torch", std::move(truth)), p_(std::move(problem)) {
    const auto leaf = [](const Tensor& t) { return t.detach().clone().requires_grad_(); };
    x_ = leaf(p_->x_TBH);
    weights_ = {leaf(reordered(p_->weight_x)), leaf(reordered(p_->weight_h)),
                leaf(reordered(p_->bias)), leaf(torch::zeros_like(p_->bias))};
  }

  void run(size_t) override {
    const Tensor zeros = torch::zeros({1, p_->shape.texts, p_->shape.units});
    const Tensor y = std::get<0>(at::lstm(x_, {zeros, zeros}, weights_, /*has_biases=*/true,
                                          /*num_layers=*/1, /*dropout=*/0.0, /*train=*/true,
                                          /*bidirectional=*/false, /*batch_first=*/false));
    const auto gradients = torch::autograd::grad(
        {y}, {x_, weights_[0], weights_[1], weights_[2], weights_[3]}, {p_->dy_TBH});
    results_ = {y.detach(), gradients[0], gradients[1], gradients[2], gradients[3]};
  }
  Status check() const override {
    std::vector<Tensor> ours = results_;
    for (size_t i = 2; i < ours.size(); ++i) ours[i] = reordered(ours[i]);
    return check_results(ours);
  }

 private:
  const SharedProblem p_;
  Tensor x_;
  std::vector<Tensor> weights_;
};

}  // namespace

std::unique_ptr<ModelPeer> make_torch(SharedProblem problem, SharedTruth truth) {
  return std::make_unique<Torch>(std::move(problem), std::move(truth));
}

}  // namespace norma::bench::lstm_training
