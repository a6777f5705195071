// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The norm of a batch-normalised LSTM (Cooijmans, Ballas, Laurent, Gulcehre and Courville 2016,
// section 3): each feature by the mean and variance of the texts of the batch at one position,
//
//   y = (x - M_B(x_t)) / sqrt(V_B(x_t) + eps) * g [+ b]
//
// g begins as 0.1, so that tanh does not saturate (their section 4), b as 0. A position knows of no
// other, so that nothing of a text is told to its past; of the other texts it does know.
//
// Running statistics are kept for each position up to `positions`; in evaluation a position takes
// its own, or, past all that training has seen, those of the last one seen.
// Buffers: running_mean and running_var (positions, C), steps (1): how many positions were seen.
#pragma once

#include <torch/torch.h>

namespace norma::models {

class StepBatchNorm : public torch::nn::Module {
 public:
  StepBatchNorm(int64_t width, int64_t positions, double eps, bool shift);

  // x: (B, C) at this position, from 0; B at least 2 in training.
  torch::Tensor forward(const torch::Tensor& x_BC, int64_t position);

 private:
  const double eps_;
  torch::Tensor weight_, bias_, running_mean_, running_var_, steps_;
};

}  // namespace norma::models
