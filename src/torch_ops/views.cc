// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/views.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Elements from one row to the next where t is a matrix of dense rows as it lies in memory, -1
// where it is not. The last `normalized_dims` dimensions make a row.
int64_t row_stride(const Tensor& t, int64_t normalized_dims, int64_t cols) {
  if (t.numel() == 0) return cols;
  int64_t dense = 1;
  for (int64_t d = t.dim() - 1; d >= t.dim() - normalized_dims; --d) {
    if (t.size(d) != 1 && t.stride(d) != dense) return -1;
    dense *= t.size(d);
  }
  int64_t stride = -1, next = -1;
  for (int64_t d = t.dim() - normalized_dims - 1; d >= 0; --d) {
    if (t.size(d) == 1) continue;
    if (stride < 0) {
      stride = next = t.stride(d);
    } else if (t.stride(d) != next) {
      return -1;
    }
    next *= t.size(d);
  }
  return stride < 0 ? cols : stride;
}

// Passes a gradient on unchanged and refuses to be differentiated.
struct FirstDerivativeOnly : torch::autograd::Function<FirstDerivativeOnly> {
  static Tensor forward(AutogradContext* ctx, const Tensor& gradient, const std::string& function,
                        at::TensorList /*sources*/) {
    ctx->saved_data["function"] = function;
    return gradient;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list&) {
    TORCH_CHECK(false, "[", ctx->saved_data["function"].toStringRef(),
                "] has first derivatives only; differentiate the gradient of torch's own function "
                "where a second derivative is needed.");
  }
};

}  // namespace

void throw_if_error(const Status& status) { TORCH_CHECK(status.ok(), status.message()); }

DType dtype_of(const char* function, const char* name, const Tensor& t) {
  switch (t.scalar_type()) {
    case torch::kFloat32: return DType::kF32;
    case torch::kFloat64: return DType::kF64;
    case torch::kBFloat16: return DType::kBF16;
    case torch::kFloat16: return DType::kF16;
    default:
      TORCH_CHECK(false, "[", function, "] ", name, " must be a floating-point tensor but is ",
                  t.scalar_type(), ".");
  }
}

void check_memory(const char* function, const char* name, const Tensor& t) {
  TORCH_CHECK(t.defined(), "[", function, "] ", name, " must be a tensor but is undefined.");
  TORCH_CHECK(t.is_cpu(), "[", function, "] ", name, " must be on the CPU but is on ", t.device(),
              "; move it with .cpu().");
  TORCH_CHECK(t.layout() == torch::kStrided, "[", function, "] ", name,
              " must be a dense tensor but has layout ", t.layout(), ".");
}

void check_shapes(const char* function, const Tensor& x, at::IntArrayRef normalized_shape,
                  const std::optional<Tensor>& weight, const std::optional<Tensor>& bias) {
  check_memory(function, "x", x);
  const auto dims = static_cast<int64_t>(normalized_shape.size());
  TORCH_CHECK(dims >= 1, "[", function, "] normalized_shape must have at least one dimension.");
  TORCH_CHECK(x.dim() >= dims && x.sizes().slice(x.dim() - dims) == normalized_shape, "[", function,
              "] x must have a shape that ends with normalized_shape=", normalized_shape,
              " but has ", x.sizes(), ".");
  const auto check_parameter = [&](const char* name, const std::optional<Tensor>& t) {
    if (!t) return;
    check_memory(function, name, *t);
    TORCH_CHECK(t->sizes() == normalized_shape, "[", function, "] ", name,
                " must have the shape normalized_shape=", normalized_shape, " but has ", t->sizes(),
                ".");
  };
  check_parameter("weight", weight);
  check_parameter("bias", bias);
}

Matrix::Matrix(const char* function, const char* name, const Tensor& t, int64_t normalized_dims)
    : tensor(t.resolve_neg()) {
  int64_t cols = 1;
  for (int64_t d = t.dim() - normalized_dims; d < t.dim(); ++d) cols *= t.size(d);
  int64_t stride = row_stride(tensor, normalized_dims, cols);
  if (stride < 0) {
    tensor = tensor.contiguous();
    stride = cols;
  }
  const int64_t rows = cols == 0 ? 0 : t.numel() / cols;
  view = {tensor.const_data_ptr(), dtype_of(function, name, t), rows, cols, stride};
}

Vector::Vector(const char* function, const char* name, const std::optional<Tensor>& t) {
  if (!t || !t->defined()) return;
  tensor = t->resolve_neg().contiguous();
  view = {tensor.const_data_ptr(), dtype_of(function, name, *t), tensor.numel()};
}

RowsView dense_rows(const Tensor& t, const ConstRowsView& like) {
  if (!t.defined()) return {};
  return {t.data_ptr(), like.dtype, like.rows, like.cols, like.cols};
}

VectorView output_vector(const char* function, const char* name, const Tensor& t) {
  if (!t.defined()) return {};
  return {t.data_ptr(), dtype_of(function, name, t), t.numel()};
}

Tensor first_derivative_only(const Tensor& gradient, const std::string& function,
                             at::TensorList sources) {
  return FirstDerivativeOnly::apply(gradient, function, sources);
}

}  // namespace norma::torch_ops
