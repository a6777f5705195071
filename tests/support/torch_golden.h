// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What another version of PyTorch made of its layers in float64, with gradients: a file a layer in
// the shared data.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <memory>
#include <string>

#include "tests/support/shared_data.h"
#include "weights/safetensors.h"

namespace norma::test {

inline std::string torch_golden_path(const std::string& name) {
  return shared_data_path("torch-golden/" + name + ".safetensors");
}

class TorchGolden {
 public:
  // Its numbers are handed out in this type.
  TorchGolden(const std::string& name, torch::ScalarType type)
      : file_(weights::SafetensorsFile::open(torch_golden_path(name))), type_(type) {
    TORCH_CHECK(file_.ok(), file_.status().message());
  }

  torch::Tensor operator()(const std::string& name) const {
    const weights::TensorInfo& info = file_.value().tensors().at(name);
    const bool is_number = info.dtype == "F64";
    TORCH_CHECK(is_number || info.dtype == "I64", name, " is ", info.dtype);
    const torch::Tensor there = torch::from_blob(const_cast<void*>(info.data), info.shape,
                                                 is_number ? torch::kFloat64 : torch::kInt64);
    return is_number ? there.to(type_, /*non_blocking=*/false, /*copy=*/true) : there.clone();
  }

 private:
  Result<weights::SafetensorsFile> file_;
  torch::ScalarType type_;
};

// max |a - b| / max |b| within what the type leaves: of float64 the rounding of a few sums in
// another order, of float32 a hundred units in the last place.
inline double golden_tolerance(torch::ScalarType type) {
  return type == torch::kFloat64 ? 1e-10 : 1e-5;
}

}  // namespace norma::test
