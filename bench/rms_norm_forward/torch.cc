// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// torch's rms_norm as a user calls it. On the CPU it is a chain of pointwise operations and a mean,
// with fresh tensors in between; no form of it writes to an output that exists.

#include "bench/harness/peer.h"
#include "bench/harness/torch_tensors.h"

namespace norma::bench {
namespace {

class Torch : public Peer {
 public:
  explicit Torch(const Problem& p) : p_(p), weight_(as_vector(p.weight)) {
    for (const RowSet& s : p.sets) x_.push_back(as_matrix(p, s.x));
  }

  void run(size_t set) override {
    const torch::NoGradGuard no_grad;
    y_ = at::rms_norm(x_[set], {p_.cols}, weight_, p_.eps);
  }
  Answer answer(size_t) override { return {.y = y_.const_data_ptr()}; }

 private:
  const Problem& p_;
  const torch::Tensor weight_;
  std::vector<torch::Tensor> x_;
  torch::Tensor y_;
};

}  // namespace

std::unique_ptr<Peer> rms_norm_forward::make_torch(const Problem& problem) {
  return std::make_unique<Torch>(problem);
}

}  // namespace norma::bench
