// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the lab knows of a model: batch in, logits out, named parameters, and places to look inside.
//
// Shapes: B sentences, S source positions, T target positions, V vocabulary, C width.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "models/config.h"

namespace norma::models {

struct Batch {
  torch::Tensor source_BS;      // int64, padded with kPadId at the end; undefined for decoder-only models
  torch::Tensor target_in_BT;   // int64; starts with kBosId for pairs
  torch::Tensor target_out_BT;  // int64; positions that do not count are kIgnore
};
constexpr int64_t kIgnore = -100;

// One matrix whose gradient the probe at initialisation looks at: the second matrix of a layer's feed-forward network.
struct ProbedWeight {
  std::string stack;  // "encoder" | "decoder"
  int64_t layer = 0;  // from 0
  torch::Tensor weight;
};

// Called with the residual stream: layer 0 is the embedding, layer l the stream after block l, layer -1 after the final norm.
using StreamTap = std::function<void(const std::string& stack, int64_t layer, const torch::Tensor& x_BTC)>;

class Model : public torch::nn::Module {
 public:
  virtual torch::Tensor logits_BTV(const Batch& batch) = 0;
  virtual std::vector<ProbedWeight> ffn_output_weights() = 0;
  virtual const ModelConfig& config() const = 0;
  // How many rows of C elements all norms of one forward pass see, for the cost of norms; per kind of site.
  virtual int64_t norm_calls_per_forward() const = 0;
  void set_stream_tap(StreamTap tap) { tap_ = std::move(tap); }

 protected:
  void tap(const std::string& stack, int64_t layer, const torch::Tensor& x_BTC) const {
    if (tap_) tap_(stack, layer, x_BTC);
  }

 private:
  StreamTap tap_;
};

// Parameters depend on (config.init, seed, their role) only: two models that differ in norm or placement start from the
// same values wherever shapes agree.
Result<std::shared_ptr<Model>> make_model(const ModelConfig& config, uint64_t seed);

// Mean cross-entropy in nats over positions that count, with label smoothing (Szegedy 2016; 0: none).
torch::Tensor loss(const torch::Tensor& logits_BTV, const torch::Tensor& target_out_BT, double label_smoothing);

}  // namespace norma::models
