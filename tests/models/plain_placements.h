// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The equations of every placement in plain tensor operations, written from the papers and apart
// from src/models: a stack of ReLU blocks, encoder or decoder with cross-attention or without, or
// of LLaMA's blocks.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "models/config.h"
#include "tests/models/plain.h"

namespace norma::test {

class PlainStack {
 public:
  // Of the encoder or the decoder of an encoder-decoder, or, family gpt, of a decoder alone.
  PlainStack(const models::ModelConfig& config, const Parameters& parameters, bool decoder,
             const torch::Tensor& memory_BSC)
      : config_(config),
        p_(parameters),
        plain_{parameters, config.norm, config.norm_eps},
        decoder_(decoder),
        memory_(memory_BSC),
        layers_(decoder ? config.decoder_layers : config.encoder_layers) {}

  torch::Tensor run(torch::Tensor x) const {
    const std::string& name = config_.placement;
    const double a = deepnorm_alpha(), l_all = static_cast<double>(layers_ * count());
    torch::Tensor second = x;             // the second stream, where there is one
    std::vector<torch::Tensor> all;       // N(y_k) of dlcl
    if (name == "ngpt") x = unit(x);
    if (name == "peri_embedding") x = plain_.normalize(x, key(0, "embedding"));
    for (int64_t l = 0; l < layers_; ++l) {
      const double deep = static_cast<double>(l + 1);
      const torch::Tensor bottom = x;
      torch::Tensor sum = x;  // of parallel branches
      if (name == "dlcl") x = mixture(l, x, &all);
      for (const std::string& s : sublayers()) {
        const bool is_ffn = s == "ffn";
        const auto N = [&](const std::string& norm, const torch::Tensor& v) {
          return plain_.normalize(v, key(l, norm));
        };
        const auto f = [&](const torch::Tensor& v) { return sublayer(l, s, v, inner(l, s)); };
        if (name == "none") {
          x = x + f(x);
        } else if (name == "post") {
          x = N(s, x + f(x));
        } else if (name == "pre" || name == "dlcl" || name == "sub_ln") {
          x = x + f(N(s, x));
        } else if (name == "parallel") {
          sum = sum + f(N("entry", x));
          if (is_ffn) x = sum;
        } else if (name == "parallel_two") {
          sum = sum + f(N(s, x));
          if (is_ffn) x = sum;
        } else if (name == "gpas") {
          const torch::Tensor z = x + f(N(s, x)), g = p_.at(key(l, s + "_scale"));
          x = z - g / (1 + (-g).exp()) * z.detach();
        } else if (name == "hybrid_star" && l == 0) {
          x = x + f(N(s, x));
        } else if (name == "peri" || name == "peri_embedding") {
          x = x + N(s + "_out", f(N(s, x)));
        } else if (name == "olmo2") {
          x = x + N(s, f(x));
        } else if (name == "deepnorm") {
          x = N(s, a * x + f(x));
        } else if (name == "admin") {
          x = N(s, p_.at(key(l, s + "_scale")) * x + f(x));
        } else if (name == "lns") {
          x = x + f(N(s, x) / std::sqrt(deep));
        } else if (name == "mix") {
          x = 4 * (l + 1) <= layers_ ? N(s, x + f(x)) : x + f(N(s, x));
        } else if (name == "normformer") {
          x = is_ffn ? p_.at(key(l, "ffn_residual")) * x + f(N(s, x))
                     : x + N(s + "_out", f(N(s, x)));
        } else if (name == "hybrid" || name == "hybrid_star") {
          const torch::Tensor z = is_ffn ? N(s, x) : x;
          x = z + f(z);
        } else if (name == "b2t") {
          x = N(s, is_ffn ? bottom + x + f(x) : x + f(x));
        } else if (name == "residual") {
          const torch::Tensor u = f(x);
          second = second + u;
          x = N(s, x + u);
        } else if (name == "keel") {
          x = l == 0 ? x + f(N(s, x)) : N(s + "_out", l_all * x + f(N(s, x)));
        } else if (name == "siamese") {
          const torch::Tensor u = f(x + N(s + "_in", second));
          x = N(s, x + u / std::sqrt(2 * deep));
          second = second + u;
        } else if (name == "ngpt") {
          const double base = 1 / std::sqrt(static_cast<double>(config_.d_model));
          const torch::Tensor alpha = 0.05 * p_.at(key(l, s + "_alpha")) / base;
          x = unit(x + alpha * (unit(f(x)) - x));
        } else if (name == "layerscale") {
          x = x + p_.at(key(l, s + "_scale")) * f(N(s, x));
        } else if (name == "rezero") {
          x = x + p_.at(key(l, s + "_scale")) * f(x);
        } else {
          TORCH_CHECK(false, "no equation for placement ", name);
        }
      }
    }
    if (name == "dlcl") x = mixture(layers_, x, &all);
    if (!p_.contains("norms.final.weight") && !p_.contains("norms.final.gamma")) return x;
    if (name == "residual" || name == "siamese") return x + plain_.normalize(second, "norms.final");
    return plain_.normalize(x, "norms.final");
  }

  std::vector<std::string> sublayers() const {
    if (has_cross()) return {"self", "cross", "ffn"};
    return {"self", "ffn"};
  }

 private:
  static std::string key(int64_t layer, const std::string& name) {
    return "norms." + std::to_string(layer) + "." + name;
  }
  static torch::Tensor unit(const torch::Tensor& x) { return x / x.pow(2).sum(-1, true).sqrt(); }
  bool is_llama() const { return config_.family == "llama"; }
  bool has_cross() const { return decoder_ && config_.family == "encdec"; }
  int64_t count() const { return has_cross() ? 3 : 2; }

  // Wang et al. 2022, figure 2.
  double deepnorm_alpha() const {
    if (config_.family != "encdec") return std::pow(2 * static_cast<double>(layers_), 0.25);
    const double n = static_cast<double>(config_.encoder_layers),
                 m = static_cast<double>(config_.decoder_layers);
    return decoder_ ? std::pow(3 * m, 0.25) : 0.81 * std::pow(std::pow(n, 4) * m, 1.0 / 16);
  }

  torch::Tensor sublayer(int64_t layer, const std::string& name, const torch::Tensor& x,
                         const PlainInner& inner) const {
    const std::string path = std::to_string(layer) + "." + name;
    if (name == "ffn" && is_llama()) return plain_.swiglu_network(x, path, inner);
    if (name == "ffn") return plain_.relu_network(x, path, inner);
    if (name == "cross") return plain_.attention(x, memory_, path, config_.heads, {}, inner);
    return plain_.attention(x, x, path, config_.heads,
                            decoder_ ? causal_sees(x.size(1)) : torch::Tensor(), inner);
  }

  PlainInner inner(int64_t l, const std::string& s) const {
    const std::string& name = config_.placement;
    const auto norm = [this, l](const std::string& which) {
      return [this, path = key(l, which)](const torch::Tensor& x) {
        return plain_.normalize(x, path);
      };
    };
    PlainInner out;
    if (is_llama()) {
      out.kv_heads = config_.kv_heads;
      out.rotate = rotated;
    }
    if (s == "ffn") {
      if (name == "sub_ln") out.hidden = norm("ffn_inner");
      if (name == "normformer") out.hidden = norm("ffn_hidden");
      if (name == "ngpt") {
        out.gate = [this, l](const torch::Tensor& v) {
          return v * p_.at(key(l, "ffn_v")) * std::sqrt(static_cast<double>(config_.d_model));
        };
        if (is_llama()) {
          out.up = [this, l](const torch::Tensor& u) { return u * p_.at(key(l, "ffn_u")); };
        }
      }
      return out;
    }
    if (name == "sub_ln") out.heads = norm(s + "_inner");
    if (name == "normformer") {
      out.heads = [this, l, s](const torch::Tensor& x) {
        return (x.unflatten(-1, {config_.heads, -1}) * p_.at(key(l, s + "_heads")).unsqueeze(-1))
            .flatten(-2);
      };
    }
    const bool hybrid = name == "hybrid" || name == "hybrid_star";
    if (hybrid || config_.qk_norm == "head") {
      out.q = norm(s + "_q");
      out.k = norm(s + "_k");
    }
    if (hybrid) out.v = norm(s + "_v");
    if (config_.qk_norm == "full") {
      const auto over_all = [&](const std::string& which) {
        return [f = norm(which)](const torch::Tensor& x_BTHD) {
          return f(x_BTHD.flatten(-2)).view_as(x_BTHD);
        };
      };
      out.q = over_all(s + "_q");
      out.k = over_all(s + "_k");
    }
    if (name == "ngpt") {
      // Scores are q k sqrt(D) and the attention above divides by sqrt(D).
      const double d = static_cast<double>(config_.d_model / config_.heads);
      const double base = 1 / std::sqrt(static_cast<double>(config_.d_model));
      const torch::Tensor scale = p_.at(key(l, s + "_qk")) / base;
      const int64_t readers = config_.heads / scale.size(0);  // query heads of a key head
      out.q = [scale, d, readers](const torch::Tensor& q_BTHD) {
        std::vector<torch::Tensor> heads;
        for (int64_t h = 0; h < q_BTHD.size(2); ++h) {
          heads.push_back(unit(q_BTHD.select(2, h)) * scale[h / readers] * d);
        }
        return torch::stack(heads, 2);
      };
      out.k = [scale](const torch::Tensor& k) { return unit(k) * scale; };
    }
    return out;
  }

  // Su et al. 2021, equation 34, pair by pair: (B, T, H, D), position t from 0.
  static torch::Tensor rotated(const torch::Tensor& x) {
    std::vector<torch::Tensor> parts;
    const int64_t width = x.size(-1);
    const torch::Tensor t = torch::arange(x.size(1), torch::kFloat64).view({1, -1, 1});
    for (int64_t c = 0; c < width; c += 2) {
      const torch::Tensor angle = t * std::pow(10000.0, -static_cast<double>(c) / width);
      const torch::Tensor a = x.select(-1, c), b = x.select(-1, c + 1);
      parts.push_back(a * angle.cos() - b * angle.sin());
      parts.push_back(a * angle.sin() + b * angle.cos());
    }
    return torch::stack(parts, -1);
  }

  // Of dlcl: what block l reads.
  torch::Tensor mixture(int64_t l, const torch::Tensor& y, std::vector<torch::Tensor>* all) const {
    all->push_back(plain_.normalize(y, key(l, "history")));
    return (torch::stack(*all) * p_.at(key(l, "combine")).view({-1, 1, 1, 1})).sum(0);
  }

  const models::ModelConfig& config_;
  const Parameters& p_;
  const Plain plain_;
  const bool decoder_;
  const torch::Tensor memory_;
  const int64_t layers_;
};

}  // namespace norma::test
