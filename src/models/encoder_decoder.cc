// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/encoder_decoder.h"

#include <cmath>
#include <limits>

#include "models/init.h"
#include "text/special_tokens.h"

namespace norma::models {
namespace {

StackOptions stack_options(const ModelConfig& config, bool decoder) {
  StackOptions options;
  options.layers = decoder ? config.decoder_layers : config.encoder_layers;
  options.cross = decoder;
  options.attention = {config.d_model, config.heads, config.heads, true};
  options.ffn = {config.d_model, config.ffn, Activation::kRelu, true};
  options.dropout = config.dropout;
  return options;
}

// None where nothing is padded, so that attention takes its short way.
std::optional<torch::Tensor> padding_bias_B11S(const torch::Tensor& ids_BS,
                                               torch::ScalarType type) {
  const torch::Tensor padding = ids_BS == text::kPadId;
  if (!padding.any().item<bool>()) return std::nullopt;
  return torch::zeros(ids_BS.sizes(), type)
      .masked_fill_(padding, -std::numeric_limits<double>::infinity())
      .unsqueeze(1)
      .unsqueeze(1);
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

EncoderDecoder::EncoderDecoder(const ModelConfig& config, uint64_t seed)
    : config_(config), positions_TC_(sinusoidal_positions(config.max_length, config.d_model)) {
  embedding_ = register_module("embedding",
                               std::make_shared<Linear>(config.d_model, config.vocab_size, false));
  output_ = config.tie_embeddings
                ? embedding_
                : register_module(
                      "output", std::make_shared<Linear>(config.d_model, config.vocab_size, false));
  encoder_ =
      register_module("encoder", make_stack(config, "encoder", stack_options(config, false)));
  decoder_ = register_module("decoder", make_stack(config, "decoder", stack_options(config, true)));
  init_parameters(*this, config, seed,
                  [this](std::string_view stack, int64_t layer, std::string_view sublayer,
                         std::string_view matrix) {
                    Placement& placement = (stack == "encoder" ? encoder_ : decoder_)->placement();
                    return placement.init_scale(layer, sublayer, matrix);
                  });
}

torch::Tensor EncoderDecoder::embed(const torch::Tensor& ids_BT, int64_t first_position) const {
  const int64_t length = ids_BT.size(1);
  TORCH_CHECK(first_position + length <= config_.max_length, "[encdec] a sentence of ",
              first_position + length, " tokens is longer than max_length=", config_.max_length,
              ".");
  const torch::Tensor positions =
      positions_TC_.narrow(0, first_position, length).to(embedding_->weight.scalar_type());
  const torch::Tensor x = at::add(positions, at::embedding(embedding_->weight, ids_BT),
                                  std::sqrt(static_cast<double>(config_.d_model)));
  return at::dropout(x, config_.dropout, is_training());
}

EncoderDecoder::Memory EncoderDecoder::encode(const torch::Tensor& source_BS) {
  Memory memory;
  memory.key_bias_B11S = padding_bias_B11S(source_BS, embedding_->weight.scalar_type());
  AttentionContext self;
  self.key_bias_B11S = memory.key_bias_B11S;
  memory.x_BSC = encoder_->forward(
      embed(source_BS, 0), self, {}, nullptr,
      [this](int64_t layer, const torch::Tensor& x) { tap("encoder", layer, x); });
  return memory;
}

torch::Tensor EncoderDecoder::decode(const torch::Tensor& target_BT, const Memory& memory,
                                     StackCache* cache) {
  // Padding stands after the last token that counts, and causal attention never looks ahead.
  AttentionContext self, cross;
  self.causal = true;
  cross.memory_BSC = memory.x_BSC;
  cross.key_bias_B11S = memory.key_bias_B11S;
  const torch::Tensor x_BTC = decoder_->forward(
      embed(target_BT, cache ? cache->positions() : 0), self, cross, cache,
      [this](int64_t layer, const torch::Tensor& x) { tap("decoder", layer, x); });
  return output_->forward(x_BTC);
}

torch::Tensor EncoderDecoder::logits_BTV(const Batch& batch) {
  return decode(batch.target_in_BT, encode(batch.source_BS), nullptr);
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
