// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// residual: ResiDual, a Post-LN stream beside a stream that is only added to.
//
//   each sub-layer f:  u = f(x);  r = r + u;  x = N(x + u)
//   r begins as x does, with the embedding
//   after the last block:  x + N(r)
//
// Source: Xie et al. 2023, section 3. Start: nothing of its own (in 16 bits the paper scales r).
// Final norm: of r.

#include "models/placement.h"

namespace norma::models {
namespace {

class Residual : public Placement {
 public:
  explicit Residual(const PlacementOptions& options)
      : Placement(options, true), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    if (layer == 0) stream.extra = {stream.x};
    torch::Tensor& r = stream.extra[0];
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor u = sublayers[i].f(stream.x);
      r = r + u;
      stream.x = norms_[layer][i].forward(stream.x + u);
    }
  }

  const torch::Tensor& residual(const Stream& stream) const override { return stream.extra[0]; }

  torch::Tensor finish(Stream& stream) override { return stream.x + final_norm(stream.extra[0]); }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementResidual = {
    .name = "residual",
    .equation = "u = f(x); r = r + u; x = N(x + u)",
    .source = "Xie et al. 2023 (ResiDual)",
    .start = "",
    .final_norm = "x + N(r)",
    .cost = "2",
    .drawing =
        "r ────────── + ─── r\n"
        "             │\n"
        "x ─┬─ f ─────┴ + ─ N ─ x\n"
        "   └───────────┘",
    .make = make_placement_of<Residual>,
};

}  // namespace norma::models
