// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

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

void KeyValues::Half::append(const torch::Tensor& more) {
  if (!seen.defined()) {
    seen = more;
    return;
  }
  // A gradient needs what was seen as it was.
  if (torch::GradMode::is_enabled()) {
    seen = torch::cat({seen, more}, 2);
    room = torch::Tensor();
    return;
  }
  const int64_t before = seen.size(2), after = before + more.size(2);
  if (!room.defined() || room.size(2) < after) {
    constexpr int64_t kLeast = 32;
    std::vector<int64_t> sizes = seen.sizes().vec();
    sizes[2] = std::max(kLeast, 2 * after);
    room = torch::empty(sizes, seen.options());
    room.narrow(2, 0, before).copy_(seen);
  }
  room.narrow(2, before, more.size(2)).copy_(more);
  seen = room.narrow(2, 0, after);
}

void KeyValues::Half::select_rows(const torch::Tensor& rows) {
  const int64_t positions = seen.size(2);
  seen = (room.defined() ? room : seen).index_select(0, rows);
  if (room.defined()) room = std::exchange(seen, seen.narrow(2, 0, positions));
}

void KeyValues::append(const torch::Tensor& key_BHTD, const torch::Tensor& value_BHTD) {
  key_.append(key_BHTD);
  value_.append(value_BHTD);
}

void KeyValues::select_rows(const torch::Tensor& rows) {
  key_.select_rows(rows);
  value_.select_rows(rows);
}

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

// query: (B, H, T, D), or with T = 1 (B, K, H / K, D) and keys of K heads.
torch::Tensor MultiHeadAttention::attend(const torch::Tensor& query, const torch::Tensor& key,
                                         const torch::Tensor& value,
                                         const AttentionContext& context) const {
  const Layout& of_keys = context.cross ? context.memory_layout : context.layout;
  const int64_t queries = context.layout.length, keys = key.size(-2);
  const bool windowed = context.causal && context.window > 0 && keys > context.window;
  if (options_.softcap <= 0) {
    // Padding stands after the last real position, which causal attention never looks at.
    std::optional<torch::Tensor> bias = context.causal ? std::nullopt : of_keys.key_bias_B11T;
    if (windowed) bias = causal_bias(queries, keys, context.window, query.options());
    return at::scaled_dot_product_attention(query, key, value, bias, 0.0,
                                            context.causal && !windowed && queries > 1);
  }
  torch::Tensor scores =
      query.matmul(key.transpose(-1, -2)) / std::sqrt(static_cast<double>(query.size(-1)));
  scores = (scores / options_.softcap).tanh() * options_.softcap;
  if (context.causal) {
    scores = scores +
             causal_bias(queries, keys, windowed ? context.window : keys, query.options());
  } else if (of_keys.key_bias_B11T) {
    scores = scores + *of_keys.key_bias_B11T;
  }
  return scores.softmax(-1).matmul(value);
}

torch::Tensor MultiHeadAttention::forward(const torch::Tensor& x_NC,
                                          const AttentionContext& context) const {
  const Layout& layout = context.layout;
  KeyValues* seen = context.seen;
  const bool have_seen = seen && !seen->empty();
  TORCH_CHECK(!have_seen || context.cross || layout.length == 1,
              "[attention] after the first call one position at a time, not ", layout.length, ".");

  torch::Tensor query = project(*q_, x_NC, options_.heads, inner_.query, layout);
  if (context.turns_TE.defined()) query = rotate(query, context.turns_TE);
  if (options_.scale > 0) {
    query = query * (options_.scale * std::sqrt(static_cast<double>(query.size(-1))));
  }
  torch::Tensor key, value;
  if (!(context.cross && have_seen)) {
    const torch::Tensor& from = context.cross ? context.memory_NC : x_NC;
    const Layout& from_layout = context.cross ? context.memory_layout : layout;
    key = project(*k_, from, options_.kv_heads, inner_.key, from_layout);
    value = project(*v_, from, options_.kv_heads, inner_.value, from_layout);
    if (context.turns_TE.defined()) key = rotate(key, context.turns_TE);
    if (seen) seen->append(key, value);
  }
  if (seen) {
    key = seen->key_BHSD();
    value = seen->value_BHSD();
  }

  const int64_t repeats = options_.heads / options_.kv_heads;
  torch::Tensor heads_BHTD;
  if (repeats > 1 && layout.length == 1 && !context.tap) {
    // Of one position, the heads that share a key head are to it what positions are.
    const torch::Tensor grouped = query.reshape({query.size(0), options_.kv_heads, repeats, -1});
    heads_BHTD = attend(grouped, key, value, context).reshape(query.sizes());
  } else {
    key = repeat_heads(key, repeats);
    if (context.tap) context.tap(query, key);
    heads_BHTD = attend(query, key, repeat_heads(value, repeats), context);
  }
  torch::Tensor heads_NC = layout.unpad(heads_BHTD.transpose(1, 2).flatten(2));
  if (inner_.heads) heads_NC = inner_.heads(heads_NC);
  return o_->forward(heads_NC);
}

torch::Tensor rotary_turns(int64_t positions, int64_t width, const RotaryOptions& options) {
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
  const torch::Tensor angle = torch::outer(torch::arange(positions, f64), frequency);
  return torch::polar(torch::ones_like(angle), angle);
}

torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& turns_TE) {
  const torch::Tensor pairs = x.unflatten(-1, {-1, 2});
  // One position, of each token of a text: one operation instead of seven.
  if (turns_TE.size(0) == 1 && !torch::GradMode::is_enabled()) {
    return torch::view_as_real(torch::view_as_complex(pairs) * turns_TE).flatten(-2);
  }
  const torch::Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1);
  const torch::Tensor cos = torch::real(turns_TE), sin = torch::imag(turns_TE);
  return torch::stack({a * cos - b * sin, b * cos + a * sin}, -1).flatten(-2);
}

}  // namespace norma::models
