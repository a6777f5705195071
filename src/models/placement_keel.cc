// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// keel: Post-LN over a stream that counts a times, with Pre-LN inside.
//
//   first block:  x = x + f(N(x))
//   each sub-layer f of the others:  x = N(a x + f(N(x))), a the sub-layers of the stack (2L)
//
// Source: KEEL 2026 (2601.19895). Start: nothing of its own. Final norm: none, the last sub-layer
// ends in one; a stack of one block would be Pre-LN without its final norm, and is refused.

#include "models/placement.h"

namespace norma::models {
namespace {

class Keel : public Placement {
 public:
  explicit Keel(const PlacementOptions& options)
      : Placement(options, false), entry_(add_norm_per_sublayer()), exit_(options.layers) {
    for (int64_t layer = 1; layer < options.layers; ++layer) {
      for (const std::string& name : options.sublayers) {
        exit_[layer].push_back(add_norm(layer, name + "_out", options.d_model));
      }
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    const auto alpha = static_cast<double>(sublayers_of_stack());
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor f = sublayers[i].f(entry_[layer][i].forward(stream.x));
      stream.x = layer == 0 ? stream.x + f
                            : exit_[layer][i].forward(at::add(f, stream.x, alpha));
    }
  }

  static std::string refusal(const ModelConfig& config) {
    const bool bert = config.family == "bert", encdec = config.family == "encdec";
    const int64_t depth = bert ? config.encoder_layers : config.decoder_layers;
    if (depth >= 2 && (!encdec || config.encoder_layers >= 2)) return "";
    return "needs at least 2 blocks in each stack: the first is Pre-LN and leaves its stream "
           "without a norm";
  }

 private:
  std::vector<std::vector<Norm>> entry_, exit_;
};

}  // namespace

const PlacementInfo kPlacementKeel = {
    .name = "keel",
    .equation = "x = N(a x + f(N(x))), a = 2L; the first block x = x + f(N(x))",
    .source = "KEEL 2026 (2601.19895)",
    .start = "",
    .final_norm = "",
    .cost = "4",
    .drawing =
        "x ─┬─ N ─ f ─ + ─ N ─ x\n"
        "   └─── a ────┘",
    .make = make_placement_of<Keel>,
    .refusal = Keel::refusal,
};

}  // namespace norma::models
