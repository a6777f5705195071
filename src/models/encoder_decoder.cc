// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/encoder_decoder.h"

#include <cmath>

#include "models/init.h"
#include "text/special_tokens.h"

namespace norma::models {
namespace {

StackOptions options_of(const ModelConfig& config, bool decoder) {
  StackOptions options;
  options.layers = decoder ? config.decoder_layers : config.encoder_layers;
  options.cross = decoder;
  options.attention = {config.d_model, config.heads, config.heads, true};
  options.ffn = {config.d_model, config.ffn, Activation::kRelu, true};
  options.dropout = config.dropout;
  return options;
}

}  // namespace

torch::Tensor sinusoidal_positions(int64_t positions, int64_t width) {
  const torch::Tensor table = torch::empty({positions, width}, torch::kFloat64);
  auto at = table.accessor<double, 2>();
  for (int64_t t = 0; t < positions; ++t) {
    for (int64_t c = 0; c < width; ++c) {
      const double pair = static_cast<double>(c - c % 2);
      const double angle =
          static_cast<double>(t) * std::pow(10000.0, -pair / static_cast<double>(width));
      at[t][c] = c % 2 ? std::cos(angle) : std::sin(angle);
    }
  }
  return table;
}

namespace {

torch::Tensor positions_of(const ModelConfig& config) {
  const torch::Tensor table = sinusoidal_positions(config.max_length, config.d_model);
  return config.centered_positions ? table - table.mean(1, /*keepdim=*/true) : table;
}

}  // namespace

EncoderDecoder::EncoderDecoder(const ModelConfig& config, std::optional<uint64_t> seed)
    : config_(config), positions_TC_(positions_of(config)) {
  const UnsetMatrices unset(!seed);
  embedding_ = register_module("embedding",
                               std::make_shared<Linear>(config.d_model, config.vocab_size, false));
  output_ = config.tie_embeddings
                ? embedding_
                : register_module("output",
                                  std::make_shared<Linear>(config.d_model, config.vocab_size,
                                                           config.output_bias));
  encoder_ =
      register_module("encoder", make_stack(config, "encoder", options_of(config, false)));
  decoder_ = register_module("decoder", make_stack(config, "decoder", options_of(config, true)));
  if (!seed) return;
  init_parameters(*this, config, *seed,
                  [this](std::string_view stack, int64_t layer, std::string_view sublayer,
                         std::string_view matrix) {
                    Placement& placement = (stack == "encoder" ? encoder_ : decoder_)->placement();
                    return placement.init_scale(layer, sublayer, matrix);
                  });
}

Layout EncoderDecoder::layout_of(const torch::Tensor& ids_BT) const {
  return Layout::of(ids_BT, text::kPadId, embedding_->weight.scalar_type());
}

torch::Tensor EncoderDecoder::embed(const torch::Tensor& ids_BT, const Layout& layout,
                                    int64_t first_position) const {
  const int64_t length = ids_BT.size(1);
  TORCH_CHECK(first_position + length <= config_.max_length, "[encdec] a sentence of ",
              first_position + length, " tokens is longer than max_length=", config_.max_length,
              ".");
  const torch::Tensor positions_BTC = positions_TC_.narrow(0, first_position, length)
                                          .to(embedding_->weight.scalar_type())
                                          .expand({ids_BT.size(0), -1, -1});
  const torch::Tensor x_NC =
      at::add(layout.unpad(positions_BTC), at::embedding(embedding_->weight, layout.unpad(ids_BT)),
              std::sqrt(static_cast<double>(config_.d_model)));
  return at::dropout(x_NC, config_.dropout, is_training());
}

EncoderDecoder::Memory EncoderDecoder::encode(const torch::Tensor& source_BS) {
  Memory memory;
  memory.layout = layout_of(source_BS);
  AttentionContext self;
  self.layout = memory.layout;
  memory.x_NC = encoder_->forward(
      embed(source_BS, memory.layout, 0), self, {}, nullptr,
      [this](int64_t layer, const torch::Tensor& x) { tap("encoder", layer, x); });
  return memory;
}

torch::Tensor EncoderDecoder::decode(const torch::Tensor& target_BT, const Memory& memory,
                                     StackCache* cache) {
  AttentionContext self, cross;
  self.layout = cross.layout = layout_of(target_BT);
  self.causal = true;
  cross.cross = true;
  cross.memory_NC = memory.x_NC;
  cross.memory_layout = memory.layout;
  const torch::Tensor x_NC = decoder_->forward(
      embed(target_BT, self.layout, cache ? cache->positions() : 0), self, cross, cache,
      [this](int64_t layer, const torch::Tensor& x) { tap("decoder", layer, x); });
  return decoder_->placement().scale_logits(output_->forward(x_NC));
}

torch::Tensor EncoderDecoder::logits_BTV(const Batch& batch) {
  const torch::Tensor logits_NV = decode(batch.target_in_BT, encode(batch.source_BS), nullptr);
  return layout_of(batch.target_in_BT).pad(logits_NV);
}

torch::Tensor EncoderDecoder::loss(const Batch& batch, double label_smoothing) {
  const torch::Tensor logits_NV = decode(batch.target_in_BT, encode(batch.source_BS), nullptr);
  const torch::Tensor target_N = layout_of(batch.target_in_BT).unpad(batch.target_out_BT);
  return models::loss(logits_NV, target_N, label_smoothing);
}

std::vector<ProbedWeight> EncoderDecoder::ffn_output_weights() {
  std::vector<ProbedWeight> weights;
  for (int64_t l = 0; l < encoder_->layers(); ++l) {
    weights.push_back({"encoder", l, encoder_->ffn_output_weight(l)});
  }
  for (int64_t l = 0; l < decoder_->layers(); ++l) {
    weights.push_back({"decoder", l, decoder_->ffn_output_weight(l)});
  }
  return weights;
}

int64_t EncoderDecoder::norm_calls_per_forward() const {
  return encoder_->placement().norm_calls() + decoder_->placement().norm_calls();
}

}  // namespace norma::models
