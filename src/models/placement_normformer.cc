// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// normformer: Pre-LN with more norms inside, and gains of heads and stream.
//
//   attention:  x = x + N(W_O HeadScale(heads(N(x)))), HeadScale one learned factor a head
//   feed-forward:  x = r ⊙ x + W_2 N(act(W_1 N(x))), r one learned factor a feature
//   after the last block:  x = N(x)
//
// Source: Shleifer et al. 2021, section 2; r, their ResScale, is for small models. Start: all
// factors 1. Final norm: yes.

#include "models/placement.h"

namespace norma::models {
namespace {

class Normformer : public Placement {
 public:
  explicit Normformer(const PlacementOptions& options)
      : Placement(options, true), entry_(add_norm_per_sublayer()), parts_(options.layers) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      for (const std::string& name : options.sublayers) {
        Part part;
        if (name == "ffn") {
          part.norm = add_norm(layer, "ffn_hidden", options.ffn);
          part.scale = add_parameter(layer, "ffn_residual", torch::ones({options.d_model}));
        } else {
          part.norm = add_norm(layer, name + "_out", options.d_model);
          part.scale = add_parameter(layer, name + "_heads", torch::ones({options.heads}));
        }
        parts_[layer].push_back(std::move(part));
      }
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      Part& part = parts_[layer][i];
      const torch::Tensor f = sublayers[i].f(entry_[layer][i].forward(stream.x));
      if (sublayers[i].name == "ffn") {
        stream.x = part.scale * stream.x + f;
      } else {
        stream.x = stream.x + part.norm.forward(f);
      }
    }
  }

  InnerNorms inner_norms(int64_t layer, std::string_view sublayer) override {
    InnerNorms inner = Placement::inner_norms(layer, sublayer);
    for (size_t i = 0; i < options_.sublayers.size(); ++i) {
      if (options_.sublayers[i] != sublayer) continue;
      const Part& part = parts_[layer][i];
      if (sublayer == "ffn") {
        inner.hidden = function_of(part.norm);
      } else {
        inner.heads = [scale = part.scale, width = head_width()](const torch::Tensor& x) {
          return x * scale.repeat_interleave(width);
        };
      }
    }
    return inner;
  }

 private:
  struct Part {
    Norm norm;            // attention: of the output; feed-forward: of the hidden layer
    torch::Tensor scale;  // attention: of the heads; feed-forward: of the stream
  };
  std::vector<std::vector<Norm>> entry_;
  std::vector<std::vector<Part>> parts_;
};

}  // namespace

const PlacementInfo kPlacementNormformer = {
    .name = "normformer",
    .equation = "x = x + N(W_O (h ⊙ heads(N(x)))); x = r ⊙ x + W_2 N(act(W_1 N(x)))",
    .source = "Shleifer et al. 2021",
    .start = "h = 1, r = 1",
    .final_norm = "N(x)",
    .cost = "4, one of them of the feed-forward width",
    .drawing =
        "x ─┬─ N ─ heads ─ h ─ W_O ─ N ─ + ─┬─ N ─ act W_1 ─ N ─ W_2 ─ + ─ x\n"
        "   └────────────────────────────┘  └─ r ──────────────────────┘",
    .make = make_placement_of<Normformer>,
};

}  // namespace norma::models
