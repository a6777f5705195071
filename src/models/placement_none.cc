// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// none: no norm at all, the contrast.
//
//   each sub-layer f:  x = x + f(x)
//
// Source: the residual network of He et al. 2015 without its norms. Start: nothing of its own.
// Final norm: none. The stream grows with every sub-layer.

#include "models/placement.h"

namespace norma::models {
namespace {

class None : public Placement {
 public:
  explicit None(const PlacementOptions& options) : Placement(options, false) {}

  void block(int64_t, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (const Sublayer& sublayer : sublayers) stream.x = stream.x + sublayer.f(stream.x);
  }
};

}  // namespace

const PlacementInfo kPlacementNone = {
    .name = "none",
    .equation = "x = x + f(x)",
    .source = "He et al. 2015, without its norms",
    .start = "",
    .final_norm = "",
    .cost = "0",
    .drawing =
        "x ─┬─ f ─ + ─ x\n"
        "   └──────┘",
    .make = make_placement_of<None>,
    .uses_norm = false,
};

}  // namespace norma::models
