// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Configurations that were run alone in their setting: no choice between variants follows from
// them, but a choice that keeps quiet about one that ends lower would mislead.
#pragma once

#include <string>
#include <vector>

#include "lab/report/compare.h"

namespace norma::lab::report {

// About those of at least kMinSeeds that end lower in the mean than the best in the compared
// settings, the lowest first. Nothing is said of one that the paired seeds show to be higher.
struct AloneWords {
  std::string lead;  // of the verdict, where one is shown to be lower; else empty
  std::vector<std::string> clauses;  // of the evidence, for each that the lead does not name
};
AloneWords alone_words(const Grid& grid);

}  // namespace norma::lab::report
