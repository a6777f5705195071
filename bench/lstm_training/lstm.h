// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One step of training an LSTM: forward over all positions and backward to the input and to every
// parameter, input projections batched over the positions. Legend: torch_ops/lstm.h.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "bench/harness/model_contest.h"

namespace norma::bench::lstm_training {

struct Shape {
  int64_t positions, texts, units;
};

// Gates in the order f, i, o, g. The input is as wide as the state.
struct Problem {
  Shape shape;
  torch::Tensor x_TBH, dy_TBH;
  torch::Tensor weight_x, weight_h, bias;               // (4 H, H), (4 H, H), (4 H)
  torch::Tensor gain_x, shift_x, gain_h, shift_h, gain_c, shift_c;  // of the layer norms

  Problem(const Shape& shape, uint64_t seed);

  // In float64 by torch's operations: y, then the gradients of x, weight_x, weight_h and bias.
  std::vector<torch::Tensor> truth(bool norms) const;
};

// results_: y, dx, dweight_x, dweight_h, dbias of the last run, and perhaps more.
class LstmPeer : public ModelPeer {
 public:
  // truth: of the same work.
  LstmPeer(std::string impl, std::shared_ptr<const std::vector<torch::Tensor>> truth)
      : impl_(std::move(impl)), truth_(std::move(truth)) {}
  Status check() const override { return check_results(results_); }

 protected:
  Status check_results(const std::vector<torch::Tensor>& results) const;

  std::vector<torch::Tensor> results_;

 private:
  const std::string impl_;
  const std::shared_ptr<const std::vector<torch::Tensor>> truth_;
};

using SharedProblem = std::shared_ptr<const Problem>;
using SharedTruth = std::shared_ptr<const std::vector<torch::Tensor>>;

std::unique_ptr<ModelPeer> make_norma(SharedProblem problem, SharedTruth with_norms);
std::unique_ptr<ModelPeer> make_composed(SharedProblem problem, SharedTruth with_norms);
std::unique_ptr<ModelPeer> make_torch(SharedProblem problem, SharedTruth without_norms);

// norma: the fused LSTM; composed: a node of the graph for each operation of each position; torch:
// at::lstm, which has no norm. All f32.
ModelContest contest(const Shape& shape, uint64_t seed);

}  // namespace norma::bench::lstm_training
