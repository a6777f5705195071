// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/pointwise.h"

#include "core/plan/pointwise.h"
#include "torch_ops/executor.h"
#include "torch_ops/views.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<Tensor>;

// The type that the core has the scalars' gradients in.
torch::ScalarType scalar_type_for(const Tensor& x) {
  return x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

void check_scalar(const char* function, const char* name, const Tensor& x, const Tensor& t) {
  check_memory(function, name, t);
  TORCH_CHECK(t.numel() == 1, "[", function, "] ", name, " must have one element but has ",
              t.numel(), ".");
  TORCH_CHECK(t.scalar_type() == scalar_type_for(x) || t.scalar_type() == x.scalar_type(), "[",
              function, "] ", name, " must be ", scalar_type_for(x), " where x is ",
              x.scalar_type(), " but is ", t.scalar_type(), ".");
}

PointwiseSpec spec_of(int64_t kind, const Tensor& alpha, const OptionalTensor& shift) {
  return {static_cast<PointwiseKind>(kind), alpha.item<double>(),
          shift ? shift->item<double>() : 0.0};
}

Tensor forward(const PointwiseSpec& spec, const Tensor& x, int64_t dims,
               const OptionalTensor& weight, const OptionalTensor& bias) {
  const char* function = name_of(spec.kind);
  const Matrix x_rows(function, "x", x, dims);
  const Vector weight_vector(function, "weight", weight), bias_vector(function, "bias", bias);
  Tensor y = at::empty(x.sizes(), x.options());
  throw_if_error(pointwise_forward(spec,
                                   {.x = x_rows.view,
                                    .weight = weight_vector.view,
                                    .bias = bias_vector.view,
                                    .y = dense_rows(y, x_rows.view)},
                                   torch_executor()));
  return y;
}

struct PointwiseFunction : torch::autograd::Function<PointwiseFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, int64_t dims, int64_t kind,
                        const Tensor& alpha, const OptionalTensor& shift,
                        const OptionalTensor& weight, const OptionalTensor& bias) {
    ctx->save_for_backward({x, alpha, shift.value_or(Tensor()), weight.value_or(Tensor()),
                            bias.value_or(Tensor())});
    ctx->saved_data["dims"] = dims;
    ctx->saved_data["kind"] = kind;
    return torch_ops::forward(spec_of(kind, alpha, shift), x, dims, weight, bias);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &alpha = saved[1], &shift = saved[2], &weight = saved[3],
                 &bias = saved[4], &dy = gradients[0];
    const int64_t dims = ctx->saved_data["dims"].toInt();
    const PointwiseSpec spec =
        spec_of(ctx->saved_data["kind"].toInt(), alpha, optional(shift));
    const char* function = name_of(spec.kind);

    Tensor dx, dalpha, dshift, dweight, dbias;
    {
      const torch::NoGradGuard no_grad;
      size_t input = 0;  // absent ones are not counted
      const auto gradient_of = [&](const Tensor& t) {
        if (!t.defined() || !ctx->needs_input_grad(input++)) return Tensor();
        return at::empty(t.sizes(), t.options());
      };
      dx = gradient_of(x);
      const auto gradient_of_scalar = [&](const Tensor& t) {
        const Tensor gradient = gradient_of(t);
        return gradient.defined() ? gradient.to(scalar_type_for(x)) : gradient;
      };
      dalpha = gradient_of_scalar(alpha);
      dshift = gradient_of_scalar(shift);
      dweight = gradient_of(weight);
      dbias = gradient_of(bias);
      const Matrix x_rows(function, "x", x, dims), dy_rows(function, "dy", dy, dims);
      const Vector weight_vector(function, "weight", weight);
      const PointwiseBackward args{.x = x_rows.view,
                                   .dy = dy_rows.view,
                                   .weight = weight_vector.view,
                                   .dx = dense_rows(dx, x_rows.view),
                                   .dweight = output_vector(function, "dweight", dweight),
                                   .dbias = output_vector(function, "dbias", dbias),
                                   .dalpha = dalpha.defined() ? dalpha.data_ptr() : nullptr,
                                   .dshift = dshift.defined() ? dshift.data_ptr() : nullptr};
      size_t bytes = 0;
      throw_if_error(pointwise_backward_workspace_size(spec, args, torch_executor(), &bytes));
      const Tensor workspace =
          bytes == 0 ? Tensor() : at::empty({static_cast<int64_t>(bytes)}, torch::kUInt8);
      throw_if_error(pointwise_backward(spec, args, bytes == 0 ? nullptr : workspace.data_ptr(),
                                        bytes, torch_executor()));
      if (dalpha.defined()) dalpha = dalpha.to(alpha.scalar_type());
      if (dshift.defined()) dshift = dshift.to(shift.scalar_type());
    }
    if (torch::GradMode::is_enabled()) {
      variable_list sources{dy, x, alpha};
      for (const Tensor& t : {shift, weight}) {
        if (t.defined()) sources.push_back(t);
      }
      for (Tensor* gradient : {&dx, &dalpha, &dshift, &dweight, &dbias}) {
        if (!gradient->defined()) continue;
        *gradient = first_derivative_only(*gradient, function, sources);
      }
    }
    return {dx, Tensor(), Tensor(), dalpha, dshift, dweight, dbias};
  }
};

Tensor pointwise(PointwiseKind kind, const Tensor& x, at::IntArrayRef normalized_shape,
                 const Tensor& alpha, const Tensor& shift, const Tensor& weight,
                 const Tensor& bias) {
  const char* function = name_of(kind);
  const OptionalTensor weight_or_none = optional(weight), bias_or_none = optional(bias);
  check_shapes(function, x, normalized_shape, weight_or_none, bias_or_none);
  check_scalar(function, "alpha", x, alpha);
  if (kind == PointwiseKind::kDerf) check_scalar(function, "shift", x, shift);
  const auto dims = static_cast<int64_t>(normalized_shape.size());
  const auto number = static_cast<int64_t>(kind);
  const bool differentiable =
      torch::GradMode::is_enabled() &&
      (wants_gradient(x) || wants_gradient(alpha) || wants_gradient(shift) ||
       wants_gradient(weight) || wants_gradient(bias));
  if (!differentiable) {
    return forward(spec_of(number, alpha, optional(shift)), x, dims, weight_or_none, bias_or_none);
  }
  return PointwiseFunction::apply(x, dims, number, alpha, optional(shift), weight_or_none,
                                  bias_or_none);
}

// Registers weight and bias where the options ask for them.
template <typename Module>
void register_affine(Module& module) {
  const bool affine = module.options.elementwise_affine();
  const auto parameter = [&](const char* name) {
    return affine ? module.register_parameter(name, torch::empty(module.options.normalized_shape()))
                  : module.register_parameter(name, torch::Tensor(), /*requires_grad=*/false);
  };
  module.weight = parameter("weight");
  module.bias = parameter("bias");
}

template <typename Module>
void reset_affine(Module& module) {
  if (module.weight.defined()) torch::nn::init::ones_(module.weight);
  if (module.bias.defined()) torch::nn::init::zeros_(module.bias);
}

void print(std::ostream& stream, const char* name, const PointwiseOptions& options) {
  stream << std::boolalpha << "norma::" << name << "("
         << at::IntArrayRef(options.normalized_shape()) << ", alpha=" << options.alpha()
         << ", elementwise_affine=" << options.elementwise_affine() << ")";
}

}  // namespace

Tensor dyt(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& alpha,
           const Tensor& weight, const Tensor& bias) {
  return pointwise(PointwiseKind::kDyt, x, normalized_shape, alpha, {}, weight, bias);
}

Tensor derf(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& alpha,
            const Tensor& shift, const Tensor& weight, const Tensor& bias) {
  return pointwise(PointwiseKind::kDerf, x, normalized_shape, alpha, shift, weight, bias);
}

DyTImpl::DyTImpl(PointwiseOptions options_) : options(std::move(options_)) { reset(); }

void DyTImpl::reset() {
  alpha = register_parameter("alpha", torch::empty({1}));
  register_affine(*this);
  reset_parameters();
}

void DyTImpl::reset_parameters() {
  torch::nn::init::constant_(alpha, options.alpha());
  reset_affine(*this);
}

void DyTImpl::pretty_print(std::ostream& stream) const { print(stream, "DyT", options); }

Tensor DyTImpl::forward(const Tensor& x) {
  return dyt(x, options.normalized_shape(), alpha, weight, bias);
}

DerfImpl::DerfImpl(PointwiseOptions options_) : options(std::move(options_)) { reset(); }

void DerfImpl::reset() {
  alpha = register_parameter("alpha", torch::empty({1}));
  shift = register_parameter("shift", torch::empty({1}));
  register_affine(*this);
  reset_parameters();
}

void DerfImpl::reset_parameters() {
  torch::nn::init::constant_(alpha, options.alpha());
  torch::nn::init::zeros_(shift);
  reset_affine(*this);
}

void DerfImpl::pretty_print(std::ostream& stream) const { print(stream, "Derf", options); }

Tensor DerfImpl::forward(const Tensor& x) {
  return derf(x, options.normalized_shape(), alpha, shift, weight, bias);
}

}  // namespace norma::torch_ops
