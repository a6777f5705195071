// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "torch_ops/seed_norm.h"

#include "core/plan/seed_norm.h"
#include "torch_ops/executor.h"
#include "torch_ops/views.h"

namespace norma::torch_ops {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr const char* kFunction = "seed_norm";

struct Parameters {
  Vector alpha, beta, gamma;

  Parameters(const Tensor& a, const Tensor& b, const Tensor& c)
      : alpha(kFunction, "alpha", a), beta(kFunction, "beta", b), gamma(kFunction, "gamma", c) {}
};

// dot and rstd, where they are defined, take what the backward pass needs.
Tensor forward(const Tensor& x, int64_t dims, const Parameters& p, double eps, const Tensor& dot,
               const Tensor& rstd) {
  const Matrix x_rows(kFunction, "x", x, dims);
  Tensor y = at::empty(x.sizes(), x.options());
  throw_if_error(seed_norm_forward({.eps = eps,
                                    .x = x_rows.view,
                                    .alpha = p.alpha.view,
                                    .beta = p.beta.view,
                                    .gamma = p.gamma.view,
                                    .y = dense_rows(y, x_rows.view),
                                    .dot = dot.defined() ? dot.data_ptr() : nullptr,
                                    .rstd = rstd.defined() ? rstd.data_ptr() : nullptr},
                                   torch_executor()));
  return y;
}

struct SeedNormFunction : torch::autograd::Function<SeedNormFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, int64_t dims, const Tensor& alpha,
                        const Tensor& beta, const Tensor& gamma, double eps) {
    const Matrix x_rows(kFunction, "x", x, dims);
    const auto type = x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
    const Tensor dot = at::empty({x_rows.view.rows}, x.options().dtype(type));
    const Tensor rstd = at::empty_like(dot);
    ctx->save_for_backward({x, alpha, beta, gamma, dot, rstd});
    ctx->saved_data["dims"] = dims;
    return torch_ops::forward(x, dims, {alpha, beta, gamma}, eps, dot, rstd);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &dy = gradients[0];
    const int64_t dims = ctx->saved_data["dims"].toInt();
    variable_list results(4);  // of x, alpha, beta and gamma
    {
      const torch::NoGradGuard no_grad;
      for (size_t i = 0; i < results.size(); ++i) {
        if (ctx->needs_input_grad(i)) results[i] = at::empty(saved[i].sizes(), saved[i].options());
      }
      const Matrix x_rows(kFunction, "x", x, dims), dy_rows(kFunction, "dy", dy, dims);
      const Parameters p(saved[1], saved[2], saved[3]);
      const SeedNormBackward args{.x = x_rows.view,
                                  .dy = dy_rows.view,
                                  .alpha = p.alpha.view,
                                  .beta = p.beta.view,
                                  .gamma = p.gamma.view,
                                  .dot = saved[4].data_ptr(),
                                  .rstd = saved[5].data_ptr(),
                                  .dx = dense_rows(results[0], x_rows.view),
                                  .dalpha = output_vector(kFunction, "dalpha", results[1]),
                                  .dbeta = output_vector(kFunction, "dbeta", results[2]),
                                  .dgamma = output_vector(kFunction, "dgamma", results[3])};
      size_t bytes = 0;
      throw_if_error(seed_norm_backward_workspace_size(args, torch_executor(), &bytes));
      const Tensor workspace =
          bytes == 0 ? Tensor() : at::empty({static_cast<int64_t>(bytes)}, torch::kUInt8);
      throw_if_error(seed_norm_backward(args, bytes == 0 ? nullptr : workspace.data_ptr(), bytes,
                                        torch_executor()));
    }
    if (torch::GradMode::is_enabled()) {
      for (Tensor& gradient : results) {
        if (!gradient.defined()) continue;
        gradient =
            first_derivative_only(gradient, kFunction, {dy, x, saved[1], saved[2], saved[3]});
      }
    }
    return {results[0], Tensor(), results[1], results[2], results[3], Tensor()};
  }
};

}  // namespace

Tensor seed_norm(const Tensor& x, at::IntArrayRef normalized_shape, const Tensor& alpha,
                 const Tensor& beta, const Tensor& gamma, double eps) {
  check_shapes(kFunction, x, normalized_shape, std::nullopt, std::nullopt);
  for (const auto& [name, t] : {std::pair("alpha", &alpha), {"beta", &beta}, {"gamma", &gamma}}) {
    check_memory(kFunction, name, *t);
    TORCH_CHECK(t->sizes() == normalized_shape, "[", kFunction, "] ", name, " must have shape ",
                normalized_shape, " but has ", t->sizes(), ".");
  }
  const auto dims = static_cast<int64_t>(normalized_shape.size());
  const bool differentiable =
      torch::GradMode::is_enabled() && (wants_gradient(x) || wants_gradient(alpha) ||
                                        wants_gradient(beta) || wants_gradient(gamma));
  if (!differentiable) return forward(x, dims, {alpha, beta, gamma}, eps, {}, {});
  return SeedNormFunction::apply(x, dims, alpha, beta, gamma, eps);
}

SeedNormImpl::SeedNormImpl(SeedNormOptions options_) : options(std::move(options_)) { reset(); }

void SeedNormImpl::reset() {
  alpha = register_parameter("alpha", torch::empty(options.normalized_shape()));
  beta = register_parameter("beta", torch::empty(options.normalized_shape()));
  gamma = register_parameter("gamma", torch::empty(options.normalized_shape()));
  reset_parameters();
}

void SeedNormImpl::reset_parameters() {
  torch::nn::init::ones_(alpha);
  torch::nn::init::zeros_(beta);
  torch::nn::init::ones_(gamma);
}

void SeedNormImpl::pretty_print(std::ostream& stream) const {
  stream << "norma::SeedNorm(" << at::IntArrayRef(options.normalized_shape())
         << ", eps=" << options.eps() << ")";
}

Tensor SeedNormImpl::forward(const Tensor& x) {
  return seed_norm(x, options.normalized_shape(), alpha, beta, gamma, options.eps());
}

}  // namespace norma::torch_ops
