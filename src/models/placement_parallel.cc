// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// parallel, parallel_two: the sub-layers of a block read the stream side by side.
//
//   a block:  x = x + A(N(x)) + F(N(x)), with cross-attention + C(N(x)); parallel has one N for
//     all, parallel_two one for each
//   after the last block:  x = N(x)
//
// Source: Wang and Komatsuzaki 2021 (GPT-J) and Chowdhery et al. 2022 (PaLM), section 2, for one;
// Black et al. 2022 (GPT-NeoX-20B), section 2.1, for two. Start: nothing of its own. Final norm:
// yes, as Pre-LN.

#include "models/placement.h"

namespace norma::models {
namespace {

class Parallel : public Placement {
 public:
  explicit Parallel(const PlacementOptions& options) : Placement(options, true) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      norms_.push_back(add_norm(layer, "entry", options.d_model));
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    const torch::Tensor entry = norms_[layer].forward(stream.x);
    for (const Sublayer& sublayer : sublayers) stream.x = stream.x + sublayer.f(entry);
  }

 private:
  std::vector<Norm> norms_;
};

class ParallelTwo : public Placement {
 public:
  explicit ParallelTwo(const PlacementOptions& options)
      : Placement(options, true), norms_(add_norm_per_sublayer()) {}

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    const torch::Tensor x = stream.x;
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = stream.x + sublayers[i].f(norms_[layer][i].forward(x));
    }
  }

 private:
  std::vector<std::vector<Norm>> norms_;
};

}  // namespace

const PlacementInfo kPlacementParallel = {
    .name = "parallel",
    .equation = "x = x + A(N(x)) + F(N(x))",
    .source = "GPT-J 2021; Chowdhery et al. 2022 (PaLM)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "1",
    .drawing =
        "        ┌─ A ─┐\n"
        "x ─┬─ N ┴─ F ─┴ + ─ x\n"
        "   └────────────┘",
    .make = make_placement_of<Parallel>,
    .also = "gpt-j, palm",
};

const PlacementInfo kPlacementParallelTwo = {
    .name = "parallel_two",
    .equation = "x = x + A(N_1(x)) + F(N_2(x))",
    .source = "Black et al. 2022 (GPT-NeoX-20B)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "2",
    .drawing =
        "   ┌─ N ─ A ─┐\n"
        "x ─┼─ N ─ F ─┼─ + ─ x\n"
        "   └─────────┘",
    .make = make_placement_of<ParallelTwo>,
    .also = "gpt-neox",
};

}  // namespace norma::models
