// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/recurrent.h"

#include <limits>

#include "models/init.h"

namespace norma::models {
namespace {

CellKind kind_of(const std::string& family) {
  return family == "lstm" ? CellKind::kLstm : family == "gru" ? CellKind::kGru : CellKind::kRnn;
}

}  // namespace

struct Recurrent::CellStates : LanguageModel::State {
  std::vector<CellState> layers;
};

Recurrent::Recurrent(const ModelConfig& config, std::optional<uint64_t> seed) : config_(config) {
  const UnsetMatrices unset(!seed);
  const auto matrix = [&] {
    return std::make_shared<Linear>(config.d_model, config.vocab_size, false);
  };
  embedding_ = register_module("embedding", matrix());
  output_ = config.tie_embeddings ? embedding_ : register_module("output", matrix());
  auto stack = register_module("decoder", std::make_shared<Module>());
  auto norms = std::make_shared<Module>();
  CellOptions options;
  options.kind = kind_of(config.family);
  options.input = options.hidden = config.d_model;
  options.placement = config.placement;
  options.norm = config.norm;
  options.norm_eps = config.norm_eps;
  options.positions = config.max_length;
  for (int64_t layer = 0; layer < config.decoder_layers; ++layer) {
    const std::string key = std::to_string(layer);
    cells_.push_back(stack->register_module(key, std::make_shared<Module>())
                         ->register_module("cell", std::make_shared<RecurrentCell>(options)));
    if (cells_.back()->norms().empty()) continue;
    auto of_layer = norms->register_module(key, std::make_shared<Module>());
    for (const auto& [name, norm] : cells_.back()->norms()) {
      of_layer->register_module(name, norm.ptr());
    }
  }
  stack->register_module("norms", norms);
  if (!seed) return;
  init_parameters(
      *this, config, *seed,
      [](std::string_view, int64_t, std::string_view, std::string_view) { return 1.0; });
}

std::vector<CellState> Recurrent::zero_states(int64_t batch) const {
  std::vector<CellState> states;
  for (const auto& cell : cells_) {
    states.push_back(cell->zero_state(batch, embedding_->weight.options().requires_grad(false)));
  }
  return states;
}

torch::Tensor Recurrent::forward(const torch::Tensor& ids_BT, std::vector<CellState>* states) {
  const auto drop = [this](const torch::Tensor& x) {
    return at::dropout(x, config_.dropout, is_training());
  };
  torch::Tensor x_TBC = drop(at::embedding(embedding_->weight, ids_BT.t()));
  tap("decoder", 0, x_TBC.flatten(0, 1));
  for (size_t layer = 0; layer < cells_.size(); ++layer) {
    x_TBC = drop(cells_[layer]->forward(x_TBC, &(*states)[layer]));
    tap("decoder", static_cast<int64_t>(layer) + 1, x_TBC.flatten(0, 1));
  }
  return output_->forward(x_TBC).transpose(0, 1);
}

torch::Tensor Recurrent::logits_BTV(const Batch& batch) {
  std::vector<CellState> states = zero_states(batch.target_in_BT.size(0));
  return forward(batch.target_in_BT, &states);
}

torch::Tensor Recurrent::loss(const Batch& batch, double label_smoothing) {
  return models::loss(logits_BTV(batch), batch.target_out_BT, label_smoothing);
}

std::vector<ProbedWeight> Recurrent::ffn_output_weights() {
  std::vector<ProbedWeight> weights;
  for (size_t layer = 0; layer < cells_.size(); ++layer) {
    weights.push_back(
        {"decoder", static_cast<int64_t>(layer), cells_[layer]->recurrent_weight()});
  }
  return weights;
}

int64_t Recurrent::norm_calls_per_forward() const {
  int64_t calls = 0;
  for (const auto& cell : cells_) calls += cell->norms_per_position();
  return calls;
}

std::unique_ptr<LanguageModel::State> Recurrent::fresh_state(int64_t batch) const {
  auto state = std::make_unique<CellStates>();
  state->layers = zero_states(batch);
  return state;
}

torch::Tensor Recurrent::next_logits(const torch::Tensor& ids_BT, State* state) {
  return forward(ids_BT, &dynamic_cast<CellStates&>(*state).layers);
}

// A state has no positions to run out of.
int64_t Recurrent::window() const { return std::numeric_limits<int64_t>::max(); }

std::string Recurrent::computed_by() const {
  const std::string why = cells_.front()->why_composed();
  return why.empty() ? "fused" : "composed: " + why;
}

}  // namespace norma::models
