// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/functional.h"

#include <limits>

#include "core/plan/plan.h"
#include "torch_ops/executor.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<Tensor>;

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

void check_arguments(const char* function, const Tensor& x, at::IntArrayRef normalized_shape,
                     const OptionalTensor& weight, const OptionalTensor& bias) {
  check_memory(function, "x", x);
  const auto dims = static_cast<int64_t>(normalized_shape.size());
  TORCH_CHECK(dims >= 1, "[", function, "] normalized_shape must have at least one dimension.");
  TORCH_CHECK(x.dim() >= dims && x.sizes().slice(x.dim() - dims) == normalized_shape, "[", function,
              "] x must have a shape that ends with normalized_shape=", normalized_shape,
              " but has ", x.sizes(), ".");
  const auto check_parameter = [&](const char* name, const OptionalTensor& t) {
    if (!t) return;
    check_memory(function, name, *t);
    TORCH_CHECK(t->sizes() == normalized_shape, "[", function, "] ", name,
                " must have the shape normalized_shape=", normalized_shape, " but has ", t->sizes(),
                ".");
  };
  check_parameter("weight", weight);
  check_parameter("bias", bias);
}

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

// A tensor as the core sees it. `tensor` keeps the memory alive: t itself, or a contiguous copy.
struct Matrix {
  Tensor tensor;
  ConstRowsView view;

  Matrix(const char* function, const char* name, const Tensor& t, int64_t normalized_dims)
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
};

struct Vector {
  Tensor tensor;
  ConstVectorView view;

  Vector(const char* function, const char* name, const OptionalTensor& t) {
    if (!t || !t->defined()) return;
    tensor = t->resolve_neg().contiguous();
    view = {tensor.const_data_ptr(), dtype_of(function, name, *t), tensor.numel()};
  }
};

RowsView dense_rows(const Tensor& t, const ConstRowsView& like) {
  return {t.data_ptr(), like.dtype, like.rows, like.cols, like.cols};
}

// Rows of the tensor of saved statistics: mean_hi, mean_lo, rstd for LayerNorm, rstd for RMSNorm.
template <NormKind kind>
constexpr int64_t kStatistics = kind == NormKind::kLayerNorm ? 3 : 1;

template <NormKind kind, typename Target>
Target statistics_of(const Tensor& statistics) {
  if (!statistics.defined()) return {};
  const auto row = [&](int64_t i) {
    return static_cast<char*>(statistics.data_ptr()) +
           i * statistics.size(1) * static_cast<int64_t>(statistics.element_size());
  };
  if constexpr (kind == NormKind::kLayerNorm) return {row(0), row(1), row(2)};
  return {nullptr, nullptr, row(0)};
}

template <NormKind kind>
Tensor forward(const Tensor& x, int64_t normalized_dims, const OptionalTensor& weight,
               const OptionalTensor& bias, double eps, Tensor* statistics) {
  const char* function = name_of(kind);
  const Matrix x_rows(function, "x", x, normalized_dims);
  const Vector weight_vector(function, "weight", weight), bias_vector(function, "bias", bias);
  Tensor y = at::empty(x.sizes(), x.options());
  if (statistics) {
    const auto type = x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
    *statistics = at::empty({kStatistics<kind>, x_rows.view.rows}, x.options().dtype(type));
  }
  throw_if_error(norm_forward({kind, eps},
                              {.x = x_rows.view,
                               .weight = weight_vector.view,
                               .bias = bias_vector.view,
                               .y = dense_rows(y, x_rows.view),
                               .statistics = statistics_of<kind, Statistics>(
                                   statistics ? *statistics : Tensor())},
                              torch_executor()));
  return y;
}

struct Gradients {
  Tensor dx, dweight, dbias;  // undefined where not wanted
};

template <NormKind kind>
void backward(const Tensor& x, const Tensor& dy, int64_t normalized_dims, const Tensor& weight,
              const Tensor& statistics, double eps, const Gradients& out) {
  const char* function = name_of(kind);
  const Matrix x_rows(function, "x", x, normalized_dims);
  const Matrix dy_rows(function, "dy", dy, normalized_dims);
  const Vector weight_vector(function, "weight", weight);
  const auto output = [&](const char* name, const Tensor& t) -> VectorView {
    if (!t.defined()) return {};
    return {t.data_ptr(), dtype_of(function, name, t), t.numel()};
  };
  const NormSpec spec{kind, eps};
  const NormBackward args{
      .x = x_rows.view,
      .dy = dy_rows.view,
      .weight = weight_vector.view,
      .statistics = statistics_of<kind, ConstStatistics>(statistics),
      .dx = out.dx.defined() ? dense_rows(out.dx, x_rows.view) : RowsView{},
      .dweight = output("dweight", out.dweight),
      .dbias = output("dbias", out.dbias)};
  size_t bytes = 0;
  throw_if_error(norm_backward_workspace_size(spec, args, torch_executor(), &bytes));
  const Tensor workspace =
      bytes == 0 ? Tensor() : at::empty({static_cast<int64_t>(bytes)}, torch::kUInt8);
  throw_if_error(norm_backward(spec, args, bytes == 0 ? nullptr : workspace.data_ptr(), bytes,
                               torch_executor()));
}

// Passes a gradient on unchanged and refuses to be differentiated.
struct FirstDerivativeOnly : torch::autograd::Function<FirstDerivativeOnly> {
  // `sources` are what the gradient is a function of: through them the result requires a gradient.
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

template <NormKind kind>
struct NormFunction : torch::autograd::Function<NormFunction<kind>> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, int64_t normalized_dims,
                        const OptionalTensor& weight, const OptionalTensor& bias, double eps) {
    Tensor statistics;
    Tensor y = torch_ops::forward<kind>(x, normalized_dims, weight, bias, eps, &statistics);
    ctx->save_for_backward({x, weight.value_or(Tensor()), statistics});
    ctx->saved_data["normalized_dims"] = normalized_dims;
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["bias"] = bias.has_value();
    if (bias) ctx->saved_data["bias_type"] = static_cast<int64_t>(bias->scalar_type());
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &statistics = saved[2], &dy = gradients[0];
    const int64_t dims = ctx->saved_data["normalized_dims"].toInt();
    const bool has_weight = weight.defined(), has_bias = ctx->saved_data["bias"].toBool();

    Gradients out;
    {
      const torch::NoGradGuard no_grad;
      const auto shape = x.sizes().slice(x.dim() - dims);
      if (ctx->needs_input_grad(0)) out.dx = at::empty(x.sizes(), x.options());
      if (has_weight && ctx->needs_input_grad(1)) out.dweight = at::empty(shape, weight.options());
      if (has_bias && ctx->needs_input_grad(has_weight ? 2 : 1)) {
        const auto type = static_cast<torch::ScalarType>(ctx->saved_data["bias_type"].toInt());
        out.dbias = at::empty(shape, x.options().dtype(type));
      }
      torch_ops::backward<kind>(x, dy, dims, weight, statistics, ctx->saved_data["eps"].toDouble(),
                                out);
    }
    if (torch::GradMode::is_enabled()) {
      variable_list sources{dy, x};
      if (has_weight) sources.push_back(weight);
      for (Tensor* gradient : {&out.dx, &out.dweight, &out.dbias}) {
        if (!gradient->defined()) continue;
        *gradient = FirstDerivativeOnly::apply(*gradient, std::string(name_of(kind)),
                                               at::TensorList(sources));
      }
    }
    return {out.dx, Tensor(), out.dweight, out.dbias, Tensor()};
  }
};

template <NormKind kind>
Tensor norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& weight,
            const Tensor& bias, double eps) {
  const auto optional = [](const Tensor& t) {
    return t.defined() ? OptionalTensor(t) : std::nullopt;
  };
  const OptionalTensor weight_or_none = optional(weight), bias_or_none = optional(bias);
  check_arguments(name_of(kind), x, normalized_shape, weight_or_none, bias_or_none);
  const auto dims = static_cast<int64_t>(normalized_shape.size());
  const auto requires_grad = [](const Tensor& t) { return t.defined() && t.requires_grad(); };
  const bool differentiable =
      torch::GradMode::is_enabled() &&
      (requires_grad(x) || requires_grad(weight) || requires_grad(bias));
  if (!differentiable) return forward<kind>(x, dims, weight_or_none, bias_or_none, eps, nullptr);
  return NormFunction<kind>::apply(x, dims, weight_or_none, bias_or_none, eps);
}

}  // namespace

Tensor layer_norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) {
  return norm<NormKind::kLayerNorm>(x, normalized_shape, weight, bias, eps);
}

Tensor rms_norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& weight,
                std::optional<double> eps) {
  const auto epsilon_of_type = [&] {
    return x.scalar_type() == torch::kFloat64 ? std::numeric_limits<double>::epsilon()
                                              : std::numeric_limits<float>::epsilon();
  };
  check_memory("rms_norm", "x", x);
  return norm<NormKind::kRmsNorm>(x, normalized_shape, weight, {},
                                  eps ? *eps : epsilon_of_type());
}

}  // namespace norma::torch_ops
