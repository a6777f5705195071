// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the lab knows of a model: batch in, logits out, named parameters, and places to look inside.
//
// Shapes: B sentences or cases, S source positions, T target positions, V vocabulary or classes, C
// width, F features of a case.
//
// Parameter names, which checkpoints and init.h rely on; layers count from 0:
//   embedding.weight (V, C)    output.weight (V, C), where it is not the embedding
//   <stack>.<layer>.<self|cross>.<q|k|v|o>.<weight|bias>
//   <stack>.<layer>.ffn.<w1|w2|w3>.<weight|bias>, w2 the one that writes to the stream
//   <stack>.norms.<layer>.<self|cross|ffn>.<weight|bias>, <stack>.norms.final.<weight|bias>
// <stack> is encoder or decoder. Norms of other placements or kinds have other names below norms.
// The perceptron's names are its own. What a norm keeps beside parameters are buffers.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "models/config.h"

namespace norma::models {

struct Batch {
  torch::Tensor source_BS;      // int64, kPadId at the end; undefined for decoder-only models
  torch::Tensor target_in_BT;   // int64; starts with kBosId for pairs
  torch::Tensor target_out_BT;  // int64; positions that do not count are kIgnore
  torch::Tensor features_BF;    // of the perceptron alone, whose target_out_BT is (B, 1)
};
constexpr int64_t kIgnore = -100;

// One matrix whose gradient the probe at initialisation looks at: the second matrix of a layer's
// feed-forward network, or what stands in its place.
struct ProbedWeight {
  std::string stack;  // "encoder" | "decoder" | "layers"
  int64_t layer = 0;  // from 0
  torch::Tensor weight;
};

// Called with the residual stream (of two, the one that is only added to): layer 0 is the
// embedding, layer l the stream after block l, and, where the placement has a final norm, layer -1
// what comes out of it. x has the real positions of the batch alone.
using StreamTap =
    std::function<void(const std::string& stack, int64_t layer, const torch::Tensor& x_NC)>;

class Model : public torch::nn::Module {
 public:
  // Where a target is padding the logits mean nothing.
  virtual torch::Tensor logits_BTV(const Batch& batch) = 0;
  // models::loss() of those logits, without the work on padding.
  virtual torch::Tensor loss(const Batch& batch, double label_smoothing) = 0;
  virtual std::vector<ProbedWeight> ffn_output_weights() = 0;
  virtual const ModelConfig& config() const = 0;
  // Norms that one forward pass applies, each to every position of its stack: the cost of norms.
  virtual int64_t norm_calls_per_forward() const = 0;
  void set_stream_tap(StreamTap tap) { tap_ = std::move(tap); }

 protected:
  void tap(const std::string& stack, int64_t layer, const torch::Tensor& x_NC) const {
    if (tap_) tap_(stack, layer, x_NC);
  }

 private:
  StreamTap tap_;
};

// A model that continues a text, position by position.
class LanguageModel : public Model {
 public:
  struct State {  // of the positions that were read
    virtual ~State() = default;
  };
  virtual std::unique_ptr<State> fresh_state(int64_t batch) const = 0;
  // Logits (B, T, V) of ids (B, T), which follow what the state has read: any number the first
  // time, then one at a time.
  virtual torch::Tensor next_logits(const torch::Tensor& ids_BT, State* state) = 0;
  // Positions that a state can hold.
  virtual int64_t window() const = 0;
};

// What some placements ask for, and most do not (placement.h). Before the first step: a forward
// pass over a batch of training data, from which Admin's scales come.
void profile(Model& model, const Batch& batch);
// After each step of the optimizer: nGPT's weights go back to the sphere.
void constrain(Model& model);

// Parameters depend on (config.init, seed, their role) only: two models that differ in norm or
// placement start from the same values wherever shapes agree. Without a seed the matrices hold what
// memory held: for values out of a file.
Result<std::shared_ptr<Model>> make_model(const ModelConfig& config, std::optional<uint64_t> seed);

// Mean cross-entropy in nats over positions that count (target not kIgnore). logits: (..., V),
// target: int64, the shape before V. Label smoothing (Szegedy et al. 2016):
// every token has probability label_smoothing / V, and the target 1 - label_smoothing on top.
torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& target,
                   double label_smoothing);

}  // namespace norma::models
