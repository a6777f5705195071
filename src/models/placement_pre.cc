// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// pre: Pre-LN, the norm at the entry of each sub-layer.
//
//   each sub-layer f:  x = x + f(N(x))
//   after the last block:  x = N(x)
//
// Source: Radford et al. 2019 (GPT-2), section 2.3; Xiong et al. 2020, section 3.2. Start: nothing
// of its own; GPT-2 scales the output matrices by depth (init "gpt2"). Final norm: yes, the stream
// itself is never normalised. With RMSNorm it is LLaMA's (Touvron et al. 2023).

#include "models/placement.h"

namespace norma::models {
namespace {

class Pre : public Placement {
 public:
  explicit Pre(const PlacementOptions& options)
      : Placement(options, true), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = stream.x + sublayers[i].f(norms_[layer][i].forward(stream.x));
    }
  }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementPre = {
    .name = "pre",
    .equation = "x = x + f(N(x))",
    .source = "Radford et al. 2019; Xiong et al. 2020",
    .start = "",
    .final_norm = "N(x)",
    .cost = "2",
    .drawing =
        "x ─┬─ N ─ f ─ + ─ x\n"
        "   └──────────┘",
    .make = make_placement_of<Pre>,
    .also = "pre-ln, gpt2, llama",
};

}  // namespace norma::models
