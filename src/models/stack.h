// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A stack of Transformer blocks: the encoder or the decoder of a model. Each block has
// self-attention, cross-attention where asked for, and a feed-forward network; a placement joins
// them to the residual stream.
//
// Parameter names: "<layer>.self.q.weight", "<layer>.cross.o.bias", "<layer>.ffn.w1.weight", and
// the norms below "norms": "norms.<layer>.<sub-layer>.weight", "norms.final.weight".
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <vector>

#include "models/attention.h"
#include "models/config.h"
#include "models/feed_forward.h"
#include "models/placement.h"

namespace norma::models {

struct StackOptions {
  int64_t layers = 0;
  bool cross = false;
  AttentionOptions attention;
  FeedForwardOptions ffn;
  double dropout = 0;  // of each sub-layer's output; there is none on attention weights
  // Of each layer's self-attention, as in AttentionContext; none: 0 for all.
  std::vector<int64_t> windows;
};

// What stays from one call to the next when tokens are decoded one by one; one entry a block.
struct StackCache {
  std::vector<KeyValues> self, cross;

  int64_t positions() const { return self.front().positions(); }  // seen by self-attention
};

class Stack : public torch::nn::Module {
 public:
  Stack(const StackOptions& options, std::shared_ptr<Placement> placement);

  // x: (N, C), laid out by self.layout. self, cross: what every block attends to. cache: undefined
  // entries at first; null: none is kept. tap: as in model.h.
  torch::Tensor forward(const torch::Tensor& x_NC, AttentionContext self, AttentionContext cross,
                        StackCache* cache,
                        const std::function<void(int64_t, const torch::Tensor&)>& tap);

  // Of each block's self-attention, the rotated queries (B, H, T, D) and keys (B, H, S, D).
  using AttentionTap = std::function<void(int64_t layer, const torch::Tensor& query,
                                          const torch::Tensor& key, bool causal)>;
  void set_attention_tap(AttentionTap tap) { attention_tap_ = std::move(tap); }

  const torch::Tensor& ffn_output_weight(int64_t layer) const;
  Placement& placement() { return *placement_; }
  int64_t layers() const { return static_cast<int64_t>(blocks_.size()); }
  StackCache empty_cache() const;

 private:
  struct Block {
    std::shared_ptr<MultiHeadAttention> self, cross;
    std::shared_ptr<FeedForward> ffn;
  };

  std::vector<Block> blocks_;
  std::shared_ptr<Placement> placement_;
  double dropout_;
  const std::vector<int64_t> windows_;
  AttentionTap attention_tap_;
};

// The stack "encoder" or "decoder" of a model, with the norm and the placement of its
// configuration.
std::shared_ptr<Stack> make_stack(const ModelConfig& config, const std::string& name,
                                  const StackOptions& options);

}  // namespace norma::models
