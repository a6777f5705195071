// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What one writes first: Norma's norms, torch's operations, and a node of the graph for each.

#include "bench/lstm_training/lstm.h"
#include "torch_ops/functional.h"

namespace norma::bench::lstm_training {
namespace {

using torch::Tensor;

class Composed : public LstmPeer {
 public:
  Composed(SharedProblem problem, SharedTruth truth)
      : LstmPeer("composed", std::move(truth)), p_(std::move(problem)) {
    for (const Tensor& t : {p_->x_TBH, p_->weight_x, p_->weight_h, p_->bias, p_->gain_x,
                            p_->shift_x, p_->gain_h, p_->shift_h, p_->gain_c, p_->shift_c}) {
      leaves_.push_back(t.detach().clone().requires_grad_());
    }
  }

  void run(size_t) override {
    const auto norm = [&](const Tensor& v, size_t gain) {
      return torch_ops::layer_norm(v, leaves_[gain].sizes(), leaves_[gain], leaves_[gain + 1]);
    };
    const Tensor share = norm(at::linear(leaves_[0], leaves_[1]), 4) + leaves_[3];
    Tensor h = torch::zeros({p_->shape.texts, p_->shape.units}), c = h;
    std::vector<Tensor> all;
    for (const Tensor& at : share.unbind(0)) {
      const auto part = (at + norm(at::linear(h, leaves_[2]), 6)).chunk(4, -1);
      c = part[0].sigmoid() * c + part[1].sigmoid() * part[3].tanh();
      h = part[2].sigmoid() * norm(c, 8).tanh();
      all.push_back(h);
    }
    const Tensor y = torch::stack(all);
    results_ = torch::autograd::grad({y}, leaves_, {p_->dy_TBH});
    results_.insert(results_.begin(), y.detach());
  }

 private:
  const SharedProblem p_;
  std::vector<Tensor> leaves_;
};

}  // namespace

std::unique_ptr<ModelPeer> make_composed(SharedProblem problem, SharedTruth truth) {
  return std::make_unique<Composed>(std::move(problem), std::move(truth));
}

}  // namespace norma::bench::lstm_training
