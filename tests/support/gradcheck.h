// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Gradients of any function of f64 tensors, compared with central finite differences.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace norma::test {

using TensorFunction = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

// Differentiates L = sum(c * f(inputs)), c fixed and without a pattern, by every element of every
// input that requires a gradient.
//
// D(h) = (L(x+h) - L(x-h)) / 2h is wrong by k h^2 + O(h^4), so (4 D(h) - D(2h)) / 3 is wrong by
// O(h^4), far below |D(h) - D(2h)|, which is 3 k h^2. That difference and the rounding errors of
// both L, each within 64 eps * sum|c * f|, over h are the tolerance. A function so curved that
// the difference is no small part of the gradient would make the comparison empty, and fails.
inline ::testing::AssertionResult gradcheck(const TensorFunction& f,
                                            std::vector<torch::Tensor> inputs) {
  constexpr double kStep = 0x1p-12;
  for (torch::Tensor& input : inputs) {
    if (input.defined()) input = input.detach().clone().set_requires_grad(input.requires_grad());
  }
  torch::Tensor cotangent;
  const auto terms = [&] {
    const torch::Tensor y = f(inputs);
    if (!cotangent.defined()) {
      cotangent = torch::sin(torch::arange(1, y.numel() + 1, torch::kFloat64)).view_as(y);
    }
    return y * cotangent;
  };
  std::vector<torch::Tensor> variables;
  for (const torch::Tensor& input : inputs) {
    if (input.defined() && input.requires_grad()) variables.push_back(input);
  }
  const torch::Tensor loss_terms = terms();
  const auto analytic = torch::autograd::grad({loss_terms.sum()}, variables);

  const torch::NoGradGuard no_grad;
  const double size = loss_terms.abs().sum().item<double>();
  const double rounding = 64 * std::numeric_limits<double>::epsilon() * (size + 1e-300) / kStep;
  for (size_t k = 0; k < variables.size(); ++k) {
    const double scale = analytic[k].numel() ? analytic[k].abs().max().item<double>() : 0;
    torch::Tensor flat = variables[k].view(-1);
    const torch::Tensor gradient = analytic[k].contiguous().view(-1);
    for (int64_t i = 0; i < flat.numel(); ++i) {
      const double at = flat[i].item<double>();
      const auto loss = [&](double x) {
        flat[i] = x;
        const double value = terms().sum().item<double>();
        flat[i] = at;
        return value;
      };
      const double d1 = (loss(at + kStep) - loss(at - kStep)) / (2 * kStep);
      const double d2 = (loss(at + 2 * kStep) - loss(at - 2 * kStep)) / (4 * kStep);
      const double numeric = (4 * d1 - d2) / 3, found = gradient[i].item<double>();
      const double truncation = std::abs(d1 - d2);
      if (!(truncation <= 1e-3 * scale + rounding)) {
        return ::testing::AssertionFailure()
               << "input " << k << " element " << i << ": D(h)=" << d1 << " but D(2h)=" << d2
               << ": too curved for h=" << kStep;
      }
      if (!(std::abs(found - numeric) <= truncation + rounding)) {
        return ::testing::AssertionFailure()
               << "input " << k << " element " << i << ": gradient " << found
               << ", finite differences " << numeric << " +- " << truncation + rounding;
      }
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace norma::test
