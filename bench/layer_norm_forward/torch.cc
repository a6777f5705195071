// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// torch's CPU kernel itself, into outputs that exist: at::native_layer_norm_out would compute into
// fresh tensors and copy them, and at::native_layer_norm would allocate.

#include "bench/harness/peer.h"
#include "bench/harness/torch_kernels.h"
#include "bench/harness/torch_tensors.h"

namespace norma::bench {
namespace {

class Torch : public Peer {
 public:
  explicit Torch(const Problem& p) : p_(p), weight_(as_vector(p.weight)), bias_(as_vector(p.bias)) {
    for (const RowSet& s : p.sets) {
      sets_.push_back(
          {as_matrix(p, s.x), as_matrix(p, s.y), as_vector(s.mean_hi), as_vector(s.rstd)});
    }
  }

  void run(size_t set) override {
    Tensors& t = sets_[set];
    at::native::LayerNormKernel(at::kCPU, t.x, weight_, bias_, p_.rows, p_.cols, p_.eps, &t.y,
                                &t.mean, &t.rstd);
  }
  Answer answer(size_t set) override { return {.y = p_.sets[set].y.bytes()}; }

 private:
  struct Tensors {
    torch::Tensor x, y, mean, rstd;
  };
  const Problem& p_;
  const torch::Tensor weight_, bias_;
  std::vector<Tensors> sets_;
};

}  // namespace

std::unique_ptr<Peer> layer_norm_forward::make_torch(const Problem& problem) {
  return std::make_unique<Torch>(problem);
}

}  // namespace norma::bench
