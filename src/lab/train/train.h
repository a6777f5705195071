// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One training run, from recipe to run folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "lab/recipes/recipe.h"
#include "lab/train/run_folder.h"

namespace norma::lab {

struct TrainJob {
  TrainRecipe recipe;
  std::string folder;
  std::string data_root;
  Json environment;     // env.json
  bool resume = false;  // go on from the checkpoint in `folder`; from the start where there is none
};

struct Progress {
  int64_t step = 0, steps = 0;
  double loss = 0;          // mean since the last line of metrics
  double tokens_per_s = 0;  // target tokens
  double seconds_left = 0;  // for the steps that are left
};

struct TrainHooks {
  std::function<bool()> stop = [] { return false; };  // asked once a step
  std::function<void(const Progress&)> progress = [](const Progress&) {};  // with each train line
};

// Returns the summary it has written: status done or diverged, or interrupted after a checkpoint
// was written. A folder that holds a run is refused unless job.resume is set; a run that is over
// is not repeated then. Sets torch's number of threads and its CPU generator.
//
// Resuming gives the same losses and weights, bit for bit, as going through, at a fixed number of
// threads: batches are a function of the step, all else is in state.safetensors.
Result<Json> train(const TrainJob& job, const TrainHooks& hooks);

}  // namespace norma::lab
