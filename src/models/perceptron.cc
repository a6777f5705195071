// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/perceptron.h"

#include <string>

#include "models/init.h"
#include "models/norm.h"

namespace norma::models {

Perceptron::Perceptron(const ModelConfig& config, std::optional<uint64_t> seed) : config_(config) {
  const UnsetMatrices unset(!seed);
  auto layers = register_module("layers", std::make_shared<Module>());
  auto norms = std::make_shared<Module>();
  for (int64_t layer = 0; layer < config.decoder_layers; ++layer) {
    const std::string key = std::to_string(layer);
    const int64_t in = layer == 0 ? config.inputs : config.d_model;
    hidden_.push_back(layers->register_module(key, std::make_shared<Module>())
                          ->register_module("affine", std::make_shared<Module>())
                          ->register_module("w", std::make_shared<Linear>(in, config.d_model,
                                                                          true)));
    if (config.placement == "none") continue;
    norms_.push_back(make_norm(config.norm, config.d_model, config.norm_eps));
    norms->register_module(key, std::make_shared<Module>())
        ->register_module(config.placement, norms_.back().ptr());
  }
  layers->register_module("norms", norms);
  output_ = register_module("output",
                            std::make_shared<Linear>(config.d_model, config.vocab_size, true));
  if (!seed) return;
  init_parameters(
      *this, config, *seed,
      [](std::string_view, int64_t, std::string_view, std::string_view) { return 1.0; });
}

torch::Tensor Perceptron::logits_BTV(const Batch& batch) {
  torch::Tensor x = batch.features_BF;
  tap("layers", 0, x);
  for (size_t layer = 0; layer < hidden_.size(); ++layer) {
    x = hidden_[layer]->forward(x);
    if (config_.placement == "pre") x = norms_[layer].forward(x);
    x = x.relu();
    if (config_.placement == "post") x = norms_[layer].forward(x);
    x = at::dropout(x, config_.dropout, is_training());
    tap("layers", static_cast<int64_t>(layer) + 1, x);
  }
  return output_->forward(x).unsqueeze(1);
}

torch::Tensor Perceptron::loss(const Batch& batch, double label_smoothing) {
  return models::loss(logits_BTV(batch), batch.target_out_BT, label_smoothing);
}

std::vector<ProbedWeight> Perceptron::ffn_output_weights() {
  std::vector<ProbedWeight> weights;
  for (size_t layer = 0; layer < hidden_.size(); ++layer) {
    weights.push_back({"layers", static_cast<int64_t>(layer), hidden_[layer]->weight});
  }
  return weights;
}

}  // namespace norma::models
