// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// peri: a norm at the entry and one at the exit of each sub-layer: Sandwich-LN, Peri-LN, Gemma.
//
//   before the first block, peri_embedding alone:  x = N(x)
//   each sub-layer f:  x = x + N(f(N(x)))
//   after the last block:  x = N(x)
//
// Source: Ding et al. 2021 (CogView), section 2.4; Gemma 2 2024; Kim et al. 2025 (Peri-LN), section
// 3, whose norm of the embedding is optional. Start: nothing of its own. Final norm: yes.

#include "models/placement.h"

namespace norma::models {
namespace {

template <bool kEmbedding>
class Peri : public Placement {
 public:
  explicit Peri(const PlacementOptions& options)
      : Placement(options, true),
        entry_(add_norm_per_sublayer()),
        exit_(add_norm_per_sublayer("_out")) {
    if (kEmbedding) embedding_ = add_norm(0, "embedding", options.d_model);
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    if (kEmbedding && layer == 0) stream.x = embedding_.forward(stream.x);
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor f = sublayers[i].f(entry_[layer][i].forward(stream.x));
      stream.x = stream.x + exit_[layer][i].forward(f);
    }
  }

 private:
  std::vector<std::vector<Norm>> entry_, exit_;
  Norm embedding_;
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
    .make = make_placement_of<Peri<false>>,
    .also = "peri-ln, sandwich, sandwich-ln, gemma, gemma2, gemma3",
};

const PlacementInfo kPlacementPeriEmbedding = {
    .name = "peri_embedding",
    .equation = "x = N(x) once, of the embedding; x = x + N(f(N(x)))",
    .source = "Kim et al. 2025 (Peri-LN)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "4, and 1 in all",
    .drawing =
        "embedding ─ N ─ x ─┬─ N ─ f ─ N ─ + ─ x\n"
        "                   └──────────────┘",
    .make = make_placement_of<Peri<true>>,
};

}  // namespace norma::models
