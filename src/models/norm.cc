// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/norm.h"

#include <iterator>

#include "base/nearest.h"
#include "models/config.h"
#include "models/norm_info.h"
#include "torch_ops/batch_norm.h"
#include "torch_ops/modules.h"
#include "torch_ops/pointwise.h"
#include "torch_ops/seed_norm.h"

namespace norma::models {
namespace {

using torch::nn::AnyModule;

constexpr char kLayerNormDrawing[] =
    "x ─┬──── - ─┬────────────────── ÷ ─ ·g ─ +b ─ y\n"
    "   └─ M ─┘  └─ ^2 ─ M ─ +eps ─ √ ┘";

constexpr NormInfo kNorms[] = {
    {"layernorm", "(x - M(x)) / sqrt(M((x - M(x))^2) + eps) * g + b", "g = 1, b = 0", "2C",
     "2 sums, one after the other; 7 operations", "Ba, Kiros and Hinton 2016", kLayerNormDrawing},
    {"rmsnorm", "x / sqrt(M(x^2) + eps) * g", "g = 1", "C", "1 sum; 4 operations",
     "Zhang and Sennrich 2019",
     "x ─┬─────────────────── ÷ ─ ·g ─ y\n"
     "   └─ ^2 ─ M ─ +eps ─ √ ┘"},
    {"prmsnorm", "x / sqrt(M(x_1^2 .. x_k^2) + eps) * g, k = 6.25% of C, rounded up", "g = 1", "C",
     "1 sum over k features; 2.13 operations", "Zhang and Sennrich 2019, section 4",
     "x ─┬───────────────────────────── ÷ ─ ·g ─ y\n"
     "   └─ first k ─ ^2 ─ M ─ +eps ─ √ ┘"},
    {"scalenorm", "x / max(|x|, eps) * g, one g", "g = sqrt(C)", "1", "1 sum; 3 operations",
     "Nguyen and Salazar 2019",
     "x ─┬─────────────────────── ÷ ─ ·g ─ y\n"
     "   └─ ^2 ─ Σ ─ √ ─ max eps ─┘"},
    {"crmsnorm", "x / sqrt((sum(x^2) + sum(x)^2) / (C + 1) + eps) * g", "g = 1", "C",
     "2 sums, side by side; 5 operations", "Jiang, Gu, Zhu and Pan 2023",
     "x ─┬──────────────────────────────── ÷ ─ ·g ─ y\n"
     "   ├─ ^2 ─ Σ ─ + ─ /(C+1) ─ +eps ─ √ ┘\n"
     "   └─ Σ ─ ^2 ──┘"},
    {"seednorm", "(tanh(x . s) * a + g) * x / sqrt(M(x^2) + eps)", "a = 1, s = 0, g = 1", "3C",
     "2 sums, side by side; 8 operations", "Cai et al. 2025 (SeeDNorm)",
     "x ─┬─────────────────── ÷ ─ · ─ y\n"
     "   ├─ ^2 ─ M ─ +eps ─ √ ┘   │\n"
     "   └─ ·s ─ Σ ─ tanh ─ ·a ─ +g"},
    {"dyt", "tanh(a x) * g + b, one a", "a = 0.5, g = 1, b = 0", "2C + 1",
     "no sum; 3 operations and a tanh", "Zhu et al. 2025 (DyT)",
     "x ─ ·a ─ tanh ─ ·g ─ +b ─ y"},
    {"derf", "erf(a x + s) * g + b, one a and one s", "a = 0.5, s = 0, g = 1, b = 0", "2C + 2",
     "no sum; 4 operations and an erf", "Derf 2025 (2512.10938)",
     "x ─ ·a ─ +s ─ erf ─ ·g ─ +b ─ y"},
    {"batchnorm",
     "(x - B(x)) / sqrt(B((x - B(x))^2) + eps) * g + b, B(.) the mean of a feature over the rows "
     "of the batch; in evaluation by running means",
     "g = 1, b = 0", "2C, and keeps 2C running statistics",
     "2 sums over the batch, one after the other, none in evaluation; 7 operations",
     "Ioffe and Szegedy 2015",
     "x ─┬──── - ─┬────────────────── ÷ ─ ·g ─ +b ─ y\n"
     "   └─ B ─┘  └─ ^2 ─ B ─ +eps ─ √ ┘"},
    {"torch_layernorm", "as layernorm, by PyTorch's own operator", "g = 1, b = 0", "2C",
     "as layernorm", "PyTorch", kLayerNormDrawing},
};

// In the same order.
constexpr AnyModule (*kMakers[])(int64_t width, double eps) = {
    [](int64_t width, double eps) {
      return AnyModule(torch_ops::LayerNorm(torch_ops::LayerNormOptions({width}).eps(eps)));
    },
    [](int64_t width, double eps) {
      return AnyModule(torch_ops::RMSNorm(torch_ops::RMSNormOptions({width}).eps(eps)));
    },
    [](int64_t width, double eps) {
      const int64_t part = (width + 15) / 16;  // 6.25%, the paper's share
      return AnyModule(torch_ops::RMSNorm(
          torch_ops::RMSNormOptions({width}).eps(eps).statistic_cols(part)));
    },
    [](int64_t width, double eps) {
      return AnyModule(torch_ops::ScaleNorm(torch_ops::ScaleNormOptions({width}).eps(eps)));
    },
    [](int64_t width, double eps) {
      return AnyModule(torch_ops::CRMSNorm(torch_ops::CRMSNormOptions({width}).eps(eps)));
    },
    [](int64_t width, double eps) {
      return AnyModule(torch_ops::SeedNorm(torch_ops::SeedNormOptions({width}).eps(eps)));
    },
    [](int64_t width, double) {
      return AnyModule(torch_ops::DyT(torch_ops::PointwiseOptions({width})));
    },
    [](int64_t width, double) {
      return AnyModule(torch_ops::Derf(torch_ops::PointwiseOptions({width})));
    },
    [](int64_t width, double eps) {
      return AnyModule(torch_ops::BatchNorm(torch_ops::BatchNormOptions(width).eps(eps)));
    },
    [](int64_t width, double eps) {
      return AnyModule(torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(eps)));
    },
};
static_assert(std::size(kMakers) == std::size(kNorms));

}  // namespace

std::span<const NormInfo> norms() { return kNorms; }

const std::vector<std::string>& known_norms() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const NormInfo& info : kNorms) all.emplace_back(info.name);
    return all;
  }();
  return names;
}

std::string unknown_norm(const std::string& name) {
  if (name == "none") return "unknown norm \"none\"; a model without norms has placement \"none\".";
  return unknown_name("norm", name, known_norms());
}

AnyModule make_norm(const std::string& name, int64_t width, double eps) {
  for (size_t i = 0; i < std::size(kNorms); ++i) {
    if (name == kNorms[i].name) return kMakers[i](width, eps);
  }
  TORCH_CHECK(false, "[make_norm] no norm is named \"", name, "\".");
}

}  // namespace norma::models
