// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The folders under tests/parity, which transformers wrote, and how near to them a model must be.
#pragma once

#include <torch/torch.h>

#include <string>

#include "models/model.h"
#include "weights/safetensors.h"

namespace norma::test {

inline weights::SafetensorsFile must_open(const std::string& path) {
  auto file = weights::SafetensorsFile::open(path);
  TORCH_CHECK(file.ok(), file.status().message());
  return file.value();
}

inline torch::Tensor tensor_of(const weights::SafetensorsFile& file, const std::string& name) {
  const weights::TensorInfo& info = file.tensors().at(name);
  const auto type = info.dtype == "I64" ? torch::kInt64 : torch::kFloat32;
  return torch::from_blob(const_cast<void*>(info.data), info.shape, type).clone();
}

inline double worst(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

inline torch::Tensor logits_of(models::Model& model, const torch::Tensor& ids_T) {
  torch::NoGradGuard no_grad;
  models::Batch batch;
  batch.target_in_BT = ids_T.unsqueeze(0);
  return model.logits_BTV(batch)[0];
}

// How far from transformers' float64 pass a model of this type may be, whose numbers are of size 1
// to 9. transformers takes norms, softmax and rotation through float32 in float64 models too, and
// writes float32: that is 8e-6 at most, the same on every machine. A float32 model has its own
// roundings, which follow the order of torch's products on this machine (olmo2's last norm: 6e-6
// with AVX-512, 1.3e-5 without): on a path of 2 layers some 20 of 2^-24 of 9, 1e-5, which a norm
// over numbers of size 0.1 makes ten times that.
inline double far_of(torch::ScalarType type) { return type == torch::kFloat64 ? 1e-5 : 1e-4; }

}  // namespace norma::test
