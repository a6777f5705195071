// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Norms over channels: BatchNorm in training over rows, GroupNorm over images. torch has a kernel
// for each.

#include "bench/operators/operators.h"
#include "core/plan/channel_norm.h"
#include "torch_ops/executor.h"

namespace norma::bench::operators {
namespace {

using torch::Tensor;

constexpr double kEps = 1e-5;
constexpr int64_t kRows = 8192, kColumns = 512;
constexpr int64_t kSamples = 16, kChannels = 256, kSide = 28, kGroups = 32;

struct Batch {
  Tensor x, dy, weight, bias, mean, mean_lo, rstd, running_mean, running_var;

  explicit Batch(uint64_t seed) {
    at::Generator generator = generator_of(seed);
    x = normal(generator, {kRows, kColumns}, 0.25);
    dy = normal(generator, {kRows, kColumns});
    weight = normal(generator, {kColumns}, 1);
    bias = normal(generator, {kColumns});
    const Tensor wide = f64(x), exact = wide.mean(0);
    mean = exact.to(torch::kFloat32);
    mean_lo = (exact - f64(mean)).to(torch::kFloat32);
    rstd = (wide.var(0, /*unbiased=*/false) + kEps).rsqrt().to(torch::kFloat32);
    running_mean = torch::zeros({kColumns});
    running_var = torch::ones({kColumns});
  }
};

struct Images {
  Tensor x, dy, weight, bias, mean, mean_lo, rstd;

  explicit Images(uint64_t seed) {
    at::Generator generator = generator_of(seed);
    x = normal(generator, {kSamples, kChannels, kSide, kSide}, 0.25);
    dy = normal(generator, {kSamples, kChannels, kSide, kSide});
    weight = normal(generator, {kChannels}, 1);
    bias = normal(generator, {kChannels});
    const Tensor wide = f64(x).view({kSamples * kGroups, -1}), exact = wide.mean(1);
    mean = exact.to(torch::kFloat32).view({kSamples, kGroups});
    mean_lo = (exact - f64(mean).flatten()).to(torch::kFloat32);
    rstd = (wide.var(1, /*unbiased=*/false) + kEps)
               .rsqrt()
               .to(torch::kFloat32)
               .view({kSamples, kGroups});
  }
};

ImagesView images_of(const Tensor& t) {
  return {t.data_ptr(), DType::kF32, Layout::kNchw, kSamples, kChannels, kSide * kSide};
}

std::string images_in_words() {
  return std::to_string(kSamples) + " images of " + std::to_string(kChannels) + " channels, " +
         std::to_string(kSide) + " x " + std::to_string(kSide) + ", " + std::to_string(kGroups) +
         " groups";
}

Results batch_gradients(const Tensor& x, const Tensor& dy, const Tensor& weight) {
  const Tensor leaf = x.detach().clone().requires_grad_();
  const Tensor w = weight.detach().clone().requires_grad_();
  const Tensor b = torch::zeros_like(weight).requires_grad_();
  const Tensor y = at::batch_norm(leaf, w, b, {}, {}, /*training=*/true, 0.1, kEps, false);
  return torch::autograd::grad({y}, {leaf, w, b}, {dy});
}

Results group_gradients(const Tensor& x, const Tensor& dy, const Tensor& weight) {
  const Tensor leaf = x.detach().clone().requires_grad_();
  const Tensor w = weight.detach().clone().requires_grad_();
  const Tensor b = torch::zeros_like(weight).requires_grad_();
  return torch::autograd::grad({at::group_norm(leaf, kGroups, w, b, kEps)}, {leaf, w, b}, {dy});
}

}  // namespace

Work batch_norm_forward(uint64_t seed) {
  const auto p = std::make_shared<const Batch>(seed);
  const Tensor y = torch::empty_like(p->x);
  const Tensor mean = p->running_mean.clone(), var = p->running_var.clone();
  const BatchNormForward args{.x = rows_of(p->x),
                              .weight = const_vector_of(p->weight),
                              .bias = const_vector_of(p->bias),
                              .y = rows_of(y),
                              .running_mean = vector_of(mean),
                              .running_var = vector_of(var),
                              .statistics = {p->mean.data_ptr(), p->mean_lo.data_ptr(),
                                             p->rstd.data_ptr()}};
  const BatchNormSpec spec{.training = true, .eps = kEps};
  size_t bytes = 0;
  throw_if_error(batch_norm_forward_workspace_size(spec, args, &bytes));
  const Tensor workspace = workspace_of(bytes);
  Work work;
  work.size = std::to_string(kRows) + " rows of " + std::to_string(kColumns) + ", training";
  work.x = p->x;
  work.names = {"y"};
  work.truth = {at::batch_norm(f64(p->x), f64(p->weight), f64(p->bias), {}, {}, true, 0.1, kEps,
                               false)};
  work.norma = [=] {
    throw_if_error(norma::batch_norm_forward(spec, args, workspace.data_ptr(), bytes,
                                             torch_ops::torch_executor()));
    // All that args points into must live as long as this function.
    return Results{y, mean, var, p->x};
  };
  const Tensor torch_mean = p->running_mean.clone(), torch_var = p->running_var.clone();
  work.torch = [=] {
    return Results{std::get<0>(at::native_batch_norm(p->x, p->weight, p->bias, torch_mean,
                                                     torch_var, true, 0.1, kEps))};
  };
  work.by_torch = "its kernel";
  work.bytes = 2 * p->x.numel() * 4;
  return work;
}

Work batch_norm_backward(uint64_t seed) {
  const auto p = std::make_shared<const Batch>(seed);
  const Tensor dx = torch::empty_like(p->x), dweight = torch::empty_like(p->weight),
               dbias = torch::empty_like(p->weight);
  const BatchNormBackward args{.x = rows_of(p->x),
                               .dy = rows_of(p->dy),
                               .weight = const_vector_of(p->weight),
                               .statistics = {p->mean.data_ptr(), p->mean_lo.data_ptr(),
                                              p->rstd.data_ptr()},
                               .dx = rows_of(dx),
                               .dweight = vector_of(dweight),
                               .dbias = vector_of(dbias)};
  const BatchNormSpec spec{.training = true, .eps = kEps};
  size_t bytes = 0;
  throw_if_error(batch_norm_backward_workspace_size(spec, args, &bytes));
  const Tensor workspace = workspace_of(bytes);
  Work work;
  work.size = std::to_string(kRows) + " rows of " + std::to_string(kColumns) + ", training";
  work.x = p->x;
  work.names = {"dx", "dweight", "dbias"};
  work.truth = batch_gradients(f64(p->x), f64(p->dy), f64(p->weight));
  work.norma = [=] {
    throw_if_error(norma::batch_norm_backward(spec, args, workspace.data_ptr(), bytes,
                                              torch_ops::torch_executor()));
    return Results{dx, dweight, dbias, p->x};
  };
  work.torch = [=] {
    const auto [a, b, c] =
        at::native_batch_norm_backward(p->dy, p->x, p->weight, p->running_mean, p->running_var,
                                       p->mean, p->rstd, true, kEps, {true, true, true});
    return Results{a, b, c};
  };
  work.by_torch = "its kernel";
  work.bytes = 3 * p->x.numel() * 4;
  return work;
}

Work group_norm_forward(uint64_t seed) {
  const auto p = std::make_shared<const Images>(seed);
  const Tensor y = torch::empty_like(p->x);
  const GroupNormForward args{.x = images_of(p->x),
                              .weight = const_vector_of(p->weight),
                              .bias = const_vector_of(p->bias),
                              .y = images_of(y),
                              .statistics = {p->mean.data_ptr(), p->mean_lo.data_ptr(),
                                             p->rstd.data_ptr()}};
  const GroupNormSpec spec{.groups = kGroups, .eps = kEps};
  Work work;
  work.size = images_in_words();
  work.x = p->x;
  work.names = {"y"};
  work.truth = {at::group_norm(f64(p->x), kGroups, f64(p->weight), f64(p->bias), kEps)};
  work.norma = [=] {
    // What is needed hangs on the number of threads.
    size_t bytes = 0;
    throw_if_error(
        group_norm_forward_workspace_size(spec, args, torch_ops::torch_executor(), &bytes));
    const Tensor workspace = workspace_of(bytes);
    throw_if_error(norma::group_norm_forward(spec, args, workspace.data_ptr(), bytes,
                                             torch_ops::torch_executor()));
    return Results{y, p->x};
  };
  work.torch = [=] {
    return Results{std::get<0>(at::native_group_norm(p->x, p->weight, p->bias, kSamples, kChannels,
                                                     kSide * kSide, kGroups, kEps))};
  };
  work.by_torch = "its kernel";
  work.bytes = 2 * p->x.numel() * 4;
  return work;
}

Work group_norm_backward(uint64_t seed) {
  const auto p = std::make_shared<const Images>(seed);
  const Tensor dx = torch::empty_like(p->x), dweight = torch::empty_like(p->weight),
               dbias = torch::empty_like(p->weight);
  const GroupNormBackward args{.x = images_of(p->x),
                               .dy = images_of(p->dy),
                               .weight = const_vector_of(p->weight),
                               .statistics = {p->mean.data_ptr(), p->mean_lo.data_ptr(),
                                              p->rstd.data_ptr()},
                               .dx = images_of(dx),
                               .dweight = vector_of(dweight),
                               .dbias = vector_of(dbias)};
  const GroupNormSpec spec{.groups = kGroups, .eps = kEps};
  Work work;
  work.size = images_in_words();
  work.x = p->x;
  work.names = {"dx", "dweight", "dbias"};
  work.truth = group_gradients(f64(p->x), f64(p->dy), f64(p->weight));
  work.norma = [=] {
    size_t bytes = 0;
    throw_if_error(
        group_norm_backward_workspace_size(spec, args, torch_ops::torch_executor(), &bytes));
    const Tensor workspace = workspace_of(bytes);
    throw_if_error(norma::group_norm_backward(spec, args, workspace.data_ptr(), bytes,
                                              torch_ops::torch_executor()));
    return Results{dx, dweight, dbias, p->x};
  };
  work.torch = [=] {
    const auto [a, b, c] = at::native_group_norm_backward(
        p->dy, p->x, p->mean, p->rstd, p->weight, kSamples, kChannels, kSide * kSide, kGroups,
        {true, true, true});
    return Results{a, b, c};
  };
  work.by_torch = "its kernel";
  work.bytes = 3 * p->x.numel() * 4;
  return work;
}

}  // namespace norma::bench::operators
