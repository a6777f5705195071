// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/placement.h"

#include "models/config.h"
#include "models/norm.h"

namespace norma::models {
namespace {

constexpr PlacementInfo kPlacements[] = {
    {"none", "x = x + f(x)", "residual network without norms", false, make_placement_none},
    {"post", "x = N(x + f(x))", "Vaswani et al. 2017", false, make_placement_post},
    {"pre", "x = x + f(N(x))", "Radford et al. 2019; Xiong et al. 2020", true, make_placement_pre},
};

}  // namespace

std::span<const PlacementInfo> placements() { return kPlacements; }

const std::vector<std::string>& known_placements() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const PlacementInfo& info : kPlacements) all.emplace_back(info.name);
    return all;
  }();
  return names;
}

const PlacementInfo& placement_info(const std::string& name) {
  for (const PlacementInfo& info : kPlacements) {
    if (name == info.name) return info;
  }
  TORCH_CHECK(false, "[placement] no placement is named \"", name, "\".");
}

Placement::Placement(PlacementOptions options, bool final_norm)
    : options_(std::move(options)), has_final_norm_(final_norm) {
  if (!final_norm) return;
  final_ = make_norm(options_.norm, options_.d_model, options_.norm_eps);
  register_module("final", final_.ptr());
  ++norm_calls_;
}

torch::Tensor Placement::finish(Stream& stream) {
  return has_final_norm_ ? final_.forward(stream.x) : stream.x;
}

InnerNorms Placement::inner_norms(int64_t, std::string_view) { return {}; }

double Placement::init_scale(int64_t, std::string_view, std::string_view) const { return 1.0; }

torch::nn::AnyModule Placement::add_norm(int64_t layer, const std::string& name, int64_t width) {
  const std::string key = std::to_string(layer);
  const std::shared_ptr<Module>* block = named_children().find(key);
  std::shared_ptr<Module> parent =
      block ? *block : register_module(key, std::make_shared<Module>());
  torch::nn::AnyModule norm = make_norm(options_.norm, width, options_.norm_eps);
  parent->register_module(name, norm.ptr());
  ++norm_calls_;
  return norm;
}

std::vector<std::vector<torch::nn::AnyModule>> Placement::add_norm_per_sublayer() {
  std::vector<std::vector<torch::nn::AnyModule>> norms(options_.layers);
  for (int64_t layer = 0; layer < options_.layers; ++layer) {
    for (const std::string& name : options_.sublayers) {
      norms[layer].push_back(add_norm(layer, name, options_.d_model));
    }
  }
  return norms;
}

}  // namespace norma::models
