// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// torch's autograd through its rms_norm, which has no backward kernel on the CPU. The graph is
// built beforehand and kept, so that the backward pass alone is timed, the engine's walk over a
// dozen nodes included.

#include "bench/harness/peer.h"
#include "bench/harness/torch_tensors.h"

namespace norma::bench {
namespace {

class Torch : public Peer {
 public:
  explicit Torch(const Problem& p) : p_(p), weight_(as_vector(p.weight).requires_grad_()) {
    for (const RowSet& s : p.sets) {
      const torch::Tensor x = as_matrix(p, s.x).requires_grad_();
      sets_.push_back({x, as_matrix(p, s.dy), at::rms_norm(x, {p.cols}, weight_, p.eps)});
    }
  }

  void run(size_t set) override {
    const Tensors& t = sets_[set];
    gradients_ = torch::autograd::grad({t.y}, {t.x, weight_}, {t.dy}, /*retain_graph=*/true);
  }
  Answer answer(size_t) override {
    return {.dx = gradients_[0].const_data_ptr(), .dweight = gradients_[1].const_data_ptr<float>()};
  }

 private:
  struct Tensors {
    torch::Tensor x, dy, y;
  };
  const Problem& p_;
  torch::Tensor weight_;
  std::vector<Tensors> sets_;
  torch::autograd::variable_list gradients_;
};

}  // namespace

std::unique_ptr<Peer> rms_norm_backward::make_torch(const Problem& problem) {
  return std::make_unique<Torch>(problem);
}

}  // namespace norma::bench
