// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Which norm, where: sentences derived from the numbers of a run folder by rule. Nothing here knows
// what is usually found.
#pragma once

#include <string>
#include <vector>

#include "lab/report/compare.h"
#include "lab/report/read_run.h"

namespace norma::lab::report {

struct Verdict {
  std::string lead;   // the choice, or why there is none
  std::string scope;  // data, learning rates, warm-up, seeds
  std::vector<std::string>
      sentences;                  // the evidence with its spread: clauses without capital or stop
  std::vector<std::string> also;  // more of them, which the line leaves out
  std::string line() const;       // lead, scope and sentences
};

Verdict make_verdict(const RunFolder& folder, const Grid& grid);

}  // namespace norma::lab::report
