// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/modules.h"

#include <cmath>

#include "torch_ops/functional.h"

namespace norma::torch_ops {

LayerNormImpl::LayerNormImpl(LayerNormOptions options_) : options(std::move(options_)) { reset(); }

void LayerNormImpl::reset() {
  const bool affine = options.elementwise_affine();
  const auto parameter = [&](const char* name, bool present) {
    return present ? register_parameter(name, torch::empty(options.normalized_shape()))
                   : register_parameter(name, torch::Tensor(), /*requires_grad=*/false);
  };
  weight = parameter("weight", affine);
  bias = parameter("bias", affine && options.bias());
  reset_parameters();
}

void LayerNormImpl::reset_parameters() {
  if (weight.defined()) torch::nn::init::ones_(weight);
  if (bias.defined()) torch::nn::init::zeros_(bias);
}

void LayerNormImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "norma::LayerNorm(" << at::IntArrayRef(options.normalized_shape())
         << ", eps=" << options.eps() << ", elementwise_affine=" << options.elementwise_affine()
         << ", bias=" << options.bias() << ")";
}

torch::Tensor LayerNormImpl::forward(const torch::Tensor& x) {
  return layer_norm(x, options.normalized_shape(), weight, bias, options.eps());
}

RMSNormImpl::RMSNormImpl(RMSNormOptions options_) : options(std::move(options_)) { reset(); }

void RMSNormImpl::reset() {
  weight = options.elementwise_affine()
               ? register_parameter("weight", torch::empty(options.normalized_shape()))
               : register_parameter("weight", torch::Tensor(), /*requires_grad=*/false);
  reset_parameters();
}

void RMSNormImpl::reset_parameters() {
  if (weight.defined()) torch::nn::init::ones_(weight);
}

void RMSNormImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "norma::RMSNorm(" << at::IntArrayRef(options.normalized_shape())
         << ", eps=";
  if (options.eps()) {
    stream << *options.eps();
  } else {
    stream << "unset";
  }
  stream << ", elementwise_affine=" << options.elementwise_affine();
  if (options.statistic_cols() != 0) stream << ", statistic_cols=" << options.statistic_cols();
  stream << ")";
}

torch::Tensor RMSNormImpl::forward(const torch::Tensor& x) {
  return rms_norm(x, options.normalized_shape(), weight, options.eps(), options.statistic_cols());
}

ScaleNormImpl::ScaleNormImpl(ScaleNormOptions options_) : options(std::move(options_)) { reset(); }

void ScaleNormImpl::reset() {
  weight = register_parameter("weight", torch::empty({1}));
  reset_parameters();
}

void ScaleNormImpl::reset_parameters() {
  double elements = 1;
  for (const int64_t size : options.normalized_shape()) elements *= static_cast<double>(size);
  torch::nn::init::constant_(weight, std::sqrt(elements));
}

void ScaleNormImpl::pretty_print(std::ostream& stream) const {
  stream << "norma::ScaleNorm(" << at::IntArrayRef(options.normalized_shape())
         << ", eps=" << options.eps() << ")";
}

torch::Tensor ScaleNormImpl::forward(const torch::Tensor& x) {
  return l2_norm(x, options.normalized_shape(), weight, options.eps());
}

CRMSNormImpl::CRMSNormImpl(CRMSNormOptions options_) : options(std::move(options_)) { reset(); }

void CRMSNormImpl::reset() {
  weight = register_parameter("weight", torch::empty(options.normalized_shape()));
  reset_parameters();
}

void CRMSNormImpl::reset_parameters() { torch::nn::init::ones_(weight); }

void CRMSNormImpl::pretty_print(std::ostream& stream) const {
  stream << "norma::CRMSNorm(" << at::IntArrayRef(options.normalized_shape())
         << ", eps=" << options.eps() << ")";
}

torch::Tensor CRMSNormImpl::forward(const torch::Tensor& x) {
  return crms_norm(x, options.normalized_shape(), weight, options.eps());
}

}  // namespace norma::torch_ops
