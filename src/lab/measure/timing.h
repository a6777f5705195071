// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a norm costs where it is used: alone, at the shapes of the run's own batches, and as a share
// of a training step. To be called while nothing else runs on the machine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/recipes/recipe.h"
#include "lab/train/run_folder.h"
#include "lab/train/task.h"

namespace norma::lab {

struct Quartiles {
  double low = 0, median = 0, high = 0;
};

struct Timing {
  std::string norm, placement;
  int64_t rows = 0;  // of one call of the norm: the mean over calls and training batches
  int64_t cols = 0;
  int64_t threads = 0;
  Quartiles forward_ns_per_row, backward_ns_per_row;
  std::vector<double> round_ns_per_row;  // forward and backward of each round, for paired ratios
  Quartiles step_ms;              // batch, forward, loss, backward, Adam
  double norm_share_of_step = 0;  // calls * (forward + backward) / step, from the medians
  int64_t norm_calls = 0;         // in one forward pass
  double saved_bytes_per_row = 0;  // saved_bytes() of one call
  int64_t samples = 0;             // of the norm
};

// One result for each (norm, placement) among `recipes`, in their order. All are timed in_turn():
// first their norms, `samples` of each, then training steps, half as many. kInterrupted where
// `stop` says so. Sets torch's number of threads.
Result<std::vector<Timing>> time_norms(const std::vector<TrainRecipe>& recipes, const Task& task,
                                       int64_t samples, const std::function<bool()>& stop);

// The order of the samples, which no subject may profit from: a slow moment falls on all alike, and
// none runs on the caches that another left. In every round each subject is called twice in a row,
// untimed to warm up and then with is_sample. Over as many rounds as there are subjects, each is
// once in every place. `stop` is asked before a round. Exposed for its test.
Status in_turn(size_t subjects, int64_t rounds, const std::function<bool()>& stop,
               const std::function<void(size_t subject, int64_t round, bool is_sample)>& call);

Json to_json(const Timing& timing);

// Bytes that the graph of y = forward(x) keeps for its backward pass: x where the backward reads it
// (a norm's does), and what forward computes for it besides (a norm's statistics of each row). x
// counts whole even where a neighbour in a model keeps it too. Not counted: y, which is for the
// next function to keep, and parameters, which are there anyway. Exposed for its test.
int64_t saved_bytes(const torch::Tensor& x,
                    const std::function<torch::Tensor(const torch::Tensor&)>& forward);

}  // namespace norma::lab
