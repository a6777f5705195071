// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The two files of a checkpoint. checkpoint.safetensors is a trained model by itself: parameters,
// buffers (running statistics), configuration and vocabulary. state.safetensors has all that a
// resumed run needs, parameters and buffers too, so that a kill between the two renames leaves
// nothing that does not fit together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "lab/train/adam.h"
#include "models/model.h"
#include "text/bpe.h"

namespace norma::lab {

// No vocabulary: of a model that classifies.
Status save_model(const std::string& path, const models::Model& model,
                  const std::optional<text::Tokenizer>& tokenizer, int64_t step);

struct TrainedModel {
  std::shared_ptr<models::Model> model;  // in evaluation mode
  std::optional<text::Tokenizer> tokenizer;  // none: it classifies
  int64_t step = 0;
};
// Parameters lie in the mapped file and are not copied. kDataLoss where the file is no checkpoint
// of Norma's or its tensors do not fit its configuration.
Result<TrainedModel> load_model(const std::string& path);

// Where a run stands after `step` steps.
struct TrainState {
  int64_t step = 0;
  int64_t tokens = 0;
  double seconds = 0;          // of training steps
  double loss_sum = 0;         // of the steps since the last line of metrics
  int64_t loss_steps = 0;
  double valid_loss = 0;       // the last one
  int64_t metrics_bytes = 0;   // length of metrics.jsonl
};

// What a state is of: with another recipe or other data it would go on to another result.
struct StateOrigin {
  std::string recipe, data_sha256;
};

// Parameters, buffers, moments, torch's CPU generator, and `state`.
Status save_state(const std::string& path, const models::Model& model, const Adam& adam,
                  const TrainState& state, const StateOrigin& origin);
// Sets what save_state saved, once `origin` is found to be the same.
Result<TrainState> load_state(const std::string& path, models::Model& model, Adam& adam,
                              const StateOrigin& origin);

}  // namespace norma::lab
