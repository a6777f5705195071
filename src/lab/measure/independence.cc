// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/independence.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "torch_ops/batch_norm.h"
#include "torch_ops/modules.h"

namespace norma::lab {
namespace {

constexpr int64_t kCases = 32;

// For the first, a middle and the last case of the batch.
double largest_change(const std::function<torch::Tensor(const torch::Tensor&)>& norm,
                      const torch::Tensor& batch, const torch::Tensor& others) {
  double change = 0;
  for (const int64_t kept : {int64_t{0}, kCases / 2, kCases - 1}) {
    torch::Tensor replaced = others.clone();
    replaced[kept].copy_(batch[kept]);
    const torch::Tensor difference = norm(replaced)[kept] - norm(batch)[kept];
    const double largest = difference.abs().max().item<double>();
    if (std::isnan(largest)) return largest;  // which max() would drop
    change = std::max(change, largest);
  }
  return change;
}

}  // namespace

Independence measure_independence(int64_t cols, uint64_t seed) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(seed);
  const torch::Tensor batch = torch::randn({kCases, cols});
  const torch::Tensor others = torch::randn({kCases, cols});
  torch_ops::LayerNorm layer_norm(torch_ops::LayerNormOptions({cols}));
  torch_ops::BatchNorm batch_norm(cols);
  return {largest_change([&](const torch::Tensor& x) { return layer_norm(x); }, batch, others),
          largest_change([&](const torch::Tensor& x) { return batch_norm(x); }, batch, others)};
}

Json to_json(const Independence& independence) {
  return {{"layernorm_max_abs_change", independence.layernorm_max_abs_change},
          {"batchnorm_max_abs_change", independence.batchnorm_max_abs_change}};
}

}  // namespace norma::lab
