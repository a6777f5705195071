// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where the norms of a stack of blocks sit.
//
// A placement owns every norm of one stack (the encoder or the decoder), runs the sub-layers of a
// block over the residual stream, and ends the stack. A model knows nothing of where its norms are:
// a new placement is one file and one row of the table in placement.cc.
//
// x is the residual stream: (N, C), the real positions of the batch. A sub-layer f is attention
// "self", cross-attention "cross" or the feed-forward network "ffn"; its dropout is part of it.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  Function hidden;             // on (N, ffn), before the second matrix
};

struct PlacementOptions {
  std::string stack;                   // "encoder" | "decoder"
  int64_t layers = 0;                  // of this stack
  std::vector<std::string> sublayers;  // of each block, in order
  int64_t encoder_layers = 0;          // of the whole model
  int64_t decoder_layers = 0;
  int64_t d_model = 0, heads = 0, kv_heads = 0, ffn = 0;
  std::string norm;
  double norm_eps = 0;
};

class Placement : public torch::nn::Module {
 public:
  // Block `layer`, from 0: reads and replaces the stream. REQUIRES: `sublayers` in options' order.
  virtual void block(int64_t layer, Stream& stream, std::span<const Sublayer> sublayers) = 0;

  // After the last block. The norm "final" where there is one.
  virtual torch::Tensor finish(Stream& stream);
  bool has_final_norm() const { return has_final_norm_; }

  virtual InnerNorms inner_norms(int64_t layer, std::string_view sublayer);

  // Factor on the standard deviation that init.h gives a matrix: "q", "k", "v", "o", "w1", ...
  virtual double init_scale(int64_t layer, std::string_view sublayer,
                            std::string_view matrix) const;

  int64_t norm_calls() const { return norm_calls_; }  // in one forward pass

 protected:
  Placement(PlacementOptions options, bool final_norm);

  // Parameter names: "<layer>.<name>.weight".
  torch::nn::AnyModule add_norm(int64_t layer, const std::string& name, int64_t width);
  // One norm of d_model for each sub-layer of each block, named like it: result[layer][sub-layer].
  std::vector<std::vector<torch::nn::AnyModule>> add_norm_per_sublayer();

  const PlacementOptions options_;

 private:
  torch::nn::AnyModule final_;
  bool has_final_norm_;
  int64_t norm_calls_ = 0;
};

struct PlacementInfo {
  const char* name;
  const char* equation;  // of one sub-layer f
  const char* source;
  bool final_norm;
  std::shared_ptr<Placement> (*make)(const PlacementOptions&);
};

std::span<const PlacementInfo> placements();
// Throws c10::Error for a name that is not among known_placements().
const PlacementInfo& placement_info(const std::string& name);

// One a file, for the table.
std::shared_ptr<Placement> make_placement_none(const PlacementOptions& options);
std::shared_ptr<Placement> make_placement_post(const PlacementOptions& options);
std::shared_ptr<Placement> make_placement_pre(const PlacementOptions& options);

}  // namespace norma::models
