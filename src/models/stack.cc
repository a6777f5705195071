// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/stack.h"

namespace norma::models {

std::shared_ptr<Stack> make_stack(const ModelConfig& config, const std::string& name,
                                  const StackOptions& options) {
  PlacementOptions placement;
  placement.stack = name;
  placement.layers = options.layers;
  placement.sublayers = {"self", "ffn"};
  if (options.cross) placement.sublayers = {"self", "cross", "ffn"};
  placement.encoder_layers = config.family == "encdec" ? config.encoder_layers : 0;
  placement.decoder_layers = config.decoder_layers;
  if (config.family == "bert") {
    placement.encoder_layers = config.encoder_layers;
    placement.decoder_layers = 0;
  }
  placement.d_model = config.d_model;
  placement.heads = options.attention.heads;
  placement.kv_heads = options.attention.kv_heads;
  placement.head_width = options.attention.width_of_head();
  placement.ffn = config.ffn;
  placement.gated = is_gated(options.ffn.activation);
  placement.vocab_size = config.vocab_size;
  placement.norm = config.norm;
  placement.norm_eps = config.norm_eps;
  placement.qk_norm = config.qk_norm;
  return std::make_shared<Stack>(options, make_placement(config.placement, placement));
}

Stack::Stack(const StackOptions& options, std::shared_ptr<Placement> placement)
    : placement_(std::move(placement)), dropout_(options.dropout), windows_(options.windows) {
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    auto module = register_module(std::to_string(layer), std::make_shared<Module>());
    const auto attention = [&](const char* name) {
      return module->register_module(
          name, std::make_shared<MultiHeadAttention>(options.attention,
                                                     placement_->inner_norms(layer, name)));
    };
    Block block;
    block.self = attention("self");
    if (options.cross) block.cross = attention("cross");
    block.ffn = module->register_module(
        "ffn", std::make_shared<FeedForward>(options.ffn, placement_->inner_norms(layer, "ffn")));
    blocks_.push_back(std::move(block));
  }
  register_module("norms", placement_);
}

torch::Tensor Stack::forward(const torch::Tensor& x_NC, AttentionContext self,
                             AttentionContext cross, StackCache* cache,
                             const std::function<void(int64_t, const torch::Tensor&)>& tap) {
  Stream stream{x_NC, {}};
  const torch::Tensor turns_TE = self.turns_TE;
  if (tap) tap(0, stream.x);
  const auto drop = [this](torch::Tensor x) {
    return dropout_ > 0 && is_training() ? at::dropout(x, dropout_, true) : x;
  };
  for (int64_t layer = 0; layer < layers(); ++layer) {
    const Block& block = blocks_[layer];
    if (cache) {
      self.seen = &cache->self[layer];
      cross.seen = &cache->cross[layer];
    }
    if (!windows_.empty()) {
      self.window = windows_[static_cast<size_t>(layer)];
      const bool local = self.window > 0 && self.local_turns_TE.defined();
      self.turns_TE = local ? self.local_turns_TE : turns_TE;
    }
    if (attention_tap_) {
      self.tap = [&, layer](const torch::Tensor& query, const torch::Tensor& key) {
        attention_tap_(layer, query, key, self.causal);
      };
    }
    std::vector<Sublayer> sublayers;
    sublayers.reserve(3);
    sublayers.push_back(
        {"self", [&](const torch::Tensor& x) { return drop(block.self->forward(x, self)); }});
    if (block.cross) {
      sublayers.push_back(
          {"cross", [&](const torch::Tensor& x) { return drop(block.cross->forward(x, cross)); }});
    }
    sublayers.push_back(
        {"ffn", [&](const torch::Tensor& x) { return drop(block.ffn->forward(x)); }});
    placement_->block(layer, stream, sublayers);
    if (tap) tap(layer + 1, placement_->residual(stream));
  }
  torch::Tensor out = placement_->finish(stream);
  if (tap && placement_->has_final_norm()) tap(-1, out);
  return out;
}

const torch::Tensor& Stack::ffn_output_weight(int64_t layer) const {
  return blocks_[layer].ffn->output_weight();
}

StackCache Stack::empty_cache() const {
  return {std::vector<KeyValues>(blocks_.size()), std::vector<KeyValues>(blocks_.size())};
}

}  // namespace norma::models
