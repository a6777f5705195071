// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Operators over rows that torch has no kernel for: DyT, SeeDNorm, and RMSNorm with what follows
// it.

#include "bench/operators/operators.h"
#include "core/plan/fused_norm.h"
#include "core/plan/pointwise.h"
#include "core/plan/seed_norm.h"
#include "torch_ops/executor.h"

namespace norma::bench::operators {
namespace {

using torch::Tensor;

constexpr double kEps = 1e-6;
constexpr int64_t kRows = 4096, kColumns = 1024;
constexpr int64_t kHeads = 32, kHead = 128, kPositions = 2048;  // of queries

Tensor rms_norm(const Tensor& x, const Tensor& weight) {
  return at::rms_norm(x, {x.size(-1)}, weight, kEps);
}

struct Rows {
  Tensor x, weight, bias;

  Rows(at::Generator& generator, int64_t rows, int64_t cols)
      : x(normal(generator, {rows, cols}, 0.25)),
        weight(normal(generator, {cols}, 1)),
        bias(normal(generator, {cols})) {}

  std::string in_words() const {
    return std::to_string(x.size(0)) + " rows of " + std::to_string(x.size(1));
  }
  NormForward norm(const Tensor& y) const {
    NormForward args;
    args.x = rows_of(x);
    args.weight = const_vector_of(weight);
    if (y.defined()) args.y = rows_of(y);
    return args;
  }
};

constexpr NormSpec kRmsNorm{NormKind::kRmsNorm, kEps};
constexpr const char* kComposed = "its operations";

}  // namespace

Work dyt_forward(uint64_t seed) {
  at::Generator generator = generator_of(seed);
  const auto p = std::make_shared<const Rows>(generator, kRows, kColumns);
  const Tensor y = torch::empty_like(p->x);
  const PointwiseSpec spec{PointwiseKind::kDyt, 0.5};
  const PointwiseForward args{.x = rows_of(p->x),
                              .weight = const_vector_of(p->weight),
                              .bias = const_vector_of(p->bias),
                              .y = rows_of(y)};
  const auto composed = [](const Tensor& x, const Tensor& weight, const Tensor& bias) {
    return at::addcmul(bias, (x * 0.5).tanh_(), weight);
  };
  return {.size = p->in_words(),
          .x = p->x,
          .names = {"y"},
          .truth = {composed(f64(p->x), f64(p->weight), f64(p->bias))},
          .norma =
              [=] {
                throw_if_error(pointwise_forward(spec, args, torch_ops::torch_executor()));
                return Results{y, p->x};
              },
          .torch = [=] { return Results{composed(p->x, p->weight, p->bias)}; },
          .by_torch = kComposed,
          .bytes = 2 * p->x.numel() * 4};
}

Work seed_norm_forward(uint64_t seed) {
  at::Generator generator = generator_of(seed);
  const auto p = std::make_shared<const Rows>(generator, kRows, kColumns);
  const Tensor y = torch::empty_like(p->x), beta = normal(generator, {kColumns}) * 0.02,
               gamma = normal(generator, {kColumns}, 1);
  const SeedNormForward args{.eps = kEps,
                             .x = rows_of(p->x),
                             .alpha = const_vector_of(p->weight),
                             .beta = const_vector_of(beta),
                             .gamma = const_vector_of(gamma),
                             .y = rows_of(y)};
  const auto composed = [](const Tensor& x, const Tensor& alpha, const Tensor& b,
                           const Tensor& g) {
    const Tensor xhat = at::rms_norm(x, {x.size(-1)}, {}, kEps);
    return (x.matmul(b).tanh_().unsqueeze(-1) * alpha).add_(g).mul_(xhat);
  };
  return {.size = p->in_words(),
          .x = p->x,
          .names = {"y"},
          .truth = {composed(f64(p->x), f64(p->weight), f64(beta), f64(gamma))},
          .norma =
              [=] {
                throw_if_error(norma::seed_norm_forward(args, torch_ops::torch_executor()));
                return Results{y, p->x, beta, gamma};
              },
          .torch = [=] { return Results{composed(p->x, p->weight, beta, gamma)}; },
          .by_torch = kComposed,
          .bytes = 2 * p->x.numel() * 4};
}

Work gated_norm_forward(uint64_t seed) {
  at::Generator generator = generator_of(seed);
  const auto p = std::make_shared<const Rows>(generator, kRows, kColumns);
  const Tensor y = torch::empty_like(p->x), gate = normal(generator, {kRows, kColumns});
  const GatedForward args{.norm = p->norm(y), .gate = rows_of(gate)};
  const auto composed = [](const Tensor& x, const Tensor& weight, const Tensor& g) {
    return rms_norm(x, weight).mul_(at::silu(g));
  };
  return {.size = p->in_words(),
          .x = p->x,
          .names = {"y"},
          .truth = {composed(f64(p->x), f64(p->weight), f64(gate))},
          .norma =
              [=] {
                throw_if_error(
                    norma::gated_norm_forward(kRmsNorm, args, torch_ops::torch_executor()));
                return Results{y, p->x, gate};
              },
          .torch = [=] { return Results{composed(p->x, p->weight, gate)}; },
          .by_torch = kComposed,
          .bytes = 3 * p->x.numel() * 4};
}

Work rope_norm_forward(uint64_t seed) {
  at::Generator generator = generator_of(seed);
  const auto p = std::make_shared<const Rows>(generator, kPositions * kHeads, kHead);
  const Tensor y = torch::empty_like(p->x);
  const Tensor angles =
      torch::outer(torch::arange(kPositions, torch::kFloat64),
                   torch::pow(1e4, -torch::arange(0, kHead, 2, torch::kFloat64) / kHead));
  const Tensor cos = angles.cos().to(torch::kFloat32), sin = angles.sin().to(torch::kFloat32);
  const RopeForward args{.norm = p->norm(y),
                         .rope = {.cos = rows_of(cos),
                                  .sin = rows_of(sin),
                                  .rows_per_position = kHeads,
                                  .pairs = RopePairs::kHalves}};
  const auto composed = [](const Tensor& x, const Tensor& weight, const Tensor& c,
                           const Tensor& s) {
    const Tensor z = rms_norm(x, weight).view({kPositions, kHeads, kHead});
    const auto half = z.chunk(2, -1);
    const Tensor c1 = c.unsqueeze(1), s1 = s.unsqueeze(1);
    return at::cat({half[0] * c1 - half[1] * s1, half[1] * c1 + half[0] * s1}, -1).view_as(x);
  };
  return {.size = std::to_string(kPositions) + " positions of " + std::to_string(kHeads) +
                  " heads of " + std::to_string(kHead),
          .x = p->x,
          .names = {"y"},
          .truth = {composed(f64(p->x), f64(p->weight), f64(cos), f64(sin))},
          .norma =
              [=] {
                throw_if_error(
                    norma::rope_norm_forward(kRmsNorm, args, torch_ops::torch_executor()));
                return Results{y, p->x, cos, sin};
              },
          .torch = [=] { return Results{composed(p->x, p->weight, cos, sin)}; },
          .by_torch = kComposed,
          .bytes = 2 * p->x.numel() * 4};
}

Work quantized_norm_forward(uint64_t seed) {
  at::Generator generator = generator_of(seed);
  const auto p = std::make_shared<const Rows>(generator, kRows, kColumns);
  const Tensor q = torch::empty({kRows, kColumns}, torch::kInt8), scale = torch::empty({kRows});
  const QuantizedForward args{.norm = p->norm(/*y=*/{}),
                              .q = q.data_ptr(),
                              .q_stride = kColumns,
                              .scale = scale.data_ptr<float>(),
                              .format = QuantFormat::kInt8};
  const auto composed = [](const Tensor& x, const Tensor& weight) {
    const Tensor z = rms_norm(x, weight);
    const Tensor s = z.abs().amax(-1) / 127;
    return Results{(z / s.unsqueeze(-1)).round_().to(torch::kInt8), s};
  };
  Results truth = composed(f64(p->x), f64(p->weight));
  truth[0] = f64(truth[0]);
  return {.size = p->in_words() + " to int8",
          .x = p->x,
          .names = {"q", "scale"},
          .truth = truth,
          .norma =
              [=] {
                size_t bytes = 0;
                throw_if_error(quantized_norm_forward_workspace_size(
                    kRmsNorm, args, torch_ops::torch_executor(), &bytes));
                const Tensor workspace = workspace_of(bytes);
                throw_if_error(norma::quantized_norm_forward(kRmsNorm, args, workspace.data_ptr(),
                                                             bytes, torch_ops::torch_executor()));
                return Results{q, scale, p->x};
              },
          .torch = [=] { return composed(p->x, p->weight); },
          .by_torch = kComposed,
          .bytes = p->x.numel() * 5,
          // A quotient at the border of two steps may be rounded to either.
          .within = 1.01 / 127};
}

}  // namespace norma::bench::operators
