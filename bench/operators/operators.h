// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The operators beside the row norms, one size each: Norma's one pass against what PyTorch does for
// the same result, its own kernel where it has one and else its operations in turn. f32.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/rows_view.h"
#include "base/status.h"
#include "bench/harness/model_contest.h"

namespace norma::bench::operators {

using Results = std::vector<torch::Tensor>;
using Run = std::function<Results()>;

struct Work {
  std::string size;    // in words
  torch::Tensor x;     // what a copy copies
  std::vector<std::string> names;  // of the results
  Results truth;       // in float64
  Run norma, torch;
  std::string by_torch;  // how torch does it
  int64_t bytes = 0;     // that must be read and written
  // Of a result's largest element. Float32 is right to 1e-6 or so of it; sums over thousands of
  // rows, and a composition's intermediate roundings, take ten times that.
  double within = 1e-4;
};

Work batch_norm_forward(uint64_t seed);
Work batch_norm_backward(uint64_t seed);
Work group_norm_forward(uint64_t seed);
Work group_norm_backward(uint64_t seed);
Work dyt_forward(uint64_t seed);
Work seed_norm_forward(uint64_t seed);
Work gated_norm_forward(uint64_t seed);
Work rope_norm_forward(uint64_t seed);
Work quantized_norm_forward(uint64_t seed);

ModelContest contest(const std::string& task, const Work& work);

// For the files of the tasks.
torch::Tensor normal(at::Generator& generator, at::IntArrayRef size, double middle = 0);
at::Generator generator_of(uint64_t seed);
inline torch::Tensor f64(const torch::Tensor& t) { return t.to(torch::kFloat64); }
RowsView rows_of(const torch::Tensor& t);       // (rows, cols), dense, f32
VectorView vector_of(const torch::Tensor& t);   // f32
ConstVectorView const_vector_of(const torch::Tensor& t);
// f32, whose memory is 64-byte aligned, and at least `bytes` of it.
torch::Tensor workspace_of(size_t bytes);
void throw_if_error(const Status& status);

}  // namespace norma::bench::operators
