// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// hybrid: HybridNorm, norms of queries, keys and values in attention, Post-LN about the feed-
// forward network.
//
//   attention:  y = x + W_O attention(N(q), N(k), N(v)), N over each head, q = x W_Q ...
//   feed-forward:  z = N(y);  x = z + F(z)
//   after the last block:  x = N(x)
//
// hybrid_star is the paper's HybridNorm*: the same, but its first block's sub-layers also read the
// stream as Pre-LN does, y = x + W_O attention(N(q), N(k), N(v)) with q = N(x) W_Q ..., and
// x = y + F(N(y)).
//
// Source: Zhuo et al. 2025, section 3. Start: nothing of its own; the paper's is init "gpt2". Final
// norm: yes. It is QK-norm and more, so that qk_norm has nothing left to do and is refused.

#include "models/placement.h"

namespace norma::models {
namespace {

template <bool kStar>
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
        if (kStar && layer == 0) entries_.push_back(add_norm(layer, name, options.d_model));
      }
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    const bool pre = kStar && layer == 0;
    for (size_t i = 0; i < sublayers.size(); ++i) {
      if (pre) {
        Norm& entry = sublayers[i].name == "ffn" ? norms_[layer] : entries_[i];
        stream.x = stream.x + sublayers[i].f(entry.forward(stream.x));
        continue;
      }
      if (sublayers[i].name == "ffn") stream.x = norms_[layer].forward(stream.x);
      stream.x = stream.x + sublayers[i].f(stream.x);
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
  std::vector<Norm> norms_;    // of the feed-forward networks, by block
  std::vector<Norm> entries_;  // of the first block's attentions, in order
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
    .make = make_placement_of<Hybrid<false>>,
    .refusal = Hybrid<false>::refusal,
    .also = "hybridnorm",
};

const PlacementInfo kPlacementHybridStar = {
    .name = "hybrid_star",
    .equation =
        "the first block y = x + W_O attention(N(q), N(k), N(v)) of N(x), x = y + F(N(y)); "
        "the others as hybrid",
    .source = "Zhuo et al. 2025 (HybridNorm*)",
    .start = "",
    .final_norm = "N(x)",
    .cost = "1, and 3 over the heads; 1 more in all",
    .drawing =
        "first:  x ─┬─ N ─ A(Nq, Nk, Nv) ─ + ─┬─ N ─ F ─ + ─ x\n"
        "           └──────────────────────┘  └──────────┘\n"
        "others: x ─┬─ A(Nq, Nk, Nv) ─ + ─ N ─┬─ F ─ + ─ x\n"
        "           └──────────────────┘      └──────┘",
    .make = make_placement_of<Hybrid<true>>,
    .refusal = Hybrid<true>::refusal,
    .also = "hybridnorm*",
};

}  // namespace norma::models
