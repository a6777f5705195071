// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/batch_norm.h"

#include "core/plan/channel_norm.h"
#include "torch_ops/executor.h"
#include "torch_ops/views.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<Tensor>;

constexpr char kName[] = "batch_norm";

torch::ScalarType type_of_statistics(const Tensor& x) {
  return x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

// What a call of the core takes beside x and its parameters; no variables of the graph.
struct Kept {
  Tensor running_mean, running_var, mask;
};

const uint8_t* bytes_of(const Tensor& mask) {
  return mask.defined() ? static_cast<const uint8_t*>(mask.const_data_ptr()) : nullptr;
}

// mean_hi, mean_lo, rstd: (3, C).
template <typename Target>
Target statistics_of(const Tensor& statistics) {
  if (!statistics.defined()) return {};
  const auto row = [&](int64_t i) {
    return static_cast<char*>(statistics.data_ptr()) +
           i * statistics.size(1) * static_cast<int64_t>(statistics.element_size());
  };
  return {row(0), row(1), row(2)};
}

Tensor workspace_of(size_t bytes) {
  return bytes == 0 ? Tensor() : at::empty({static_cast<int64_t>(bytes)}, torch::kUInt8);
}

void* data_of(const Tensor& workspace) {
  return workspace.defined() ? workspace.data_ptr() : nullptr;
}

Tensor forward(const BatchNormSpec& spec, const Tensor& x, const OptionalTensor& weight,
               const OptionalTensor& bias, const Kept& kept, Tensor* statistics) {
  const Matrix x_rows(kName, "x", x, 1);
  const Vector weight_vector(kName, "weight", weight), bias_vector(kName, "bias", bias);
  Tensor y = at::empty(x.sizes(), x.options());
  if (statistics) {
    *statistics = at::empty({3, x.size(-1)}, x.options().dtype(type_of_statistics(x)));
  }
  const BatchNormForward args{
      .x = x_rows.view,
      .mask = bytes_of(kept.mask),
      .weight = weight_vector.view,
      .bias = bias_vector.view,
      .y = dense_rows(y, x_rows.view),
      .running_mean = output_vector(kName, "running_mean", kept.running_mean),
      .running_var = output_vector(kName, "running_var", kept.running_var),
      .statistics = statistics_of<Statistics>(statistics ? *statistics : Tensor())};
  size_t bytes = 0;
  throw_if_error(batch_norm_forward_workspace_size(spec, args, &bytes));
  const Tensor workspace = workspace_of(bytes);
  throw_if_error(batch_norm_forward(spec, args, data_of(workspace), bytes, torch_executor()));
  return y;
}

struct Gradients {
  Tensor dx, dweight, dbias;  // undefined where not wanted
};

void backward(const BatchNormSpec& spec, const Tensor& x, const Tensor& dy, const Tensor& mask,
              const Tensor& weight, const Tensor& statistics, const Gradients& out) {
  const Matrix x_rows(kName, "x", x, 1), dy_rows(kName, "dy", dy, 1);
  const Vector weight_vector(kName, "weight", weight);
  const BatchNormBackward args{.x = x_rows.view,
                               .dy = dy_rows.view,
                               .mask = bytes_of(mask),
                               .weight = weight_vector.view,
                               .statistics = statistics_of<ConstStatistics>(statistics),
                               .dx = dense_rows(out.dx, x_rows.view),
                               .dweight = output_vector(kName, "dweight", out.dweight),
                               .dbias = output_vector(kName, "dbias", out.dbias)};
  size_t bytes = 0;
  throw_if_error(batch_norm_backward_workspace_size(spec, args, &bytes));
  const Tensor workspace = workspace_of(bytes);
  throw_if_error(batch_norm_backward(spec, args, data_of(workspace), bytes, torch_executor()));
}

struct BatchNormFunction : torch::autograd::Function<BatchNormFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const OptionalTensor& weight,
                        const OptionalTensor& bias, const BatchNormSpec& spec, const Kept& kept) {
    Tensor statistics;
    Tensor y = torch_ops::forward(spec, x, weight, bias, kept, &statistics);
    ctx->save_for_backward({x, weight.value_or(Tensor()), statistics, kept.mask});
    ctx->saved_data["training"] = spec.training;
    ctx->saved_data["eps"] = spec.eps;
    ctx->saved_data["bias"] = bias.has_value();
    if (bias) ctx->saved_data["bias_type"] = static_cast<int64_t>(bias->scalar_type());
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &dy = gradients[0];
    const bool has_weight = weight.defined(), has_bias = ctx->saved_data["bias"].toBool();
    BatchNormSpec spec;
    spec.training = ctx->saved_data["training"].toBool();
    spec.eps = ctx->saved_data["eps"].toDouble();
    Gradients out;
    {
      const torch::NoGradGuard no_grad;
      if (ctx->needs_input_grad(0)) out.dx = at::empty(x.sizes(), x.options());
      if (has_weight && ctx->needs_input_grad(1)) {
        out.dweight = at::empty({x.size(-1)}, weight.options());
      }
      if (has_bias && ctx->needs_input_grad(has_weight ? 2 : 1)) {
        const auto type = static_cast<torch::ScalarType>(ctx->saved_data["bias_type"].toInt());
        out.dbias = at::empty({x.size(-1)}, x.options().dtype(type));
      }
      torch_ops::backward(spec, x, dy, saved[3], weight, saved[2], out);
    }
    if (torch::GradMode::is_enabled()) {
      variable_list sources{dy, x};
      if (has_weight) sources.push_back(weight);
      for (Tensor* gradient : {&out.dx, &out.dweight, &out.dbias}) {
        if (gradient->defined()) *gradient = first_derivative_only(*gradient, kName, sources);
      }
    }
    return {out.dx, out.dweight, out.dbias, Tensor(), Tensor()};
  }
};

// As rows of the core, which writes through it: memory of its own would be lost.
Tensor checked_running(const char* name, const Tensor& running, const Tensor& x) {
  if (!running.defined()) return running;
  check_memory(kName, name, running);
  TORCH_CHECK(running.dim() == 1 && running.size(0) == x.size(-1) && running.is_contiguous(),
              "[batch_norm] ", name, " must be contiguous and have the shape [", x.size(-1),
              "] but has ", running.sizes(), ".");
  return running.detach();
}

// The core keeps running statistics of 16-bit rows in f32. A module that was moved to x's type has
// them in that, and keeps them so: rounded after each batch, as PyTorch's are.
Tensor in_core_type(const Tensor& running, const Tensor& x) {
  const bool is_of_x = running.defined() && running.scalar_type() == x.scalar_type();
  return is_of_x ? running.to(type_of_statistics(x)) : running;
}
void put_back(const Tensor& kept, const Tensor& given) {
  if (given.defined() && !kept.is_same(given)) given.copy_(kept);
}

Tensor checked_mask(const Tensor& mask, const Tensor& x) {
  if (!mask.defined()) return mask;
  check_memory(kName, "mask", mask);
  TORCH_CHECK(mask.scalar_type() == torch::kBool && mask.sizes() == x.sizes().slice(0, x.dim() - 1),
              "[batch_norm] mask must be bool and have the shape ",
              x.sizes().slice(0, x.dim() - 1), " of x without its features but is ",
              mask.scalar_type(), " ", mask.sizes(), ".");
  return mask.contiguous();
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormSettings& settings, const Tensor& mask) {
  check_memory(kName, "x", x);
  TORCH_CHECK(x.dim() >= 1, "[batch_norm] x must have at least one dimension.");
  const OptionalTensor weight_or_none = optional(weight), bias_or_none = optional(bias);
  check_shapes(kName, x, {x.size(-1)}, weight_or_none, bias_or_none);
  const Kept given{checked_running("running_mean", running_mean, x),
                   checked_running("running_var", running_var, x), checked_mask(mask, x)};
  const Kept kept{in_core_type(given.running_mean, x), in_core_type(given.running_var, x),
                  given.mask};
  const BatchNormSpec spec{
      .training = settings.training, .eps = settings.eps, .momentum = settings.momentum};
  const bool differentiable =
      torch::GradMode::is_enabled() &&
      (wants_gradient(x) || wants_gradient(weight) || wants_gradient(bias));
  const Tensor y = differentiable
                       ? BatchNormFunction::apply(x, weight_or_none, bias_or_none, spec, kept)
                       : forward(spec, x, weight_or_none, bias_or_none, kept, nullptr);
  if (spec.training) {
    put_back(kept.running_mean, given.running_mean);
    put_back(kept.running_var, given.running_var);
  }
  return y;
}

BatchNormImpl::BatchNormImpl(BatchNormOptions options_) : options(std::move(options_)) { reset(); }

void BatchNormImpl::reset() {
  const auto parameter = [&](const char* name, double value) {
    return options.affine()
               ? register_parameter(name, torch::full({options.num_features()}, value))
               : register_parameter(name, Tensor(), /*requires_grad=*/false);
  };
  weight = parameter("weight", 1.0);
  bias = parameter("bias", 0.0);
  running_mean = register_buffer("running_mean", torch::zeros({options.num_features()}));
  running_var = register_buffer("running_var", torch::ones({options.num_features()}));
}

void BatchNormImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "norma::BatchNorm(" << options.num_features()
         << ", eps=" << options.eps() << ", momentum=" << options.momentum()
         << ", affine=" << options.affine() << ")";
}

Tensor BatchNormImpl::forward_masked(const Tensor& x, const Tensor& mask) {
  return batch_norm(x, weight, bias, running_mean, running_var,
                    {is_training(), options.momentum(), options.eps()}, mask);
}

}  // namespace norma::torch_ops
