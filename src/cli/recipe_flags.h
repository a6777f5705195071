// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A flag for each key of a recipe; what is given overrides the file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/recipes/recipe.h"

namespace norma::cli {

class RecipeFlags {
 public:
  // Groups of flags by section; of a flag that is given twice the last one holds. REQUIRES: this
  // object outlives `app`'s parsing.
  void add_to(CLI::App& app);

  Status apply(lab::TrainRecipe* recipe) const;
  // Axes may have several values, `--lr 1e-3,3e-3`, and then hold for every configuration.
  Status apply(lab::CompareRecipe* recipe) const;
  bool any() const;

 private:
  struct Given {
    std::string key, flag, value;  // empty: not given
  };
  std::vector<Given> given_;
};

// $NORMA_DATA, else "data".
std::string default_data_root();

}  // namespace norma::cli
