// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A multilayer perceptron that classifies: what the norms that look at a batch and those that look
// at a case are compared on. decoder_layers hidden layers of d_model units, ReLU:
//
//   none  h' = relu(W h + b)
//   pre   h' = relu(N(W h + b))     (Ioffe and Szegedy 2015, section 3.2; Ba et al. 2016, eq. 4)
//   post  h' = N(relu(W h + b))
//
// and logits W h + b. Dropout on what a layer hands on. heads, ffn, encoder_layers, max_length,
// tie_embeddings and qk_norm mean nothing.
// Parameters: layers.<layer>.affine.w.<weight|bias>, layers.norms.<layer>.<name>.<weight|bias>,
// output.<weight|bias>.
//
// Shapes: B cases, F features, V classes; logits (B, 1, V).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/linear.h"
#include "models/model.h"

namespace norma::models {

class Perceptron : public Model {
 public:
  // Without a seed the matrices hold what memory held: for values out of a file.
  // REQUIRES: validate(config).ok(), family mlp.
  Perceptron(const ModelConfig& config, std::optional<uint64_t> seed);

  torch::Tensor logits_BTV(const Batch& batch) override;
  torch::Tensor loss(const Batch& batch, double label_smoothing) override;
  // The matrix of each hidden layer.
  std::vector<ProbedWeight> ffn_output_weights() override;
  const ModelConfig& config() const override { return config_; }
  int64_t norm_calls_per_forward() const override { return std::ssize(norms_); }

 private:
  const ModelConfig config_;
  std::vector<std::shared_ptr<Linear>> hidden_;
  std::vector<torch::nn::AnyModule> norms_;  // none, or one a hidden layer
  std::shared_ptr<Linear> output_;
};

}  // namespace norma::models
