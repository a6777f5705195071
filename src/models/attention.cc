// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/attention.h"

#include <cmath>
#include <limits>
#include <numbers>

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

// (T, S): 0 where the last T of S positions see, each itself and `window` - 1 before it, else
// -infinity.
torch::Tensor causal_bias(int64_t queries, int64_t keys, int64_t window,
                          const torch::TensorOptions& options) {
  const auto longs = torch::TensorOptions(torch::kInt64);
  const torch::Tensor at_T1 = torch::arange(keys - queries, keys, longs).unsqueeze(1);
  const torch::Tensor back_TS = at_T1 - torch::arange(keys, longs);
  return torch::zeros({queries, keys}, options)
      .masked_fill_((back_TS < 0).logical_or(back_TS >= window),
                    -std::numeric_limits<double>::infinity());
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const AttentionOptions& options, InnerNorms inner)
    : options_(options), inner_(std::move(inner)) {
  const int64_t c = options.d_model;
  const int64_t heads = options.width_of_head() * options.heads;
  const int64_t kv = options.width_of_head() * options.kv_heads;
  q_ = register_module("q", std::make_shared<Linear>(c, heads, options.bias));
  k_ = register_module("k", std::make_shared<Linear>(c, kv, options.bias));
  v_ = register_module("v", std::make_shared<Linear>(c, kv, options.bias));
  o_ = register_module("o", std::make_shared<Linear>(heads, c, options.bias));
}

torch::Tensor MultiHeadAttention::project(const Linear& matrix, const torch::Tensor& x_NC,
                                          int64_t heads, const InnerNorms::Function& norm,
                                          const Layout& layout) const {
  torch::Tensor x_NHD =
      matrix.forward(x_NC).view({x_NC.size(0), heads, options_.width_of_head()});
  if (norm) x_NHD = norm(x_NHD);
  return layout.pad(x_NHD).transpose(1, 2);
}

torch::Tensor MultiHeadAttention::attend(const torch::Tensor& query, const torch::Tensor& key,
                                         const torch::Tensor& value,
                                         const AttentionContext& context) const {
  const Layout& of_keys = context.cross ? context.memory_layout : context.layout;
  const bool windowed = context.causal && context.window > 0 && key.size(-2) > context.window;
  if (options_.softcap <= 0) {
    // Padding stands after the last real position, which causal attention never looks at.
    std::optional<torch::Tensor> bias = context.causal ? std::nullopt : of_keys.key_bias_B11T;
    if (windowed) bias = causal_bias(query.size(-2), key.size(-2), context.window, query.options());
    return at::scaled_dot_product_attention(query, key, value, bias, 0.0,
                                            context.causal && !windowed && query.size(-2) > 1);
  }
  torch::Tensor scores =
      query.matmul(key.transpose(-1, -2)) / std::sqrt(static_cast<double>(query.size(-1)));
  scores = (scores / options_.softcap).tanh() * options_.softcap;
  if (context.causal) {
    scores = scores + causal_bias(query.size(-2), key.size(-2),
                                  windowed ? context.window : key.size(-2), query.options());
  } else if (of_keys.key_bias_B11T) {
    scores = scores + *of_keys.key_bias_B11T;
  }
  return scores.softmax(-1).matmul(value);
}

torch::Tensor MultiHeadAttention::forward(const torch::Tensor& x_NC,
                                          const AttentionContext& context) const {
  const Layout& layout = context.layout;
  KeyValues* seen = context.seen;
  const bool have_seen = seen && seen->key_BHSD.defined();
  const bool append = have_seen && !context.cross;
  TORCH_CHECK(!append || layout.length == 1,
              "[attention] after the first call one position at a time, not ", layout.length, ".");

  torch::Tensor query = project(*q_, x_NC, options_.heads, inner_.query, layout);
  KeyValues kv;
  if (context.cross && have_seen) {
    kv = *seen;
  } else {
    const torch::Tensor& from = context.cross ? context.memory_NC : x_NC;
    const Layout& from_layout = context.cross ? context.memory_layout : layout;
    kv = {project(*k_, from, options_.kv_heads, inner_.key, from_layout),
          project(*v_, from, options_.kv_heads, inner_.value, from_layout)};
  }
  if (context.cos_TD.defined()) {
    query = rotate(query, context.cos_TD, context.sin_TD);
    kv.key_BHSD = rotate(kv.key_BHSD, context.cos_TD, context.sin_TD);
  }
  if (options_.scale > 0) {
    query = query * (options_.scale * std::sqrt(static_cast<double>(query.size(-1))));
  }
  if (append) {
    kv = {torch::cat({seen->key_BHSD, kv.key_BHSD}, 2),
          torch::cat({seen->value_BHSD, kv.value_BHSD}, 2)};
  }
  if (seen) *seen = kv;

  const int64_t repeats = options_.heads / options_.kv_heads;
  const torch::Tensor key = repeat_heads(kv.key_BHSD, repeats);
  if (context.tap) context.tap(query, key);
  const torch::Tensor heads_BHTD =
      attend(query, key, repeat_heads(kv.value_BHSD, repeats), context);
  torch::Tensor heads_NC = layout.unpad(heads_BHTD.transpose(1, 2).flatten(2));
  if (inner_.heads) heads_NC = inner_.heads(heads_NC);
  return o_->forward(heads_NC);
}

std::pair<torch::Tensor, torch::Tensor> rotary_tables(int64_t positions, int64_t width,
                                                      const RotaryOptions& options) {
  const auto f64 = torch::TensorOptions(torch::kFloat64);
  const torch::Tensor exponent = torch::arange(0, width, 2, f64) / static_cast<double>(width);
  torch::Tensor frequency = torch::pow(options.base, -exponent);
  torch::Tensor kept = torch::zeros_like(frequency);  // the share that is not slowed
  if (options.original_positions > 0) {
    const torch::Tensor turns = frequency * (options.original_positions / (2 * std::numbers::pi));
    kept = ((turns - options.low_frequency) / (options.high_frequency - options.low_frequency))
               .clamp(0, 1);
  }
  frequency = kept * frequency + (1 - kept) * frequency / options.factor;
  const torch::Tensor angle =
      torch::outer(torch::arange(positions, f64), frequency).repeat_interleave(2, 1);
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
