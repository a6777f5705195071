// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a model looks like before it has learned anything: gradients by layer, the residual stream
// by depth.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/recipes/recipe.h"
#include "lab/train/run_folder.h"
#include "lab/train/task.h"

namespace norma::lab {

constexpr int64_t kProbeBatches = 8;

using Profile = std::map<std::string, std::vector<double>>;  // stack -> value by depth

struct Probe {
  std::string placement, norm, init;
  int64_t seed = 0;
  // By layer: Frobenius norm of the gradient of the feed-forward network's second matrix, the
  // gradient averaged over the batches before the norm is taken (Xiong et al. 2020, figure 3: the
  // norm of the expected gradient).
  Profile gradient_norm;
  // Of the stream after the embedding and after each block, before a final norm: root mean square
  // over all features of the positions that are not padding.
  Profile stream_rms;
};

// The model of `recipe` at its initialisation, on the first kProbeBatches training batches; no
// dropout, the recipe's label smoothing.
Result<Probe> probe(const TrainRecipe& recipe, const Task& task);

Json to_json(const Probe& probe);

}  // namespace norma::lab
