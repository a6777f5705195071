// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Buffers of a problem as tensors that share their memory.
#pragma once

#include <torch/torch.h>

#include "bench/harness/problem.h"

namespace norma::bench {

inline torch::ScalarType torch_type(DType dtype) {
  return dtype == DType::kBF16  ? torch::kBFloat16
         : dtype == DType::kF16 ? torch::kFloat16
                                : torch::kFloat32;
}
inline torch::Tensor as_matrix(const Problem& p, const Buffer& b) {
  return torch::from_blob(b.bytes(), {p.rows, p.cols}, torch_type(b.dtype()));
}
inline torch::Tensor as_vector(const Buffer& b) {
  return b.size() ? torch::from_blob(b.data(), {b.size()}) : torch::Tensor();
}

}  // namespace norma::bench
