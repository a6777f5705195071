// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Tensors as the core sees them, for the functions of this room.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <string>

#include "base/rows_view.h"
#include "base/status.h"

namespace norma::torch_ops {

// Throws c10::Error with the status' message.
void throw_if_error(const Status& status);

// f32, f64, bf16 or f16; throws for another type.
DType dtype_of(const char* function, const char* name, const torch::Tensor& t);

// Throws where t is undefined, not on the CPU or not dense.
void check_memory(const char* function, const char* name, const torch::Tensor& t);

// x must end with normalized_shape; weight and bias, where there are any, must have it.
void check_shapes(const char* function, const torch::Tensor& x, at::IntArrayRef normalized_shape,
                  const std::optional<torch::Tensor>& weight,
                  const std::optional<torch::Tensor>& bias);

// The last `normalized_dims` dimensions make a row. `tensor` keeps the memory alive: t itself, or a
// contiguous copy.
struct Matrix {
  torch::Tensor tensor;
  ConstRowsView view;

  Matrix(const char* function, const char* name, const torch::Tensor& t, int64_t normalized_dims);
};

// Absent where t is.
struct Vector {
  torch::Tensor tensor;
  ConstVectorView view;

  Vector(const char* function, const char* name, const std::optional<torch::Tensor>& t);
};

// Of an output that is contiguous, or absent where t is undefined.
RowsView dense_rows(const torch::Tensor& t, const ConstRowsView& like);
VectorView output_vector(const char* function, const char* name, const torch::Tensor& t);

// `gradient`, which throws where it is differentiated. `sources` are what it is a function of:
// through them it requires a gradient.
torch::Tensor first_derivative_only(const torch::Tensor& gradient, const std::string& function,
                                    at::TensorList sources);

inline std::optional<torch::Tensor> optional(const torch::Tensor& t) {
  return t.defined() ? std::optional<torch::Tensor>(t) : std::nullopt;
}
inline bool wants_gradient(const torch::Tensor& t) { return t.defined() && t.requires_grad(); }

}  // namespace norma::torch_ops
