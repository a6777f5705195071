// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// ngpt: the stream and every matrix's rows live on the unit sphere. S(v) = v / |v|.
//
//   each sub-layer f:  h = S(h + a ⊙ (S(f(h)) - h))
//   the stack begins with h = S(x)
//   attention:  q = s_q ⊙ S(q), k = s_k ⊙ S(k) per head; scores are q k sqrt(D), not q k / sqrt(D)
//   feed-forward:  u = s_u ⊙ W_3 h, v = sqrt(C) s_v ⊙ W_1 h, F = W_2 (u ⊙ SiLU(v)); without a gate
//     F = W_2 act(v)
//   logits = s_z ⊙ (W h)
//   before training and after each step every vector along the width C of each matrix, the
//     embeddings
//     too, is divided by its length
//
// a begins as 0.05, the s as 1. So that Adam's steps suit them, a, s_q, s_k and s_z are kept as
// parameters that begin as 1/sqrt(C) and are multiplied back (the paper's section 2.5). s_q is s_k
// of the key head that the query head reads. There is no norm operator in it: `norm` is not used.
//
// Source: Loshchilov et al. 2024, section 2. No weight decay and no warm-up are meant to be needed.
// Final norm: none.

#include <cmath>

#include "models/placement.h"

namespace norma::models {
namespace {

torch::Tensor unit(const torch::Tensor& x, int64_t dim = -1) {
  return x / x.norm(2, dim, /*keepdim=*/true).clamp_min(1e-12);
}

class Ngpt : public Placement {
 public:
  explicit Ngpt(const PlacementOptions& options)
      : Placement(options, false),
        base_(1 / std::sqrt(static_cast<double>(options.d_model))),
        alphas_(options.layers),
        scales_(options.layers) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      for (const std::string& name : options.sublayers) {
        alphas_[layer].push_back(
            add_parameter(layer, name + "_alpha", torch::full({options.d_model}, base_)));
        if (name == "ffn") {
          scales_[layer]["gate"] = add_parameter(layer, "ffn_v", torch::ones({options.ffn}));
          if (!options.gated) continue;
          scales_[layer]["up"] = add_parameter(layer, "ffn_u", torch::ones({options.ffn}));
        } else {
          scales_[layer][name] =
              add_parameter(layer, name + "_qk",
                            torch::full({options.kv_heads, head_width()}, base_));
        }
      }
    }
    if (options.stack == "decoder") {
      logits_ = register_parameter("logits", torch::full({options.vocab_size}, base_));
    }
  }

  void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) override {
    torch::Tensor& h = stream.x;
    if (layer == 0) h = unit(h);
    for (size_t i = 0; i < sublayers.size(); ++i) {
      const torch::Tensor alpha = alphas_[layer][i] * (0.05 / base_);
      h = unit(h + alpha * (unit(sublayers[i].f(h)) - h));
    }
  }

  torch::Tensor scale_logits(const torch::Tensor& logits) const override {
    return logits * (logits_ / base_);
  }

  InnerNorms inner_norms(int64_t layer, std::string_view sublayer) override {
    InnerNorms inner;
    const std::map<std::string, torch::Tensor>& scales = scales_[layer];
    if (sublayer == "ffn") {
      const double root = std::sqrt(static_cast<double>(options_.d_model));
      inner.gate = [s = scales.at("gate"), root](const torch::Tensor& v) { return v * (s * root); };
      if (options_.gated) {
        inner.up = [s = scales.at("up")](const torch::Tensor& u) { return u * s; };
      }
      return inner;
    }
    const torch::Tensor s = scales.at(std::string(sublayer));
    // Attention divides scores by sqrt(D), where sqrt(D) itself is wanted.
    inner.query = [s, base = base_, repeats = options_.heads / options_.kv_heads,
                   width = static_cast<double>(head_width())](const torch::Tensor& q_NHD) {
      return unit(q_NHD) * (s.repeat_interleave(repeats, 0) * (width / base));
    };
    inner.key = [s, base = base_](const torch::Tensor& k_NHD) {
      return unit(k_NHD) * (s / base);
    };
    return inner;
  }

  void constrain(torch::nn::Module& model) const override {
    torch::NoGradGuard no_grad;
    for (auto& item : model.named_parameters()) {
      const std::string& name = item.key();
      torch::Tensor& weight = item.value();
      if (weight.dim() != 2 || name.find(".norms.") != std::string::npos) continue;
      const bool in_a_stack = name.starts_with("encoder.") || name.starts_with("decoder.");
      if (in_a_stack ? !name.starts_with(options_.stack + ".") : options_.stack != "decoder") {
        continue;
      }
      const bool writes = name.ends_with(".o.weight") || name.ends_with(".w2.weight");
      weight.copy_(unit(weight, writes ? 0 : 1));
    }
  }

  static std::string refusal(const ModelConfig& config) {
    if (config.family == "bert") {
      return "keeps its stream on a sphere, which the norm after the embedding of family \"bert\" "
             "leaves";
    }
    if (config.qk_norm == "none") return "";
    return "normalises queries and keys itself, so that qk_norm must be \"none\"";
  }

 private:
  const double base_;
  std::vector<std::vector<torch::Tensor>> alphas_;
  std::vector<std::map<std::string, torch::Tensor>> scales_;
  torch::Tensor logits_;
};

}  // namespace

const PlacementInfo kPlacementNgpt = {
    .name = "ngpt",
    .equation = "h = S(h + a ⊙ (S(f(h)) - h)), S(v) = v/|v|",
    .source = "Loshchilov et al. 2024 (nGPT)",
    .start = "every vector along the width has length 1, and again after each step; a = 0.05",
    .final_norm = "",
    .cost = "4 of length alone, 2 over the heads",
    .drawing =
        "h ─┬─ f ─ S ─ lerp a ─ S ─ h\n"
        "   └──────────┘",
    .make = make_placement_of<Ngpt>,
    .refusal = Ngpt::refusal,
    .uses_norm = false,
};

}  // namespace norma::models
