// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// sub_ln: Sub-LN of Magneto, Pre-LN with a second norm before each output matrix.
//
//   attention:  x = x + W_O N(heads(N(x)))
//   feed-forward:  x = x + W_2 N(act(W_1 N(x)))
//   W_V, W_O, W_1, W_2 start g times as large; W_Q and W_K do not.
//
//   encoder alone, decoder alone, L blocks:  g = sqrt(ln 2L)
//   N blocks of encoder and M of decoder:  decoder g = sqrt(ln 3M),
//     encoder g = sqrt(ln(3M) ln(2N) / 3)
//   after the last block:  x = N(x)
//
// Source: Wang et al. 2022 (Magneto, "Foundation Transformers"), section 3. A gate, W_3, starts as
// W_1. Final norm: yes.

#include <cmath>

#include "models/placement.h"

namespace norma::models {
namespace {

class SubLn : public Placement {
 public:
  explicit SubLn(const PlacementOptions& options)
      : Placement(options, true), entry_(add_norm_per_sublayer()), inner_(options.layers) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      for (const std::string& name : options.sublayers) {
        inner_[layer].push_back(
            add_norm(layer, name + "_inner", name == "ffn" ? options.ffn : options.d_model));
      }
    }
    const auto n = static_cast<double>(options.encoder_layers);
    const auto m = static_cast<double>(options.decoder_layers);
    if (!is_encoder_decoder()) {
      gain_ = std::sqrt(std::log(2.0 * static_cast<double>(options.layers)));
    } else if (options.stack == "encoder") {
      gain_ = std::sqrt(std::log(3 * m) * std::log(2 * n) / 3);
    } else {
      gain_ = std::sqrt(std::log(3 * m));
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      stream.x = stream.x + sublayers[i].f(entry_[layer][i].forward(stream.x));
    }
  }

  InnerNorms inner_norms(int64_t layer, std::string_view sublayer) override {
    InnerNorms inner = Placement::inner_norms(layer, sublayer);
    for (size_t i = 0; i < options_.sublayers.size(); ++i) {
      if (options_.sublayers[i] != sublayer) continue;
      (sublayer == "ffn" ? inner.hidden : inner.heads) = function_of(inner_[layer][i]);
    }
    return inner;
  }

  double init_scale(int64_t, std::string_view, std::string_view matrix) const override {
    return matrix == "q" || matrix == "k" ? 1.0 : gain_;
  }

 private:
  std::vector<std::vector<Norm>> entry_, inner_;
  double gain_;
};

}  // namespace

const PlacementInfo kPlacementSubLn = {
    .name = "sub_ln",
    .equation = "x = x + W_O N(heads(N(x))); x = x + W_2 N(act(W_1 N(x)))",
    .source = "Wang et al. 2022 (Magneto)",
    .start = "W_V, W_O, W_1, W_2 times sqrt(ln 2L); in an encoder-decoder by both depths",
    .final_norm = "N(x)",
    .cost = "4, one of them of the feed-forward width",
    .drawing =
        "x ─┬─ N ─ f' ─ N ─ W ─ + ─ x\n"
        "   └───────────────────┘",
    .make = make_placement_of<SubLn>,
    .also = "magneto",
};

}  // namespace norma::models
