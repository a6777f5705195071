// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Language models of recurrent layers: embedding, decoder_layers cells of d_model units, output
// matrix. Families rnn, gru and lstm; placements none, gates, per_gate, cell (recurrent_cell.h).
// Dropout on the embedding and on each layer's output (Zaremba et al. 2014), none on the state.
//
// A row of a batch begins with a state of zeros. heads, ffn and qk_norm mean nothing, nor does
// max_length but with batchnorm: positions that have running statistics of their own.
// Parameters: decoder.<layer>.cell.<x|h>.weight, decoder.<layer>.cell.bias,
// decoder.norms.<layer>.<name>.<weight|bias>.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/linear.h"
#include "models/model.h"
#include "models/recurrent_cell.h"

namespace norma::models {

class Recurrent : public LanguageModel {
 public:
  // Without a seed the matrices hold what memory held: for values out of a file.
  // REQUIRES: validate(config).ok(), family rnn, gru or lstm.
  Recurrent(const ModelConfig& config, std::optional<uint64_t> seed);

  torch::Tensor logits_BTV(const Batch& batch) override;
  torch::Tensor loss(const Batch& batch, double label_smoothing) override;
  // W_h of each layer: there is no feed-forward network.
  std::vector<ProbedWeight> ffn_output_weights() override;
  const ModelConfig& config() const override { return config_; }
  int64_t norm_calls_per_forward() const override;

  std::unique_ptr<State> fresh_state(int64_t batch) const override;
  torch::Tensor next_logits(const torch::Tensor& ids_BT, State* state) override;
  int64_t window() const override;

  // "fused", or "composed: " and why (RecurrentCell::why_composed()).
  std::string computed_by() const;

 private:
  struct CellStates;
  torch::Tensor forward(const torch::Tensor& ids_BT, std::vector<CellState>* states);
  std::vector<CellState> zero_states(int64_t batch) const;

  const ModelConfig config_;
  std::shared_ptr<Linear> embedding_, output_;
  std::vector<std::shared_ptr<RecurrentCell>> cells_;
};

}  // namespace norma::models
