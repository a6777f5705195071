// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// LayerNorm, RMSNorm, the L2 norm and CRMSNorm of the core as differentiable functions of tensors.
//
// x: any shape that ends with normalized_shape, f32, bf16, f16 or f64, any strides (dense rows are
// read where they lie). weight, bias: normalized_shape or undefined, of x's type, or f32 where x is
// bf16 or f16; their gradients have their type. The result is contiguous, of x's shape and type.
// Bad arguments throw c10::Error with the core's message. First derivatives only: differentiating a
// gradient throws. All computing runs on the CPU in the thread pool of torch
// (at::get_num_threads), with the same bits for any number of threads.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

namespace norma::torch_ops {

torch::Tensor layer_norm(const torch::Tensor& x, at::IntArrayRef normalized_shape,
                         const torch::Tensor& weight = {}, const torch::Tensor& bias = {},
                         double eps = 1e-5);

// eps unset means the machine epsilon of x's type, as in torch.nn.RMSNorm. statistic_cols: the mean
// square is that of the first elements of a row alone (partial RMSNorm); 0: of all.
torch::Tensor rms_norm(const torch::Tensor& x, at::IntArrayRef normalized_shape,
                       const torch::Tensor& weight = {}, std::optional<double> eps = std::nullopt,
                       int64_t statistic_cols = 0);

// x / max(|x|, eps) * weight; with a weight of one element ScaleNorm (Nguyen and Salazar 2019).
torch::Tensor l2_norm(const torch::Tensor& x, at::IntArrayRef normalized_shape,
                      const torch::Tensor& weight = {}, double eps = 1e-5);

// RMSNorm of rows of mean 0 that come without their last element, which is minus the sum of the
// others: x / sqrt((sum(x^2) + sum(x)^2) / (n + 1) + eps) * weight for rows of n elements (Jiang,
// Gu, Zhu and Pan 2023).
torch::Tensor crms_norm(const torch::Tensor& x, at::IntArrayRef normalized_shape,
                        const torch::Tensor& weight = {}, double eps = 1e-5);

}  // namespace norma::torch_ops
