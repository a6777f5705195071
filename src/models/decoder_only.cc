// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/decoder_only.h"

#include "models/init.h"

namespace norma::models {
namespace {

StackOptions stack_options(const ModelConfig& config, const DecoderOptions& more) {
  const bool llama = config.family == "llama";
  const int64_t kv_heads = config.kv_heads ? config.kv_heads : config.heads;
  StackOptions options;
  options.layers = config.decoder_layers;
  options.attention = {config.d_model, config.heads, kv_heads, !llama};
  options.attention.head_width = more.head_width;
  options.attention.scale = more.attention_scale;
  options.attention.softcap = more.attention_softcap;
  const Activation gated = more.geglu ? Activation::kGeGluTanh : Activation::kSwiGlu;
  const Activation gelu = more.erf_gelu ? Activation::kGelu : Activation::kGeluTanh;
  options.ffn = {config.d_model, config.ffn, llama ? gated : gelu, !llama};
  options.windows = more.windows;
  options.dropout = config.dropout;
  return options;
}

}  // namespace

DecoderOnly::DecoderOnly(const ModelConfig& config, std::optional<uint64_t> seed,
                         const DecoderOptions& options)
    : config_(config), options_(options) {
  const UnsetMatrices unset(!seed);
  const auto matrix = [&](int64_t rows, bool bias = false) {
    return std::make_shared<Linear>(config.d_model, rows, bias);
  };
  embedding_ = register_module("embedding", matrix(config.vocab_size));
  if (config.family == "gpt") {
    positions_ = register_module("positions", matrix(config.max_length));
  } else {
    const int64_t width = options.head_width ? options.head_width : config.d_model / config.heads;
    turns_.exact_TE = rotary_turns(config.max_length, width, options.rotary);
    if (options.local_rotary) {
      local_turns_.exact_TE = rotary_turns(config.max_length, width, *options.local_rotary);
    }
  }
  output_ = config.tie_embeddings
                ? embedding_
                : register_module("output", matrix(config.vocab_size, config.output_bias));
  decoder_ =
      register_module("decoder", make_stack(config, "decoder", stack_options(config, options)));
  if (!seed) return;
  init_parameters(
      *this, config, *seed,
      [this](std::string_view, int64_t layer, std::string_view sublayer, std::string_view matrix) {
        return decoder_->placement().init_scale(layer, sublayer, matrix);
      });
}

torch::Tensor DecoderOnly::Turns::at(int64_t start, int64_t length, torch::ScalarType real) {
  const torch::ScalarType type = c10::toComplexType(real);
  if (!used_TE.defined() || used_TE.scalar_type() != type) {
    // Kept beyond this call, it may be asked for by one that records gradients.
    const c10::InferenceMode normal(false);
    used_TE = exact_TE.to(type);
  }
  return used_TE.narrow(0, start, length);
}

torch::Tensor DecoderOnly::logits(const torch::Tensor& ids_BT, StackCache* cache) {
  const int64_t length = ids_BT.size(1);
  const int64_t start = cache ? cache->positions() : 0;
  TORCH_CHECK(start + length <= config_.max_length, "[", config_.family, "] a text of ",
              start + length, " tokens is longer than max_length=", config_.max_length, ".");
  torch::Tensor x_BTC = at::embedding(embedding_->weight, ids_BT);
  if (options_.embedding_scale != 1) x_BTC = x_BTC * options_.embedding_scale;
  AttentionContext self;
  self.layout = Layout::dense(ids_BT.size(0), length);
  self.causal = true;
  if (positions_) {
    x_BTC = x_BTC + positions_->weight.narrow(0, start, length);
  } else {
    self.turns_TE = turns_.at(start, length, x_BTC.scalar_type());
    if (local_turns_.exact_TE.defined()) {
      self.local_turns_TE = local_turns_.at(start, length, x_BTC.scalar_type());
    }
  }
  x_BTC = at::dropout(x_BTC, config_.dropout, is_training());
  const torch::Tensor x_NC = decoder_->forward(
      self.layout.unpad(x_BTC), self, {}, cache,
      [this](int64_t layer, const torch::Tensor& x) { tap("decoder", layer, x); });
  torch::Tensor logits_NV = decoder_->placement().scale_logits(output_->forward(x_NC));
  const double cap = options_.logit_softcap;
  if (cap > 0) logits_NV = (logits_NV / cap).tanh() * cap;
  return self.layout.pad(logits_NV);
}

struct DecoderOnly::Cache : LanguageModel::State {
  StackCache stack;
};

std::unique_ptr<LanguageModel::State> DecoderOnly::fresh_state(int64_t) const {
  auto cache = std::make_unique<Cache>();
  cache->stack = empty_cache();
  return cache;
}

torch::Tensor DecoderOnly::next_logits(const torch::Tensor& ids_BT, State* state) {
  return logits(ids_BT, &dynamic_cast<Cache&>(*state).stack);
}

torch::Tensor DecoderOnly::logits_BTV(const Batch& batch) {
  return logits(batch.target_in_BT, nullptr);
}

torch::Tensor DecoderOnly::loss(const Batch& batch, double label_smoothing) {
  return models::loss(logits_BTV(batch), batch.target_out_BT, label_smoothing);
}

std::vector<ProbedWeight> DecoderOnly::ffn_output_weights() {
  std::vector<ProbedWeight> weights;
  for (int64_t l = 0; l < decoder_->layers(); ++l) {
    weights.push_back({"decoder", l, decoder_->ffn_output_weight(l)});
  }
  return weights;
}

int64_t DecoderOnly::norm_calls_per_forward() const { return decoder_->placement().norm_calls(); }

}  // namespace norma::models
