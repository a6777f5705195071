// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// mix: Mix-LN, Post-LN in the first quarter of the blocks and Pre-LN after.
//
//   each sub-layer f of block l = 1..L:  x = N(x + f(x)) for l <= L/4,  x = x + f(N(x)) for the
//     others
//   after the last block:  x = N(x)
//
// Source: Li et al. 2024 (Mix-LN), section 3, with its share of 0.25. Start: nothing of its own.
// Final norm: yes. With fewer than four blocks it would be Pre-LN, and is refused.

#include "models/placement.h"

namespace norma::models {
namespace {

class Mix : public Placement {
 public:
  explicit Mix(const PlacementOptions& options)
      : Placement(options, true), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    torch::Tensor& x = stream.x;
    for (size_t i = 0; i < sublayers.size(); ++i) {
      Norm& norm = norms_[layer][i];
      if (layer < options_.layers / 4) {
        x = norm.forward(x + sublayers[i].f(x));
      } else {
        x = x + sublayers[i].f(norm.forward(x));
      }
    }
  }

  static std::string refusal(const ModelConfig& config) {
    const bool bert = config.family == "bert", encdec = config.family == "encdec";
    const int64_t depth = bert ? config.encoder_layers : config.decoder_layers;
    if (depth >= 4 && (!encdec || config.encoder_layers >= 4)) return "";
    return "needs at least 4 blocks in each stack: with fewer no quarter is Post-LN, and it is "
           "\"pre\"";
  }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementMix = {
    .name = "mix",
    .equation = "x = N(x + f(x)) for l <= L/4; x = x + f(N(x)) after",
    .source = "Li et al. 2024 (Mix-LN)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "2",
    .drawing =
        "x ─┬─ f ─ + ─ N ─ x  (first quarter)    x ─┬─ N ─ f ─ + ─ x  (the others)\n"
        "   └──────┘                                └──────────┘",
    .make = make_placement_of<Mix>,
    .refusal = Mix::refusal,
    .also = "mix-ln",
};

}  // namespace norma::models
