// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// dlcl: Dynamic Linear Combination of Layers, Pre-LN blocks that each read a learned mixture of all
// before them.
//
//   block l = 1..L:  x = sum over k < l of w_lk N_k(y_k);  then each sub-layer x = x + f(N(x));
//     y_l = x
//   y_0 is the embedding, w_lk begins as 1/l
//   after the last block:  N(sum over k <= L of w_(L+1)k N_k(y_k))
//
// Source: Wang et al. 2019, section 3, in its pre-norm form. Final norm: yes.

#include "models/placement.h"

namespace norma::models {
namespace {

class Dlcl : public Placement {
 public:
  explicit Dlcl(const PlacementOptions& options)
      : Placement(options, true), norms_(add_norm_per_sublayer()) {
    for (int64_t k = 0; k <= options.layers; ++k) {
      history_norms_.push_back(add_norm(k, "history", options.d_model));
      weights_.push_back(add_parameter(
          k, "combine", torch::full({k + 1}, 1.0 / static_cast<double>(k + 1))));
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    remember(layer, stream);
    torch::Tensor x = combined(layer, stream);
    for (size_t i = 0; i < sublayers.size(); ++i) {
      x = x + sublayers[i].f(norms_[layer][i].forward(x));
    }
    stream.x = x;
  }

  torch::Tensor finish(Stream& stream) override {
    remember(options_.layers, stream);
    return final_norm(combined(options_.layers, stream));
  }

 private:
  void remember(int64_t k, Stream& stream) {
    stream.extra.push_back(history_norms_[k].forward(stream.x));
  }
  torch::Tensor combined(int64_t l, const Stream& stream) const {
    torch::Tensor sum = weights_[l][0] * stream.extra[0];
    for (int64_t k = 1; k <= l; ++k) sum = sum + weights_[l][k] * stream.extra[k];
    return sum;
  }

  std::vector<std::vector<Norm>> norms_;
  std::vector<Norm> history_norms_;
  std::vector<torch::Tensor> weights_;
};

}  // namespace

const PlacementInfo kPlacementDlcl = {
    .name = "dlcl",
    .equation = "x = sum over k < l of w_lk N(y_k); each sub-layer x = x + f(N(x)); y_l = x",
    .source = "Wang et al. 2019 (DLCL)",
    .start = "w_lk = 1/l",
    .final_norm = "N(sum of w N(y_k))",
    .cost = "3, and one of the embedding",
    .drawing =
        "y_0 .. y_(l-1) ─ N ─ w ─ Σ ─┬─ N ─ f ─ + ─ y_l\n"
        "                            └──────────┘",
    .make = make_placement_of<Dlcl>,
};

}  // namespace norma::models
