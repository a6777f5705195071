// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where the norms of a stack of blocks sit.
//
// A placement owns every norm of one stack (the encoder or the decoder), runs the sub-layers of a
// block over the residual stream, and ends the stack. A model knows nothing of where its norms are:
// a new placement is one file, its constant in placement_info.h and in the table of placement.cc, a
// row of docs/placements.md and one of lab/report/drawings.cc.
//
// x is the residual stream: (N, C), the real positions of the batch. A sub-layer f is attention
// "self", cross-attention "cross" or the feed-forward network "ffn"; its dropout is part of it.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/placement_info.h"

namespace norma::models {

struct Stream {
  torch::Tensor x;
  // What a placement carries beside x: a second stream, the outputs of earlier blocks.
  std::vector<torch::Tensor> extra;
};

struct Sublayer {
  std::string_view name;
  std::function<torch::Tensor(const torch::Tensor&)> f;
};

// Functions that a placement puts inside a sub-layer; empty where it puts none.
struct InnerNorms {
  using Function = std::function<torch::Tensor(const torch::Tensor&)>;
  Function query, key, value;  // on (N, heads, width of a head), before rotation
  Function heads;              // on (N, heads * width of a head), before the output matrix
  Function gate, up;           // on (N, ffn), what w1 and w3 give, before the activation
  Function hidden;             // on (N, ffn), before the second matrix
};

struct PlacementOptions {
  std::string stack;                   // "encoder" | "decoder"
  int64_t layers = 0;                  // of this stack
  std::vector<std::string> sublayers;  // of each block, in order
  int64_t encoder_layers = 0;          // of the whole model
  int64_t decoder_layers = 0;
  int64_t d_model = 0, heads = 0, kv_heads = 0, ffn = 0, vocab_size = 0;
  int64_t head_width = 0;  // 0: d_model / heads
  bool gated = false;  // whether the feed-forward network has a third matrix
  std::string norm;
  double norm_eps = 0;
  std::string qk_norm = "none";  // as in config.h
};

class Placement : public torch::nn::Module {
 public:
  // Block `layer`, from 0: reads and replaces the stream. REQUIRES: `sublayers` in options' order.
  virtual void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) = 0;

  // What of the stream grows with depth, for who looks at it: x, or the stream that is added to.
  virtual const torch::Tensor& residual(const Stream& stream) const { return stream.x; }

  // After the last block. The norm "final" where there is one.
  virtual torch::Tensor finish(Stream& stream);
  bool has_final_norm() const { return has_final_norm_; }
  // Of the model's last matrix; as they are but for nGPT.
  virtual torch::Tensor scale_logits(const torch::Tensor& logits) const { return logits; }

  // Those of QK-norm, to which a placement may add its own.
  virtual InnerNorms inner_norms(int64_t layer, std::string_view sublayer);

  // Factor on the standard deviation that init.h gives a matrix: "q", "k", "v", "o", "w1", ...
  virtual double init_scale(int64_t layer, std::string_view sublayer,
                            std::string_view matrix) const;

  // A forward pass over data before training, where the placement's start hangs on it (Admin):
  // between the two calls block() measures. Called by profile() of model.h.
  virtual bool needs_profile() const { return false; }
  virtual void begin_profile() {}
  virtual void end_profile() {}

  // What the placement asks of the weights, before training and after each step (nGPT).
  virtual void constrain(torch::nn::Module&) const {}

  const std::string& stack() const { return options_.stack; }
  int64_t norm_calls() const { return norm_calls_; }  // in one forward pass

 protected:
  using Norm = torch::nn::AnyModule;

  Placement(PlacementOptions options, bool final_norm);

  // Parameter names: "<layer>.<name>.weight".
  Norm add_norm(int64_t layer, const std::string& name, int64_t width);
  // One norm of d_model for each sub-layer of each block, named like it with the suffix:
  // result[layer][sub-layer].
  std::vector<std::vector<Norm>> add_norm_per_sublayer(const std::string& suffix = "");
  // A parameter "<layer>.<name>".
  torch::Tensor add_parameter(int64_t layer, const std::string& name, const torch::Tensor& value);
  // Parameters "<layer>.<sub-layer>_scale", each of this value: result[layer][sub-layer].
  std::vector<std::vector<torch::Tensor>> add_scale_per_sublayer(const torch::Tensor& value);
  static InnerNorms::Function function_of(Norm norm);

  torch::Tensor final_norm(const torch::Tensor& x) { return final_.forward(x); }
  int64_t sublayers_of_stack() const {
    return options_.layers * static_cast<int64_t>(options_.sublayers.size());
  }
  bool is_encoder_decoder() const {
    return options_.encoder_layers > 0 && options_.decoder_layers > 0;
  }
  int64_t head_width() const {
    return options_.head_width ? options_.head_width : options_.d_model / options_.heads;
  }

  const PlacementOptions options_;

 private:
  std::shared_ptr<Module> block_module(int64_t layer);
  void add_qk_norms();

  Norm final_;
  bool has_final_norm_;
  int64_t norm_calls_ = 0;
  std::map<int64_t, std::shared_ptr<Module>> blocks_;
  std::map<std::string, InnerNorms> qk_norms_;  // by "<layer>.<sub-layer>"
};

// Throws c10::Error for a name that is not among known_placements().
std::shared_ptr<Placement> make_placement(const std::string& name, const PlacementOptions& options);

// What every file of a placement ends in.
template <typename P>
std::shared_ptr<Placement> make_placement_of(const PlacementOptions& options) {
  return std::make_shared<P>(options);
}

}  // namespace norma::models
