// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// lns: LayerNorm Scaling, Pre-LN whose norms give less the deeper they stand.
//
//   each sub-layer f of block l = 1..L:  x = x + f(N(x) / sqrt(l))
//   after the last block:  x = N(x)
//
// Source: Sun et al. 2025 ("The Curse of Depth"), section 4. Start: nothing of its own, and not
// with output matrices that are scaled by depth as well (init "gpt2"). Final norm: yes, not scaled.

#include <cmath>

#include "models/placement.h"

namespace norma::models {
namespace {

class Lns : public Placement {
 public:
  explicit Lns(const PlacementOptions& options)
      : Placement(options, true), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    const double factor = 1 / std::sqrt(static_cast<double>(layer + 1));
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = stream.x + sublayers[i].f(norms_[layer][i].forward(stream.x) * factor);
    }
  }

  static std::string refusal(const ModelConfig& config) {
    if (config.init != "gpt2") return "";
    return "scales by depth itself, so that init must not be \"gpt2\", whose output matrices do";
  }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementLns = {
    .name = "lns",
    .equation = "x = x + f(N(x) / sqrt(l))",
    .source = "Sun et al. 2025 (LayerNorm Scaling)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "2",
    .drawing =
        "x ─┬─ N ─ 1/√l ─ f ─ + ─ x\n"
        "   └─────────────────┘",
    .make = make_placement_of<Lns>,
    .refusal = Lns::refusal,
    .also = "layernorm-scaling",
};

}  // namespace norma::models
