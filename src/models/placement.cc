// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/placement.h"

#include <sstream>

#include "base/nearest.h"
#include "models/config.h"
#include "models/norm.h"

namespace norma::models {
namespace {

const PlacementInfo* const kPlacements[] = {
    &kPlacementNone,       &kPlacementPost,          &kPlacementPre,      &kPlacementParallel,
    &kPlacementParallelTwo, &kPlacementPeri,         &kPlacementPeriEmbedding,
    &kPlacementOlmo2,      &kPlacementDeepnorm,      &kPlacementAdmin,    &kPlacementSubLn,
    &kPlacementLns,        &kPlacementGpas,          &kPlacementMix,      &kPlacementNormformer,
    &kPlacementHybrid,     &kPlacementHybridStar,    &kPlacementB2t,      &kPlacementResidual,
    &kPlacementDlcl,       &kPlacementKeel,          &kPlacementSiamese,  &kPlacementNgpt,
    &kPlacementLayerscale, &kPlacementRezero,        &kPlacementGates,    &kPlacementPerGate,
    &kPlacementCell,
};

// Without what names are written with in several ways.
std::string bare(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    out += 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

}  // namespace

std::span<const PlacementInfo* const> placements() { return kPlacements; }

const std::vector<std::string>& known_placements() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const PlacementInfo* info : kPlacements) all.emplace_back(info->name);
    return all;
  }();
  return names;
}

const std::vector<std::string>& stack_placements() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const PlacementInfo* info : kPlacements) {
      if (!info->recurrent) all.emplace_back(info->name);
    }
    return all;
  }();
  return names;
}

const PlacementInfo* find_placement(const std::string& name) {
  for (const PlacementInfo* info : kPlacements) {
    if (name == info->name) return info;
  }
  return nullptr;
}

bool applies_norm(const ModelConfig& config) {
  return find_placement(config.placement)->uses_norm || config.qk_norm != "none";
}

std::string unknown_placement(const std::string& name) {
  const std::string word = bare(name);
  for (const PlacementInfo* info : kPlacements) {
    std::istringstream names(std::string(info->name) + "," + info->also);
    for (std::string other; std::getline(names, other, ',');) {
      if (bare(other) == word) {
        return "unknown placement \"" + name + "\"; here it is \"" + info->name + "\".";
      }
    }
  }
  return unknown_name("placement", name, known_placements());
}

std::shared_ptr<Placement> make_placement(const std::string& name,
                                          const PlacementOptions& options) {
  const PlacementInfo* info = find_placement(name);
  TORCH_CHECK(info != nullptr && !info->recurrent,
              "[placement] no placement of a Transformer is named \"", name, "\".");
  return info->make(options);
}

Placement::Placement(PlacementOptions options, bool final_norm)
    : options_(std::move(options)), has_final_norm_(final_norm) {
  if (final_norm) {
    final_ = make_norm(options_.norm, options_.d_model, options_.norm_eps);
    register_module("final", final_.ptr());
    ++norm_calls_;
  }
  if (options_.qk_norm != "none") add_qk_norms();
}

// Henry et al. 2020; per head as Qwen 3 and Gemma 3 have it, over the full width as OLMo 2 does.
void Placement::add_qk_norms() {
  const bool full = options_.qk_norm == "full";
  const auto norm = [&](int64_t layer, const std::string& name, int64_t heads) {
    InnerNorms::Function f = function_of(add_norm(layer, name, head_width() * (full ? heads : 1)));
    if (!full) return f;
    return InnerNorms::Function([f](const torch::Tensor& x_NHD) {
      return f(x_NHD.flatten(1)).view(x_NHD.sizes());
    });
  };
  for (int64_t layer = 0; layer < options_.layers; ++layer) {
    for (const std::string& sublayer : options_.sublayers) {
      if (sublayer == "ffn") continue;
      InnerNorms& inner = qk_norms_[std::to_string(layer) + "." + sublayer];
      inner.query = norm(layer, sublayer + "_q", options_.heads);
      inner.key = norm(layer, sublayer + "_k", options_.kv_heads);
    }
  }
}

torch::Tensor Placement::finish(Stream& stream) {
  return has_final_norm_ ? final_.forward(stream.x) : stream.x;
}

InnerNorms Placement::inner_norms(int64_t layer, std::string_view sublayer) {
  const auto found = qk_norms_.find(std::to_string(layer) + "." + std::string(sublayer));
  return found == qk_norms_.end() ? InnerNorms() : found->second;
}

double Placement::init_scale(int64_t, std::string_view, std::string_view) const { return 1.0; }

std::shared_ptr<torch::nn::Module> Placement::block_module(int64_t layer) {
  std::shared_ptr<Module>& block = blocks_[layer];
  if (!block) block = register_module(std::to_string(layer), std::make_shared<Module>());
  return block;
}

Placement::Norm Placement::add_norm(int64_t layer, const std::string& name, int64_t width) {
  Norm norm = make_norm(options_.norm, width, options_.norm_eps);
  block_module(layer)->register_module(name, norm.ptr());
  ++norm_calls_;
  return norm;
}

std::vector<std::vector<Placement::Norm>> Placement::add_norm_per_sublayer(
    const std::string& suffix) {
  std::vector<std::vector<Norm>> norms(options_.layers);
  for (int64_t layer = 0; layer < options_.layers; ++layer) {
    for (const std::string& name : options_.sublayers) {
      norms[layer].push_back(add_norm(layer, name + suffix, options_.d_model));
    }
  }
  return norms;
}

torch::Tensor Placement::add_parameter(int64_t layer, const std::string& name,
                                       const torch::Tensor& value) {
  return block_module(layer)->register_parameter(name, value);
}

std::vector<std::vector<torch::Tensor>> Placement::add_scale_per_sublayer(
    const torch::Tensor& value) {
  std::vector<std::vector<torch::Tensor>> scales(options_.layers);
  for (int64_t layer = 0; layer < options_.layers; ++layer) {
    for (const std::string& name : options_.sublayers) {
      scales[layer].push_back(add_parameter(layer, name + "_scale", value.clone()));
    }
  }
  return scales;
}

InnerNorms::Function Placement::function_of(Norm norm) {
  return [norm](const torch::Tensor& x) mutable { return norm.forward(x); };
}

}  // namespace norma::models
