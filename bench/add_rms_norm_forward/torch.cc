// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// torch's add into a sum that exists, then its rms_norm, which is a chain that allocates.

#include "bench/harness/peer.h"
#include "bench/harness/torch_tensors.h"

namespace norma::bench {
namespace {

class Torch : public Peer {
 public:
  explicit Torch(const Problem& p) : p_(p), weight_(as_vector(p.weight)) {
    for (const RowSet& s : p.sets) {
      sets_.push_back({as_matrix(p, s.x), as_matrix(p, s.residual), as_matrix(p, s.sum)});
    }
  }

  void run(size_t set) override {
    const torch::NoGradGuard no_grad;
    Tensors& t = sets_[set];
    at::add_out(t.sum, t.x, t.residual);
    y_ = at::rms_norm(t.sum, {p_.cols}, weight_, p_.eps);
  }
  Answer answer(size_t set) override {
    return {.y = y_.const_data_ptr(), .sum = p_.sets[set].sum.bytes()};
  }

 private:
  struct Tensors {
    torch::Tensor x, residual, sum;
  };
  const Problem& p_;
  const torch::Tensor weight_;
  std::vector<Tensors> sets_;
  torch::Tensor y_;
};

}  // namespace

std::unique_ptr<Peer> add_rms_norm_forward::make_torch(const Problem& problem) {
  return std::make_unique<Torch>(problem);
}

}  // namespace norma::bench
