// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/attention.h"

#include <cmath>

namespace norma::models {
namespace {

// Head h of the result is head h / repeats of x.
torch::Tensor repeat_heads(const torch::Tensor& x_BHSD, int64_t repeats) {
  if (repeats == 1) return x_BHSD;
  const auto n = x_BHSD.sizes();
  return x_BHSD.unsqueeze(2)
      .expand({n[0], n[1], repeats, n[2], n[3]})
      .reshape({n[0], n[1] * repeats, n[2], n[3]});
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const AttentionOptions& options, InnerNorms inner)
    : options_(options), inner_(std::move(inner)) {
  const int64_t c = options.d_model;
  const int64_t kv = c / options.heads * options.kv_heads;
  q_ = register_module("q", std::make_shared<Linear>(c, c, options.bias));
  k_ = register_module("k", std::make_shared<Linear>(c, kv, options.bias));
  v_ = register_module("v", std::make_shared<Linear>(c, kv, options.bias));
  o_ = register_module("o", std::make_shared<Linear>(c, c, options.bias));
}

torch::Tensor MultiHeadAttention::split_heads(const torch::Tensor& projected, int64_t heads,
                                              const InnerNorms::Function& norm) const {
  torch::Tensor x_BTHD = projected.view(
      {projected.size(0), projected.size(1), heads, options_.d_model / options_.heads});
  if (norm) x_BTHD = norm(x_BTHD);
  return x_BTHD.transpose(1, 2);
}

KeyValues MultiHeadAttention::project_memory(const torch::Tensor& memory_BSC) const {
  return {split_heads(k_->forward(memory_BSC), options_.kv_heads, inner_.key),
          split_heads(v_->forward(memory_BSC), options_.kv_heads, inner_.value)};
}

torch::Tensor MultiHeadAttention::forward(const torch::Tensor& x_BTC,
                                          const AttentionContext& context) const {
  const int64_t length = x_BTC.size(1);
  const bool cross = context.memory_BSC.defined();
  KeyValues* seen = context.seen;
  const bool have_seen = seen && seen->key_BHSD.defined();
  const int64_t start = have_seen && !cross ? seen->key_BHSD.size(2) : 0;
  TORCH_CHECK(start == 0 || length == 1,
              "[attention] after the first call one position at a time, not ", length, ".");

  torch::Tensor query = split_heads(q_->forward(x_BTC), options_.heads, inner_.query);
  KeyValues kv;
  if (cross && have_seen) {
    kv = *seen;
  } else {
    kv = project_memory(cross ? context.memory_BSC : x_BTC);
    if (context.cos_TD.defined()) {
      query = rotate(query, context.cos_TD, context.sin_TD);
      kv.key_BHSD = rotate(kv.key_BHSD, context.cos_TD, context.sin_TD);
    }
    if (start > 0) {
      kv = {torch::cat({seen->key_BHSD, kv.key_BHSD}, 2),
            torch::cat({seen->value_BHSD, kv.value_BHSD}, 2)};
    }
    if (seen) *seen = kv;
  }
  const int64_t repeats = options_.heads / options_.kv_heads;
  const torch::Tensor heads_BHTD = at::scaled_dot_product_attention(
      query, repeat_heads(kv.key_BHSD, repeats), repeat_heads(kv.value_BHSD, repeats),
      context.key_bias_B11S, 0.0, context.causal && length > 1);
  torch::Tensor heads_BTC = heads_BHTD.transpose(1, 2).reshape(x_BTC.sizes());
  if (inner_.heads) heads_BTC = inner_.heads(heads_BTC);
  return o_->forward(heads_BTC);
}

std::pair<torch::Tensor, torch::Tensor> rotary_tables(int64_t positions, int64_t width,
                                                      double base) {
  const auto f64 = torch::TensorOptions(torch::kFloat64);
  const torch::Tensor exponent = torch::arange(0, width, 2, f64) / static_cast<double>(width);
  const torch::Tensor angle =
      torch::outer(torch::arange(positions, f64), torch::pow(base, -exponent))
          .repeat_interleave(2, 1);
  return {angle.cos(), angle.sin()};
}

torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& cos_TD,
                     const torch::Tensor& sin_TD) {
  const torch::Tensor pairs = x.unflatten(-1, {-1, 2});
  const torch::Tensor turned =
      torch::stack({-pairs.select(-1, 1), pairs.select(-1, 0)}, -1).flatten(-2);
  return x * cos_TD + turned * sin_TD;
}

}  // namespace norma::models
