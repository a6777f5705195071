// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/norm.h"

#include "models/config.h"
#include "torch_ops/modules.h"

namespace norma::models {
namespace {

using torch::nn::AnyModule;

struct Row {
  const char* name;
  AnyModule (*make)(int64_t width, double eps);
};

constexpr Row kNorms[] = {
    {"layernorm",
     [](int64_t width, double eps) {
       return AnyModule(torch_ops::LayerNorm(torch_ops::LayerNormOptions({width}).eps(eps)));
     }},
    {"rmsnorm",
     [](int64_t width, double eps) {
       return AnyModule(torch_ops::RMSNorm(torch_ops::RMSNormOptions({width}).eps(eps)));
     }},
    {"torch_layernorm",
     [](int64_t width, double eps) {
       return AnyModule(torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(eps)));
     }},
};

}  // namespace

const std::vector<std::string>& known_norms() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Row& row : kNorms) all.emplace_back(row.name);
    return all;
  }();
  return names;
}

AnyModule make_norm(const std::string& name, int64_t width, double eps) {
  for (const Row& row : kNorms) {
    if (name == row.name) return row.make(width, eps);
  }
  TORCH_CHECK(false, "[make_norm] no norm is named \"", name, "\".");
}

}  // namespace norma::models
