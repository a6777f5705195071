// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// rezero: no norm; each branch has one learned factor, and begins with nothing.
//
//   each sub-layer f:  x = x + a f(x), a begins as 0
//
// Source: Bachlechner et al. 2020, section 3. Final norm: none.

#include "models/placement.h"

namespace norma::models {
namespace {

class Rezero : public Placement {
 public:
  explicit Rezero(const PlacementOptions& options)
      : Placement(options, false), scales_(add_scale_per_sublayer(torch::zeros({1}))) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = stream.x + scales_[layer][i] * sublayers[i].f(stream.x);
    }
  }

 private:
  std::vector<std::vector<torch::Tensor>> scales_;
};

}  // namespace

const PlacementInfo kPlacementRezero = {
    .name = "rezero",
    .equation = "x = x + a f(x)",
    .source = "Bachlechner et al. 2020 (ReZero)",
    .start = "a = 0",
    .final_norm = "",
    .cost = "0",
    .drawing =
        "x ─┬─ f ─ a ─ + ─ x\n"
        "   └──────────┘",
    .make = make_placement_of<Rezero>,
    .uses_norm = false,
};

}  // namespace norma::models
