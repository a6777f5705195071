// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// parallel: the sub-layers of a block read one normalised stream, side by side.
//
//   a block:  x = x + A(N(x)) + F(N(x)), with cross-attention + C(N(x)), one N for all
//   after the last block:  x = N(x)
//
// Source: Wang and Komatsuzaki 2021 (GPT-J); Chowdhery et al. 2022 (PaLM), section 2. Start:
// nothing of its own. Final norm: yes, as Pre-LN.

#include "models/placement.h"

namespace norma::models {
namespace {

class Parallel : public Placement {
 public:
  explicit Parallel(const PlacementOptions& options) : Placement(options, true) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      norms_.push_back(add_norm(layer, "entry", options.d_model));
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    const torch::Tensor entry = norms_[layer].forward(stream.x);
    for (const Sublayer& sublayer : sublayers) stream.x = stream.x + sublayer.f(entry);
  }

 private:
  std::vector<Norm> norms_;
};

}  // namespace

const PlacementInfo kPlacementParallel = {
    .name = "parallel",
    .equation = "x = x + A(N(x)) + F(N(x))",
    .source = "GPT-J 2021; Chowdhery et al. 2022 (PaLM)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "1",
    .drawing =
        "        ┌─ A ─┐\n"
        "x ─┬─ N ┴─ F ─┴ + ─ x\n"
        "   └────────────┘",
    .make = make_placement_of<Parallel>,
};

}  // namespace norma::models
