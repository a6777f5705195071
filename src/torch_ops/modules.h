// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// torch::nn modules over functional.h, with PyTorch's options and parameter names.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

namespace norma::torch_ops {

struct LayerNormOptions {
  LayerNormOptions(std::vector<int64_t> shape) : normalized_shape_(std::move(shape)) {}  // NOLINT
  TORCH_ARG(std::vector<int64_t>, normalized_shape);
  TORCH_ARG(double, eps) = 1e-5;
  TORCH_ARG(bool, elementwise_affine) = true;
  TORCH_ARG(bool, bias) = true;  // only where elementwise_affine
};

class LayerNormImpl : public torch::nn::Cloneable<LayerNormImpl> {
 public:
  explicit LayerNormImpl(std::vector<int64_t> shape)
      : LayerNormImpl(LayerNormOptions(std::move(shape))) {}
  explicit LayerNormImpl(LayerNormOptions options);
  void reset() override;
  void reset_parameters();  // weight 1, bias 0
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x);

  LayerNormOptions options;
  torch::Tensor weight, bias;  // undefined where there is none
};
TORCH_MODULE(LayerNorm);

struct RMSNormOptions {
  RMSNormOptions(std::vector<int64_t> shape) : normalized_shape_(std::move(shape)) {}  // NOLINT
  TORCH_ARG(std::vector<int64_t>, normalized_shape);
  TORCH_ARG(std::optional<double>, eps) = std::nullopt;
  TORCH_ARG(bool, elementwise_affine) = true;
  TORCH_ARG(int64_t, statistic_cols) = 0;  // as in rms_norm()
};

class RMSNormImpl : public torch::nn::Cloneable<RMSNormImpl> {
 public:
  explicit RMSNormImpl(std::vector<int64_t> shape)
      : RMSNormImpl(RMSNormOptions(std::move(shape))) {}
  explicit RMSNormImpl(RMSNormOptions options);
  void reset() override;
  void reset_parameters();  // weight 1
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x);

  RMSNormOptions options;
  torch::Tensor weight;  // undefined where there is none
};
TORCH_MODULE(RMSNorm);

// g x / max(|x|, eps), g one number that begins as the root of a row's elements (Nguyen and Salazar
// 2019, section 2.3).
struct ScaleNormOptions {
  ScaleNormOptions(std::vector<int64_t> shape) : normalized_shape_(std::move(shape)) {}  // NOLINT
  TORCH_ARG(std::vector<int64_t>, normalized_shape);
  TORCH_ARG(double, eps) = 1e-5;
};

class ScaleNormImpl : public torch::nn::Cloneable<ScaleNormImpl> {
 public:
  explicit ScaleNormImpl(ScaleNormOptions options);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x);

  ScaleNormOptions options;
  torch::Tensor weight;  // (1)
};
TORCH_MODULE(ScaleNorm);

// As crms_norm().
struct CRMSNormOptions {
  CRMSNormOptions(std::vector<int64_t> shape) : normalized_shape_(std::move(shape)) {}  // NOLINT
  TORCH_ARG(std::vector<int64_t>, normalized_shape);
  TORCH_ARG(double, eps) = 1e-5;
};

class CRMSNormImpl : public torch::nn::Cloneable<CRMSNormImpl> {
 public:
  explicit CRMSNormImpl(CRMSNormOptions options);
  void reset() override;
  void reset_parameters();  // weight 1
  void pretty_print(std::ostream& stream) const override;
  torch::Tensor forward(const torch::Tensor& x);

  CRMSNormOptions options;
  torch::Tensor weight;  // normalized_shape
};
TORCH_MODULE(CRMSNorm);

}  // namespace norma::torch_ops
