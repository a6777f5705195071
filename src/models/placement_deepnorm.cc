// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// deepnorm: Post-LN with a larger stream and smaller matrices, by depth.
//
//   each sub-layer f:  x = N(a x + f(x))
//   W_V, W_O, W_1, W_2 start b times as large; W_Q and W_K do not.
//
//   encoder alone, decoder alone, L blocks:  a = (2L)^(1/4),  b = (8L)^(-1/4)
//   N blocks of encoder and M of decoder:
//     encoder  a = 0.81 (N^4 M)^(1/16),  b = 0.87 (N^4 M)^(-1/16)
//     decoder  a = (3M)^(1/4),           b = (12M)^(-1/4)
//
// Source: Wang et al. 2022 (DeepNet), figure 2 and section 4. Two published codes have b inverted
// and a fixed at 32 blocks. A gate, W_3, starts as W_1. Final norm: none, the last sub-layer ends
// in one.

#include <cmath>

#include "models/placement.h"

namespace norma::models {
namespace {

double power(double base, double exponent) { return std::pow(base, exponent); }

class Deepnorm : public Placement {
 public:
  explicit Deepnorm(const PlacementOptions& options)
      : Placement(options, false), norms_(add_norm_per_sublayer()) {
    const auto n = static_cast<double>(options.encoder_layers);
    const auto m = static_cast<double>(options.decoder_layers);
    const auto l = static_cast<double>(options.layers);
    if (!is_encoder_decoder()) {
      alpha_ = power(2 * l, 0.25), beta_ = power(8 * l, -0.25);
    } else if (options.stack == "encoder") {
      const double both = n * n * n * n * m;
      alpha_ = 0.81 * power(both, 1.0 / 16), beta_ = 0.87 * power(both, -1.0 / 16);
    } else {
      alpha_ = power(3 * m, 0.25), beta_ = power(12 * m, -0.25);
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor f = sublayers[i].f(stream.x);
      stream.x = norms_[layer][i].forward(at::add(f, stream.x, alpha_));
    }
  }

  double init_scale(int64_t, std::string_view, std::string_view matrix) const override {
    return matrix == "q" || matrix == "k" ? 1.0 : beta_;
  }

 private:
  std::vector<std::vector<Norm>> norms_;
  double alpha_, beta_;
};

}  // namespace

const PlacementInfo kPlacementDeepnorm = {
    .name = "deepnorm",
    .equation = "x = N(a x + f(x))",
    .source = "Wang et al. 2022 (DeepNet)",
    .start =
        "W_V, W_O, W_1, W_2 times b; alone a = (2L)^(1/4), b = (8L)^(-1/4); in an encoder-"
        "decoder by both depths",
    .final_norm = "",
    .cost = "2",
    .drawing =
        "x ─┬─ f ─ + ─ N ─ x\n"
        "   └─ a ──┘",
    .make = make_placement_of<Deepnorm>,
    .also = "deepnet",
};

}  // namespace norma::models
