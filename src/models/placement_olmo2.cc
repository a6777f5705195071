// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// olmo2: the norm at the exit of each sub-layer, none at its entry: res-post-norm.
//
//   each sub-layer f:  x = x + N(f(x))
//   after the last block:  x = N(x)
//
// Source: Liu et al. 2021 (Swin v2), section 3.2; OLMo 2 2024, section 3.2, which has QK-norm over
// the full width with it (qk_norm "full") and starts from N(0, 0.02). It is not Peri-LN: there is
// no norm at the entry. Final norm: yes.

#include "models/placement.h"

namespace norma::models {
namespace {

class Olmo2 : public Placement {
 public:
  explicit Olmo2(const PlacementOptions& options)
      : Placement(options, true), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = stream.x + norms_[layer][i].forward(sublayers[i].f(stream.x));
    }
  }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementOlmo2 = {
    .name = "olmo2",
    .equation = "x = x + N(f(x))",
    .source = "Liu et al. 2021 (Swin v2); OLMo 2 2024",
    .start = "",
    .final_norm = "N(x)",
    .cost = "2",
    .drawing =
        "x ─┬─ f ─ N ─ + ─ x\n"
        "   └──────────┘",
    .make = make_placement_of<Olmo2>,
    .also = "res-post, swin-v2",
};

}  // namespace norma::models
