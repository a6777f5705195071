// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A comparison: its members trained as processes of their own, and what is measured around them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/recipes/recipe.h"
#include "lab/train/run_folder.h"
#include "lab/train/train.h"

namespace norma::lab {

struct CompareJob {
  CompareRecipe recipe;
  std::string folder;
  std::string data_root;
  std::string program;  // run as: program train --recipe FILE --out FOLDER --resume --data-root DIR
  Json environment;     // env.json
};

struct CompareProgress {
  int64_t done = 0, total = 0;  // members
  std::string text;             // what has just ended
  double seconds_left = 0;      // of training; 0 where not known yet
};

// A look at the members that train just now.
struct CompareLook {
  int64_t done = 0, total = 0;    // members
  std::vector<Progress> running;  // of those that have a line in their metrics
  double seconds_left = 0;        // of training, all members; 0 where not known yet
};

struct CompareHooks {
  std::function<bool()> stop = [] { return false; };
  std::function<void(const CompareProgress&)> progress = [](const CompareProgress&) {};
  std::function<void(const CompareLook&)> watch;  // twice a second, where there is one
};

// Returns the summary it has written. Members that are over are not run again, ones that were
// interrupted go on, so the same call finishes what was stopped at any moment; a member that
// diverged is a result, one that failed ends the comparison with its message. Where everything is
// there, nothing runs. Nobody else may work in the folder meanwhile.
Result<Json> compare(const CompareJob& job, const CompareHooks& hooks);

}  // namespace norma::lab
