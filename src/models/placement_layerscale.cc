// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// layerscale: Pre-LN whose branches begin small, one learned factor a feature.
//
//   each sub-layer f:  x = x + D f(N(x)), D = diag(d), d begins as e
//   e = 0.1 to 18 blocks, 1e-5 to 24, 1e-6 beyond
//   after the last block:  x = N(x)
//
// Source: Touvron et al. 2021 (CaiT), section 2. Final norm: yes.

#include "models/placement.h"

namespace norma::models {
namespace {

class Layerscale : public Placement {
 public:
  explicit Layerscale(const PlacementOptions& options)
      : Placement(options, true),
        norms_(add_norm_per_sublayer()),
        scales_(add_scale_per_sublayer(torch::full({options.d_model}, start(options.layers)))) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor f = sublayers[i].f(norms_[layer][i].forward(stream.x));
      stream.x = stream.x + scales_[layer][i] * f;
    }
  }

 private:
  static double start(int64_t layers) { return layers <= 18 ? 0.1 : layers <= 24 ? 1e-5 : 1e-6; }

  std::vector<std::vector<Norm>> norms_;
  std::vector<std::vector<torch::Tensor>> scales_;
};

}  // namespace

const PlacementInfo kPlacementLayerscale = {
    .name = "layerscale",
    .equation = "x = x + d ⊙ f(N(x))",
    .source = "Touvron et al. 2021 (CaiT)",
    .start = "d = 0.1 to 18 blocks, 1e-5 to 24, 1e-6 beyond",
    .final_norm = "N(x)",
    .cost = "2",
    .drawing =
        "x ─┬─ N ─ f ─ d ─ + ─ x\n"
        "   └──────────────┘",
    .make = make_placement_of<Layerscale>,
    .also = "cait",
};

}  // namespace norma::models
