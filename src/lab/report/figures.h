// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The report's pictures, each from the measurements it shows. All return SVG or HTML, empty where
// there is nothing to show.
#pragma once

#include <string>
#include <vector>

#include "lab/report/charts.h"
#include "lab/report/compare.h"
#include "lab/report/read_run.h"

namespace norma::lab::report {

// One look a variant on the whole page, also for variants that were only probed.
class Looks {
 public:
  Looks(const RunFolder& folder, const Grid& grid);
  Look of(const Variant& variant) const;
  const std::vector<Variant>& variants() const { return variants_; }

 private:
  std::vector<Variant> variants_;
  std::vector<std::string> norms_, placements_;
};

// One panel a setting, one line a run (data-run), means bold; a common loss axis.
std::string loss_panels(const RunFolder& folder, const Grid& grid, const Looks& looks);
// Final loss by learning rate, where there are at least three.
std::string learning_rate_panels(const Grid& grid, const Looks& looks);
// By layer or depth at initialisation: one panel a stack and initialisation.
std::string gradient_panels(const RunFolder& folder, const Looks& looks);
std::string stream_panels(const RunFolder& folder, const Looks& looks);

}  // namespace norma::lab::report
