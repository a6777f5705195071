// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/encoder_only.h"

#include "models/init.h"
#include "models/norm.h"
#include "text/special_tokens.h"

namespace norma::models {
namespace {

StackOptions encoder_options(const ModelConfig& config, bool tanh_gelu) {
  StackOptions options;
  options.layers = config.encoder_layers;
  options.attention = {config.d_model, config.heads, config.heads, true};
  options.ffn = {config.d_model, config.ffn,
                 tanh_gelu ? Activation::kGeluTanh : Activation::kGelu, true};
  options.dropout = config.dropout;
  return options;
}

}  // namespace

EncoderOnly::EncoderOnly(const ModelConfig& config, std::optional<uint64_t> seed,
                         const EncoderOptions& options)
    : config_(config) {
  const UnsetMatrices unset(!seed);
  const auto matrix = [&](const char* name, int64_t rows) {
    return register_module(name, std::make_shared<Linear>(config.d_model, rows, false));
  };
  embedding_ = matrix("embedding", config.vocab_size);
  positions_ = matrix("positions", config.max_length);
  types_ = matrix("types", options.types);
  if (options.output) {
    output_ = config.tie_embeddings ? embedding_ : matrix("output", config.vocab_size);
  }
  if (options.pooler) {
    pooler_ = register_module("pooler",
                              std::make_shared<Linear>(config.d_model, config.d_model, true));
  }
  encoder_ = register_module(
      "encoder", make_stack(config, "encoder", encoder_options(config, options.tanh_gelu)));
  if (encoder_->placement().norm_calls() > 0) {
    embedding_norm_ = make_norm(config.norm, config.d_model, config.norm_eps);
    encoder_->placement().register_module("embedding", embedding_norm_.ptr());
  }
  if (!seed) return;
  init_parameters(
      *this, config, *seed,
      [this](std::string_view, int64_t layer, std::string_view sublayer, std::string_view matrix) {
        return encoder_->placement().init_scale(layer, sublayer, matrix);
      });
}

Layout EncoderOnly::layout_of(const torch::Tensor& ids_BT, int64_t padding_id) {
  return Layout::of(ids_BT, padding_id, torch::kFloat32);
}

torch::Tensor EncoderOnly::encode(const torch::Tensor& ids_BT, const Layout& layout) {
  TORCH_CHECK(layout.length <= config_.max_length, "[bert] a text of ", layout.length,
              " tokens is longer than max_length=", config_.max_length, ".");
  const torch::Tensor positions_BTC =
      positions_->weight.narrow(0, 0, layout.length).expand({layout.batch, -1, -1});
  torch::Tensor x_NC = at::embedding(embedding_->weight, layout.unpad(ids_BT)) +
                       types_->weight.select(0, 0) + layout.unpad(positions_BTC);
  if (!embedding_norm_.is_empty()) x_NC = embedding_norm_.forward(x_NC);
  x_NC = at::dropout(x_NC, config_.dropout, is_training());
  AttentionContext self;
  self.layout = layout;
  if (self.layout.key_bias_B11T) {
    self.layout.key_bias_B11T = self.layout.key_bias_B11T->to(x_NC.scalar_type());
  }
  return encoder_->forward(
      x_NC, self, {}, nullptr,
      [this](int64_t layer, const torch::Tensor& x) { tap("encoder", layer, x); });
}

torch::Tensor EncoderOnly::pool(const torch::Tensor& x_NC, const Layout& layout,
                                Pooling pooling) const {
  const torch::Tensor x_BTC = layout.pad(x_NC);
  if (pooling == Pooling::kNone) return x_BTC;
  if (pooling == Pooling::kMean) {
    const torch::Tensor ones_N1 = torch::ones({x_NC.size(0), 1}, x_NC.options());
    return x_BTC.sum(1) / layout.pad(ones_N1).sum(1);
  }
  const torch::Tensor first_BC = x_BTC.select(1, 0);
  if (pooling == Pooling::kCls) return first_BC;
  TORCH_CHECK(pooler_, "[bert] this model has no pooler.");
  return pooler_->forward(first_BC).tanh();
}

torch::Tensor EncoderOnly::logits_NV(const Batch& batch, const Layout& layout) {
  TORCH_CHECK(output_, "[bert] this model was read without its output matrix.");
  return encoder_->placement().scale_logits(
      output_->forward(encode(batch.target_in_BT, layout)));
}

torch::Tensor EncoderOnly::logits_BTV(const Batch& batch) {
  const Layout layout = layout_of(batch.target_in_BT, text::kPadId);
  return layout.pad(logits_NV(batch, layout));
}

torch::Tensor EncoderOnly::loss(const Batch& batch, double label_smoothing) {
  const Layout layout = layout_of(batch.target_in_BT, text::kPadId);
  return models::loss(logits_NV(batch, layout), layout.unpad(batch.target_out_BT),
                      label_smoothing);
}

int64_t EncoderOnly::norm_calls_per_forward() const {
  return encoder_->placement().norm_calls() + (embedding_norm_.is_empty() ? 0 : 1);
}

std::vector<ProbedWeight> EncoderOnly::ffn_output_weights() {
  std::vector<ProbedWeight> weights;
  for (int64_t l = 0; l < encoder_->layers(); ++l) {
    weights.push_back({"encoder", l, encoder_->ffn_output_weight(l)});
  }
  return weights;
}

}  // namespace norma::models
