// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the library makes of inputs, and what the usual formulas do.
#pragma once

#include <vector>

#include "base/status.h"
#include "bench/accuracy/inputs.h"

namespace norma::accuracy {

struct Answer {
  std::vector<float> sum;    // the residual's; empty without one
  std::vector<float> y, dx;  // dense
  std::vector<double> mean;  // hi + lo; but LayerNorm's empty
  std::vector<float> rstd, dweight, dbias;
};

// Forward and backward, by the kernel that the plan chooses.
Result<Answer> answer_of(const Inputs& inputs);

// y by the usual formulas, added from left to right in float32. LayerNorm only knows the first:
//   one pass   var = mean(x^2) - mean(x)^2, or 0 where that is negative
//   two passes var = mean((x - mean)^2); RMSNorm: mean(x^2)
enum class Naive { kOnePass, kTwoPasses };
std::vector<float> naive_y(const Inputs& inputs, Naive formula);

}  // namespace norma::accuracy
