// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/functional.h"

#include <limits>

#include "core/plan/plan.h"
#include "torch_ops/executor.h"
#include "torch_ops/views.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<Tensor>;

// Of the tensor of saved statistics: mean_hi, mean_lo, where the norm has them, and rstd.
int64_t statistics_rows(NormKind kind) {
  return 1 + (saves_mean_hi(kind) ? 1 : 0) + (saves_mean_lo(kind) ? 1 : 0);
}

template <typename Target>
Target statistics_of(NormKind kind, const Tensor& statistics) {
  if (!statistics.defined()) return {};
  const auto row = [&](int64_t i) {
    return static_cast<char*>(statistics.data_ptr()) +
           i * statistics.size(1) * static_cast<int64_t>(statistics.element_size());
  };
  if (saves_mean_lo(kind)) return {row(0), row(1), row(2)};
  if (saves_mean_hi(kind)) return {row(0), nullptr, row(1)};
  return {nullptr, nullptr, row(0)};
}

Tensor forward(const NormSpec& spec, const Tensor& x, int64_t normalized_dims,
               const OptionalTensor& weight, const OptionalTensor& bias, Tensor* statistics) {
  const char* function = name_of(spec.kind);
  const Matrix x_rows(function, "x", x, normalized_dims);
  const Vector weight_vector(function, "weight", weight), bias_vector(function, "bias", bias);
  Tensor y = at::empty(x.sizes(), x.options());
  if (statistics) {
    const auto type = x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
    *statistics =
        at::empty({statistics_rows(spec.kind), x_rows.view.rows}, x.options().dtype(type));
  }
  throw_if_error(norm_forward(spec,
                              {.x = x_rows.view,
                               .weight = weight_vector.view,
                               .bias = bias_vector.view,
                               .y = dense_rows(y, x_rows.view),
                               .statistics = statistics_of<Statistics>(
                                   spec.kind, statistics ? *statistics : Tensor())},
                              torch_executor()));
  return y;
}

struct Gradients {
  Tensor dx, dweight, dbias;  // undefined where not wanted
};

void backward(const NormSpec& spec, const Tensor& x, const Tensor& dy, int64_t normalized_dims,
              const Tensor& weight, const Tensor& statistics, const Gradients& out) {
  const char* function = name_of(spec.kind);
  const Matrix x_rows(function, "x", x, normalized_dims);
  const Matrix dy_rows(function, "dy", dy, normalized_dims);
  const Vector weight_vector(function, "weight", weight);
  const NormBackward args{
      .x = x_rows.view,
      .dy = dy_rows.view,
      .weight = weight_vector.view,
      .statistics = statistics_of<ConstStatistics>(spec.kind, statistics),
      .dx = dense_rows(out.dx, x_rows.view),
      .dweight = output_vector(function, "dweight", out.dweight),
      .dbias = output_vector(function, "dbias", out.dbias)};
  size_t bytes = 0;
  throw_if_error(norm_backward_workspace_size(spec, args, torch_executor(), &bytes));
  const Tensor workspace =
      bytes == 0 ? Tensor() : at::empty({static_cast<int64_t>(bytes)}, torch::kUInt8);
  throw_if_error(norm_backward(spec, args, bytes == 0 ? nullptr : workspace.data_ptr(), bytes,
                               torch_executor()));
}

struct NormFunction : torch::autograd::Function<NormFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, int64_t normalized_dims,
                        const OptionalTensor& weight, const OptionalTensor& bias,
                        const NormSpec& spec) {
    Tensor statistics;
    Tensor y = torch_ops::forward(spec, x, normalized_dims, weight, bias, &statistics);
    ctx->save_for_backward({x, weight.value_or(Tensor()), statistics});
    ctx->saved_data["normalized_dims"] = normalized_dims;
    ctx->saved_data["kind"] = static_cast<int64_t>(spec.kind);
    ctx->saved_data["eps"] = spec.eps;
    ctx->saved_data["statistic_cols"] = spec.statistic_cols;
    ctx->saved_data["bias"] = bias.has_value();
    if (bias) ctx->saved_data["bias_type"] = static_cast<int64_t>(bias->scalar_type());
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &statistics = saved[2], &dy = gradients[0];
    const int64_t dims = ctx->saved_data["normalized_dims"].toInt();
    const bool has_weight = weight.defined(), has_bias = ctx->saved_data["bias"].toBool();
    NormSpec spec{static_cast<NormKind>(ctx->saved_data["kind"].toInt()),
                  ctx->saved_data["eps"].toDouble()};
    spec.statistic_cols = ctx->saved_data["statistic_cols"].toInt();

    Gradients out;
    {
      const torch::NoGradGuard no_grad;
      const auto shape = x.sizes().slice(x.dim() - dims);
      if (ctx->needs_input_grad(0)) out.dx = at::empty(x.sizes(), x.options());
      if (has_weight && ctx->needs_input_grad(1)) {
        out.dweight = at::empty(weight.sizes(), weight.options());
      }
      if (has_bias && ctx->needs_input_grad(has_weight ? 2 : 1)) {
        const auto type = static_cast<torch::ScalarType>(ctx->saved_data["bias_type"].toInt());
        out.dbias = at::empty(shape, x.options().dtype(type));
      }
      torch_ops::backward(spec, x, dy, dims, weight, statistics, out);
    }
    if (torch::GradMode::is_enabled()) {
      variable_list sources{dy, x};
      if (has_weight) sources.push_back(weight);
      for (Tensor* gradient : {&out.dx, &out.dweight, &out.dbias}) {
        if (!gradient->defined()) continue;
        *gradient = first_derivative_only(*gradient, name_of(spec.kind), sources);
      }
    }
    return {out.dx, Tensor(), out.dweight, out.dbias, Tensor()};
  }
};

Tensor norm(const NormSpec& spec, const Tensor& x, at::IntArrayRef normalized_shape,
            const Tensor& weight, const Tensor& bias) {
  const OptionalTensor weight_or_none = optional(weight), bias_or_none = optional(bias);
  const bool one_weight =
      spec.kind == NormKind::kL2Norm && weight.defined() && weight.numel() == 1;
  check_shapes(name_of(spec.kind), x, normalized_shape,
               one_weight ? std::nullopt : weight_or_none, bias_or_none);
  if (one_weight) check_memory(name_of(spec.kind), "weight", weight);
  const auto dims = static_cast<int64_t>(normalized_shape.size());
  const bool differentiable =
      torch::GradMode::is_enabled() &&
      (wants_gradient(x) || wants_gradient(weight) || wants_gradient(bias));
  if (!differentiable) return forward(spec, x, dims, weight_or_none, bias_or_none, nullptr);
  return NormFunction::apply(x, dims, weight_or_none, bias_or_none, spec);
}

}  // namespace

Tensor layer_norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) {
  return norm({NormKind::kLayerNorm, eps}, x, normalized_shape, weight, bias);
}

Tensor rms_norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& weight,
                std::optional<double> eps, int64_t statistic_cols) {
  const auto epsilon_of_type = [&] {
    return x.scalar_type() == torch::kFloat64 ? std::numeric_limits<double>::epsilon()
                                              : std::numeric_limits<float>::epsilon();
  };
  check_memory("rms_norm", "x", x);
  NormSpec spec{NormKind::kRmsNorm, eps ? *eps : epsilon_of_type()};
  spec.statistic_cols = statistic_cols;
  return norm(spec, x, normalized_shape, weight, {});
}

Tensor l2_norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& weight,
               double eps) {
  return norm({NormKind::kL2Norm, eps}, x, normalized_shape, weight, {});
}

Tensor crms_norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& weight,
                 double eps) {
  return norm({NormKind::kCrmsNorm, eps}, x, normalized_shape, weight, {});
}

}  // namespace norma::torch_ops
