// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// torch has no kernel for both: its add into a sum that exists, then its kernel on that.

#include "bench/harness/peer.h"
#include "bench/harness/torch_kernels.h"
#include "bench/harness/torch_tensors.h"

namespace norma::bench {
namespace {

class Torch : public Peer {
 public:
  explicit Torch(const Problem& p) : p_(p), weight_(as_vector(p.weight)), bias_(as_vector(p.bias)) {
    for (const RowSet& s : p.sets) {
      sets_.push_back({as_matrix(p, s.x), as_matrix(p, s.residual), as_matrix(p, s.sum),
                       as_matrix(p, s.y), as_vector(s.mean_hi), as_vector(s.rstd)});
    }
  }

  void run(size_t set) override {
    const torch::NoGradGuard no_grad;
    Tensors& t = sets_[set];
    at::add_out(t.sum, t.x, t.residual);
    at::native::LayerNormKernel(at::kCPU, t.sum, weight_, bias_, p_.rows, p_.cols, p_.eps, &t.y,
                                &t.mean, &t.rstd);
  }
  Answer answer(size_t set) override {
    return {.y = p_.sets[set].y.bytes(), .sum = p_.sets[set].sum.bytes()};
  }

 private:
  struct Tensors {
    torch::Tensor x, residual, sum, y, mean, rstd;
  };
  const Problem& p_;
  const torch::Tensor weight_, bias_;
  std::vector<Tensors> sets_;
};

}  // namespace

std::unique_ptr<Peer> add_layer_norm_forward::make_torch(const Problem& problem) {
  return std::make_unique<Torch>(problem);
}

}  // namespace norma::bench
