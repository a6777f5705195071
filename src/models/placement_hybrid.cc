// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// hybrid: HybridNorm, norms of queries, keys and values in attention, Post-LN about the feed-
// forward network.
//
//   attention:  y = x + W_O attention(N(q), N(k), N(v)), N over each head, q = x W_Q ...
//   feed-forward:  z = N(y);  x = z + F(z)
//   after the last block:  x = N(x)
//
// Source: Zhuo et al. 2025, section 3 (not its variant with a Pre-LN first block). Start: nothing
// of its own; the paper's is init "gpt2". Final norm: yes. It is QK-norm and more, so that qk_norm
// has nothing left to do and is refused.

#include "models/placement.h"

namespace norma::models {
namespace {

class Hybrid : public Placement {
 public:
  explicit Hybrid(const PlacementOptions& options)
      : Placement(options, true), inner_(options.layers) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      for (const std::string& name : options.sublayers) {
        if (name == "ffn") {
          norms_.push_back(add_norm(layer, name, options.d_model));
          continue;
        }
        InnerNorms& inner = inner_[layer][name];
        inner.query = function_of(add_norm(layer, name + "_q", head_width()));
        inner.key = function_of(add_norm(layer, name + "_k", head_width()));
        inner.value = function_of(add_norm(layer, name + "_v", head_width()));
      }
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    for (const Sublayer& sublayer : sublayers) {
      if (sublayer.name == "ffn") stream.x = norms_[layer].forward(stream.x);
      stream.x = stream.x + sublayer.f(stream.x);
    }
  }

  InnerNorms inner_norms(int64_t layer, std::string_view sublayer) override {
    const auto found = inner_[layer].find(std::string(sublayer));
    return found == inner_[layer].end() ? InnerNorms() : found->second;
  }

  static std::string refusal(const ModelConfig& config) {
    if (config.qk_norm == "none") return "";
    return "normalises queries and keys itself, so that qk_norm must be \"none\"";
  }

 private:
  std::vector<std::map<std::string, InnerNorms>> inner_;
  std::vector<Norm> norms_;
};

}  // namespace

const PlacementInfo kPlacementHybrid = {
    .name = "hybrid",
    .equation = "y = x + W_O attention(N(q), N(k), N(v)); z = N(y); x = z + F(z)",
    .source = "Zhuo et al. 2025 (HybridNorm)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "1, and 3 over the heads",
    .drawing =
        "x ─┬─ A(Nq, Nk, Nv) ─ + ─ N ─┬─ F ─ + ─ x\n"
        "   └──────────────────┘      └──────┘",
    .make = make_placement_of<Hybrid>,
    .refusal = Hybrid::refusal,
};

}  // namespace norma::models
