// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// b2t: Post-LN with a connection from the bottom of a block to the sum at its top.
//
//   a block:  y = N(x + A(x));  with cross-attention y = N(y + C(y));  x = N(x + y + F(y))
//
// Source: Takase et al. 2022, section 4. Start: nothing of its own. Final norm: none, the last sub-
// layer ends in one.

#include "models/placement.h"

namespace norma::models {
namespace {

class B2t : public Placement {
 public:
  explicit B2t(const PlacementOptions& options)
      : Placement(options, false), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    const torch::Tensor bottom = stream.x;
    for (size_t i = 0; i < sublayers.size(); ++i) {
      torch::Tensor sum = stream.x + sublayers[i].f(stream.x);
      if (i + 1 == sublayers.size()) sum = sum + bottom;
      stream.x = norms_[layer][i].forward(sum);
    }
  }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementB2t = {
    .name = "b2t",
    .equation = "y = N(x + A(x)); x = N(x + y + F(y))",
    .source = "Takase et al. 2022 (B2T)",
    .start = "",
    .final_norm = "",
    .cost = "2",
    .drawing =
        "   ┌──────────────────────┐\n"
        "x ─┼─ A ─ + ─ N ─ y ─ F ─ + ─ N ─ x\n"
        "   └──────┘       └───────┘",
    .make = make_placement_of<B2t>,
};

}  // namespace norma::models
