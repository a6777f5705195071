// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// torch's CPU kernel itself, into outputs that exist, for the reason given in the forward task. It
// allocates its own scratch of two rows a thread.

#include "bench/harness/peer.h"
#include "bench/harness/torch_kernels.h"
#include "bench/harness/torch_tensors.h"

namespace norma::bench {
namespace {

class Torch : public Peer {
 public:
  explicit Torch(const Problem& p)
      : p_(p),
        weight_(as_vector(p.weight)),
        dweight_(as_vector(p.dweight)),
        dbias_(as_vector(p.dbias)) {
    for (const RowSet& s : p.sets) {
      sets_.push_back({as_matrix(p, s.x), as_matrix(p, s.dy), as_matrix(p, s.dx),
                       as_vector(s.mean_hi), as_vector(s.rstd)});
    }
  }

  void run(size_t set) override {
    Tensors& t = sets_[set];
    at::native::LayerNormBackwardKernel(at::kCPU, t.dy, t.x, t.mean, t.rstd, weight_, p_.rows,
                                        p_.cols, &t.dx, &dweight_, &dbias_);
  }
  Answer answer(size_t set) override {
    return {.dx = p_.sets[set].dx.bytes(), .dweight = p_.dweight.data(), .dbias = p_.dbias.data()};
  }

 private:
  struct Tensors {
    torch::Tensor x, dy, dx, mean, rstd;
  };
  const Problem& p_;
  const torch::Tensor weight_;
  torch::Tensor dweight_, dbias_;
  std::vector<Tensors> sets_;
};

}  // namespace

std::unique_ptr<Peer> layer_norm_backward::make_torch(const Problem& problem) {
  return std::make_unique<Torch>(problem);
}

}  // namespace norma::bench
