// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// siamese: SiameseNorm, a Post-LN stream X and a Pre-LN stream Y that share their sub-layers.
//
//   each sub-layer f of block l = 1..L:  u = f(X + N(Y));  X = N(X + u / sqrt(2l));  Y = Y + u
//   X and Y begin as the embedding
//   after the last block:  X + N(Y)
//
// Source: SiameseNorm 2026 (2602.08064), with the scale of its authors; other codes leave it out.
// Start: nothing of its own. Final norm: of Y.

#include <cmath>

#include "models/placement.h"

namespace norma::models {
namespace {

class Siamese : public Placement {
 public:
  explicit Siamese(const PlacementOptions& options)
      : Placement(options, true),
        of_x_(add_norm_per_sublayer()),
        of_y_(add_norm_per_sublayer("_in")) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    if (layer == 0) stream.extra = {stream.x};
    torch::Tensor& y = stream.extra[0];
    const double scale = 1 / std::sqrt(2 * static_cast<double>(layer + 1));
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor u = sublayers[i].f(stream.x + of_y_[layer][i].forward(y));
      stream.x = of_x_[layer][i].forward(at::add(stream.x, u, scale));
      y = y + u;
    }
  }

  const torch::Tensor& residual(const Stream& stream) const override { return stream.extra[0]; }

  torch::Tensor finish(Stream& stream) override { return stream.x + final_norm(stream.extra[0]); }

 private:
  std::vector<std::vector<Norm>> of_x_, of_y_;
};

}  // namespace

const PlacementInfo kPlacementSiamese = {
    .name = "siamese",
    .equation = "u = f(X + N(Y)); X = N(X + u / sqrt(2l)); Y = Y + u",
    .source = "SiameseNorm 2026 (2602.08064)",
    .start = "",
    .final_norm = "X + N(Y)",
    .cost = "4",
    .drawing =
        "Y ─┬───────────── + ─ Y\n"
        "   N              │\n"
        "   + ─ f ─ u ─────┤\n"
        "   │            1/√2l\n"
        "X ─┴───────────── + ─ N ─ X",
    .make = make_placement_of<Siamese>,
    .also = "siamesenorm",
};

}  // namespace norma::models
