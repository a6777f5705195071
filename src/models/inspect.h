// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What is in a trained model: the gains of its norms, and what its stream and its attention do with
// a text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/model.h"

namespace norma::models {

struct GainSummary {
  std::string name;  // below the block: "self", "ffn_out", "final"
  int64_t channels = 0;
  double least = 0, median = 0, most = 0;
  // Channels farther from the median than six times the median distance from it, the farthest
  // first.
  std::vector<int64_t> outliers;
};

struct BlockSummary {
  std::string stack;   // encoder | decoder
  int64_t layer = 0;   // -1: after the last block; -2: before the first
  std::vector<GainSummary> gains;  // of every norm that has one
  int64_t parameters = 0;          // of the block's matrices and biases
  double length = 0;               // the root of the sum of their squares
};

// In the order of stacks and layers.
std::vector<BlockSummary> inspect_blocks(const Model& model);

struct DepthSummary {
  std::string stack;
  int64_t layer = 0;  // as in StreamTap: 0 the embedding, l after block l, -1 after the final norm
  double rms = 0;     // of the stream over all positions
  double peak = 0;    // greatest |x| of any position and feature, over that rms
  // Greatest q k / sqrt(D) of the block's self-attention over positions that see each other; nan
  // where there is none.
  double attention_logit = 0;
};

// Over all batches, which have no padding; the model is in evaluation mode meanwhile. No gradients
// are recorded. read(batch): what the model does with one; without it, logits_BTV().
std::vector<DepthSummary> inspect_depths(Model& model, const std::vector<Batch>& batches,
                                         const std::function<void(const Batch&)>& read = {});

}  // namespace norma::models
