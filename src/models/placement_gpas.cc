// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// gpas: Gradient-Preserving Activation Scaling, Pre-LN whose stream is made smaller after each
// sub-layer in the forward pass alone.
//
//   each sub-layer f:  z = x + f(N(x));  x = z - SiLU(g) stopgrad(z), one g a sub-layer
//   after the last block:  x = N(x)
//
// The gradient of z is that of x, as if nothing had been taken off; that of g is
// -SiLU'(g) (dL/dx . z). Source: Chen et al. 2025 (GPAS), section 3. Start: g = 0, where it is
// Pre-LN. Final norm: yes.

#include "models/placement.h"

namespace norma::models {
namespace {

class Gpas : public Placement {
 public:
  explicit Gpas(const PlacementOptions& options)
      : Placement(options, true),
        norms_(add_norm_per_sublayer()),
        gates_(add_scale_per_sublayer(torch::zeros({1}))) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor z =
          stream.x + sublayers[i].f(norms_[layer][i].forward(stream.x));
      stream.x = z - torch::silu(gates_[layer][i]) * z.detach();
    }
  }

 private:
  std::vector<std::vector<Norm>> norms_;
  std::vector<std::vector<torch::Tensor>> gates_;
};

}  // namespace

const PlacementInfo kPlacementGpas = {
    .name = "gpas",
    .equation = "z = x + f(N(x)); x = z - SiLU(g) stopgrad(z)",
    .source = "Chen et al. 2025 (GPAS)",
    .start = "g = 0",
    .final_norm = "N(x)",
    .cost = "2",
    .drawing =
        "x ─┬─ N ─ f ─ + ─ z ─┬──────── - ─ x\n"
        "   └──────────┘      └─ SiLU(g) ┘",
    .make = make_placement_of<Gpas>,
};

}  // namespace norma::models
