// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// post: Post-LN, the norm after each residual addition.
//
//   each sub-layer f:  x = N(x + f(x))
//
// Source: Vaswani et al. 2017, section 3.1. Start: nothing of its own; it wants learning rate warm-
// up (Xiong et al. 2020) or smaller attention matrices (Nguyen and Salazar 2019, init "small").
// Final norm: none, the last sub-layer ends in one.

#include "models/placement.h"

namespace norma::models {
namespace {

class Post : public Placement {
 public:
  explicit Post(const PlacementOptions& options)
      : Placement(options, false), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = norms_[layer][i].forward(stream.x + sublayers[i].f(stream.x));
    }
  }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementPost = {
    .name = "post",
    .equation = "x = N(x + f(x))",
    .source = "Vaswani et al. 2017",
    .start = "",
    .final_norm = "",
    .cost = "2",
    .drawing =
        "x ─┬─ f ─ + ─ N ─ x\n"
        "   └──────┘",
    .make = make_placement_of<Post>,
    .also = "post-ln, transformer, bert",
};

}  // namespace norma::models
