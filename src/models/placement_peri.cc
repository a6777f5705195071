// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// peri: a norm at the entry and one at the exit of each sub-layer: Sandwich-LN, Peri-LN, Gemma.
//
//   each sub-layer f:  x = x + N(f(N(x)))
//   after the last block:  x = N(x)
//
// Source: Ding et al. 2021 (CogView), section 2.4; Gemma 2 2024; Kim et al. 2025 (Peri-LN), section
// 3, whose embedding norm is optional and not part of it here. Start: nothing of its own. Final
// norm: yes.

#include "models/placement.h"

namespace norma::models {
namespace {

class Peri : public Placement {
 public:
  explicit Peri(const PlacementOptions& options)
      : Placement(options, true),
        entry_(add_norm_per_sublayer()),
        exit_(add_norm_per_sublayer("_out")) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor f = sublayers[i].f(entry_[layer][i].forward(stream.x));
      stream.x = stream.x + exit_[layer][i].forward(f);
    }
  }

 private:
  std::vector<std::vector<Norm>> entry_, exit_;
};

}  // namespace

const PlacementInfo kPlacementPeri = {
    .name = "peri",
    .equation = "x = x + N(f(N(x)))",
    .source = "Ding et al. 2021 (Sandwich-LN); Gemma 2 2024; Kim et al. 2025 (Peri-LN)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "4",
    .drawing =
        "x ─┬─ N ─ f ─ N ─ + ─ x\n"
        "   └──────────────┘",
    .make = make_placement_of<Peri>,
};

}  // namespace norma::models
