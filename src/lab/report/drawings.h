// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The small drawings inside the table of configurations.
#pragma once

#include <string>

#include "lab/report/compare.h"
#include "lab/report/figures.h"
#include "lab/report/read_run.h"

namespace norma::lab::report {

// Where the norm sits in a block: the stream, its branch through a sub-layer, and the norm.
std::string placement_drawing(const std::string& placement);

// The final losses of a configuration's seeds on an axis that all rows share.
class LossStrip {
 public:
  LossStrip(const RunFolder& folder, const Grid& grid, const Looks& looks);
  std::string head() const;
  std::string row(const Configuration& configuration) const;

 private:
  const RunFolder& folder_;
  const Grid& grid_;
  const Looks& looks_;
  double low_ = 0, high_ = 1;
  bool is_empty_ = true;
  bool some_diverged_ = false;
};

}  // namespace norma::lab::report
