// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Rewriting a trained model into one that computes the same with less.
//
// A Pre-LN model (Xiong et al. 2020) with LayerNorm becomes one with RMSNorm. LayerNorm is RMSNorm
// of x - mean(x), then a gain g and a shift b. A stream in which every writer (the embedding, the
// positions, and the matrices o and w2) has mean 0 over the features has mean 0 itself, so nothing
// is left to subtract; and a matrix W that reads the norm takes the shift into its own bias,
// W (g n + b) + c = W (g n) + (W b + c). LayerNorm does not see the mean of the stream, so taking
// it away from the writers changes nothing (Jiang et al. 2023, "Pre-RMSNorm and Pre-CRMSNorm
// Transformers", section 3.1).
//
// The gains can be folded as well, W (g n) = (W diag(g)) n, in models with either norm; a shift,
// which stands after the gain, then goes into the bias too.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "models/model.h"

namespace norma::models {

struct Conversion {
  bool to_rmsnorm = false;
  bool fold_gains = false;  // every gain becomes 1
};

// A new model in evaluation mode; `model` is left as it is. Sums are made in float64 and rounded
// once. The output matrix is one of its own then, where it was the embedding. kUnsupported names
// what stands against it: another norm, another placement, matrices without a bias to take a shift.
Result<std::shared_ptr<Model>> convert(const Model& model, const Conversion& conversion);

struct LogitDifference {
  double greatest = 0;  // |difference|; nan where either has a nan
  double logit = 0;     // greatest |logit| of `a`
  int64_t tokens = 0;   // that were compared
};

// Of two models over random ids, the same for the same seed: `texts` texts of `length` tokens, at
// most the models' positions.
// REQUIRES: both are of one shape of inputs and outputs.
LogitDifference compare_logits(Model& a, Model& b, int64_t texts, int64_t length, uint64_t seed);

}  // namespace norma::models
