// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How far an answer is from the exact one, in units in the last place and as a share of what the
// contract norma-1 promises (section 8).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bench/accuracy/answer.h"
#include "bench/accuracy/inputs.h"
#include "bench/accuracy/oracle.h"

namespace norma::accuracy {

// |error| <= allowance + tau * scale. The allowance is what the store alone costs, about half an
// ulp, and what underflow does.
struct Bound {
  double allowance = 0;
  double scale = 0;  // the size of the terms that the result is made of
  double tau = std::numeric_limits<double>::infinity();  // nothing is promised
};

// Of one quantity: the worst of its errors and their mean.
struct Seen {
  double worst_ulps = 0, sum_ulps = 0;
  int64_t count = 0, above_one_ulp = 0;
  double worst_excess = 0;  // (|error| - allowance) / scale: what is to be at most tau
  double worst_share = 0;   // of the bound; above 1 the promise is broken
  std::string broken;       // the first case above it

  double mean_ulps() const { return count == 0 ? 0 : sum_ulps / static_cast<double>(count); }
  // row and col name the case in `broken`; -1: a column's sum has no row, a scalar no column.
  void add(double got, Quad want, DType dtype, const Bound& bound, int64_t row, int64_t col);
  void merge(const Seen& other);
};

struct Report {
  Seen sum, y, mean, rstd, dx, dweight, dbias;
  Seen one_pass, two_passes;  // y by the usual formulas, where they were asked for

  void merge(const Report& other);
  // "dx row 3 column 5: ...", a line for each quantity above its bound.
  std::string broken() const;
};

// What the usual formulas give is judged beside the answer; either may be empty.
struct NaiveAnswers {
  std::vector<float> one_pass, two_passes;
};

// Every result of the answer against the exact one. With a residual the exact row is the sum as it
// was stored, for so the contract has it; the sum is judged by itself.
Report judge(const Inputs& inputs, const Answer& answer, const NaiveAnswers& naive = {});

}  // namespace norma::accuracy
