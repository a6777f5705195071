// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The equations of a Transformer block in plain tensor operations, written apart from src/models:
// no module, no fused operation. Parameters come from a map of names, as model.h lists them.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace norma::test {

using Parameters = std::map<std::string, torch::Tensor>;

// Every parameter of a module, as leaves of their own with the same values.
inline Parameters copies_of_parameters(const torch::nn::Module& module) {
  Parameters all;
  for (const auto& item : module.named_parameters()) {
    all[item.key()] = item.value().detach().clone().requires_grad_();
  }
  return all;
}

// Away from gain 1 and bias 0, so that every gradient matters.
inline void jitter_parameters(torch::nn::Module& module, uint64_t seed) {
  torch::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (auto& item : module.named_parameters()) {
    torch::Tensor& p = item.value();
    p.add_(torch::randn(p.sizes(), generator, p.options().requires_grad(false)), 0.2);
  }
}

// What a placement puts inside a sub-layer: q, k, v on (B, T, H, D), heads on (B, T, C), hidden on
// (B, T, ffn), gate and up on what w1 and w3 give. rotate: on q and k, after those.
struct PlainInner {
  using Function = std::function<torch::Tensor(const torch::Tensor&)>;
  Function q, k, v, rotate, heads, gate, up, hidden;
  int64_t kv_heads = 0;  // 0: as heads
};

inline torch::Tensor applied(const PlainInner::Function& f, const torch::Tensor& x) {
  return f ? f(x) : x;
}

struct Plain {
  const Parameters& p;
  std::string norm = "layernorm";  // of models::known_norms()
  double eps = 1e-5;

  torch::Tensor linear(const torch::Tensor& x, const std::string& name) const {
    torch::Tensor y = x.matmul(p.at(name + ".weight").t());
    return p.contains(name + ".bias") ? y + p.at(name + ".bias") : y;
  }

  torch::Tensor normalize(const torch::Tensor& x, const std::string& name) const {
    if (norm == "seednorm") {
      const torch::Tensor dot = x.matmul(p.at(name + ".beta")).unsqueeze(-1);
      const torch::Tensor gain = dot.tanh() * p.at(name + ".alpha") + p.at(name + ".gamma");
      return x / (x.pow(2).mean(-1, true) + eps).sqrt() * gain;
    }
    const torch::Tensor& gain = p.at(name + ".weight");
    if (norm == "rmsnorm") return x / (x.pow(2).mean(-1, true) + eps).sqrt() * gain;
    if (norm == "prmsnorm") {
      const torch::Tensor part = x.narrow(-1, 0, (x.size(-1) + 15) / 16);
      return x / (part.pow(2).mean(-1, true) + eps).sqrt() * gain;
    }
    if (norm == "crmsnorm") {
      const torch::Tensor square = x.pow(2).sum(-1, true) + x.sum(-1, true).pow(2);
      return x / (square / static_cast<double>(x.size(-1) + 1) + eps).sqrt() * gain;
    }
    if (norm == "scalenorm") return x / x.pow(2).sum(-1, true).sqrt().clamp_min(eps) * gain;
    if (norm == "dyt") return (p.at(name + ".alpha") * x).tanh() * gain + p.at(name + ".bias");
    if (norm == "derf") {
      const torch::Tensor inside = p.at(name + ".alpha") * x + p.at(name + ".shift");
      return inside.erf() * gain + p.at(name + ".bias");
    }
    if (norm == "batchnorm") {  // over all rows, in training
      std::vector<int64_t> rows(static_cast<size_t>(x.dim() - 1));
      std::iota(rows.begin(), rows.end(), 0);
      const torch::Tensor centred = x - x.mean(rows, true);
      return centred / (centred.pow(2).mean(rows, true) + eps).sqrt() * gain +
             p.at(name + ".bias");
    }
    const torch::Tensor centred = x - x.mean(-1, true);
    return centred / (centred.pow(2).mean(-1, true) + eps).sqrt() * gain + p.at(name + ".bias");
  }

  // `sees` (T, S): whether position t may look at position s; undefined: everywhere.
  torch::Tensor attention(const torch::Tensor& x_BTC, const torch::Tensor& memory_BSC,
                          const std::string& name, int64_t heads, const torch::Tensor& sees,
                          const PlainInner& inner = {}) const {
    const int64_t kv_heads = inner.kv_heads ? inner.kv_heads : heads;
    const auto by_head = [&](const torch::Tensor& x, int64_t count, const PlainInner::Function& f,
                             const PlainInner::Function& then) {
      return applied(then, applied(f, x.unflatten(-1, {count, -1}))).flatten(-2);
    };
    const torch::Tensor q = by_head(linear(x_BTC, name + ".q"), heads, inner.q, inner.rotate);
    const torch::Tensor k =
        by_head(linear(memory_BSC, name + ".k"), kv_heads, inner.k, inner.rotate);
    const torch::Tensor v = by_head(linear(memory_BSC, name + ".v"), kv_heads, inner.v, {});
    const int64_t width = q.size(-1) / heads;
    std::vector<torch::Tensor> outputs;
    for (int64_t h = 0; h < heads; ++h) {
      const auto part = [&](const torch::Tensor& all) {
        const int64_t group = h * (all.size(-1) / width) / heads;  // the head that h reads
        return all.narrow(-1, group * width, width);
      };
      torch::Tensor scores =
          part(q).matmul(part(k).transpose(1, 2)) / std::sqrt(static_cast<double>(width));
      if (sees.defined()) {
        scores = scores.masked_fill(sees.logical_not(), -std::numeric_limits<double>::infinity());
      }
      const torch::Tensor weights = scores.exp() / scores.exp().sum(-1, true);
      outputs.push_back(weights.matmul(part(v)));
    }
    return linear(applied(inner.heads, torch::cat(outputs, -1)), name + ".o");
  }

  torch::Tensor relu_network(const torch::Tensor& x, const std::string& name,
                             const PlainInner& inner = {}) const {
    const torch::Tensor hidden = applied(inner.gate, linear(x, name + ".w1")).clamp_min(0);
    return linear(applied(inner.hidden, hidden), name + ".w2");
  }

  torch::Tensor swiglu_network(const torch::Tensor& x, const std::string& name,
                               const PlainInner& inner) const {
    const torch::Tensor gate = applied(inner.gate, linear(x, name + ".w1"));
    const torch::Tensor up = applied(inner.up, linear(x, name + ".w3"));
    return linear(applied(inner.hidden, gate / (1 + (-gate).exp()) * up), name + ".w2");
  }

  // One sub-layer f joined to the stream x. Of the other placements: plain_placements.h.
  torch::Tensor join(const std::string& placement, const torch::Tensor& x,
                     const std::string& norm_name,
                     const std::function<torch::Tensor(const torch::Tensor&)>& f) const {
    if (placement == "none") return x + f(x);
    if (placement == "post") return normalize(x + f(x), norm_name);
    if (placement == "pre") return x + f(normalize(x, norm_name));
    TORCH_CHECK(false, "no equation for placement ", placement);
  }
};

inline torch::Tensor causal_sees(int64_t length) {
  return torch::ones({length, length}, torch::kBool).tril();
}

// max |a - b| / max |b|
inline double relative_error(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

}  // namespace norma::test
