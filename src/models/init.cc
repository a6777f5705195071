// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/init.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "models/parameter_names.h"

namespace norma::models {
namespace {

// Box and Muller 1958, in double, rounded once: no generator of torch, whose bits hang on the CPU.
// Values beyond `most` deviations are left out, and the next take their places.
void fill_normal(torch::Tensor& parameter, double deviation, double most, uint64_t seed,
                 std::string_view name) {
  SplitMix64 random(seed, fnv1a_64(name));
  const torch::Tensor values = torch::empty(parameter.sizes(), torch::kFloat64);
  double* out = values.data_ptr<double>();
  const auto uniform = [&random] {
    return static_cast<double>((random.next() >> 11) + 1) * 0x1p-53;
  };
  for (int64_t i = 0; i < values.numel();) {
    const double radius = deviation * std::sqrt(-2.0 * std::log(uniform()));
    const double angle = 2.0 * std::numbers::pi * uniform();
    for (const double value : {radius * std::cos(angle), radius * std::sin(angle)}) {
      if (i < values.numel() && std::abs(value) <= most * deviation) out[i++] = value;
    }
  }
  parameter.copy_(values);
}

bool is_plain_normal(const ModelConfig& config) {
  return config.init == "normal" || config.init == "truncated";
}

double embedding_deviation(const ModelConfig& config, const std::string& name) {
  if (config.family != "encdec") {
    if (config.init == "gpt2") return name == "positions" ? 0.01 : 0.02;
    if (is_plain_normal(config)) return 0.02;
  }
  return 1.0 / std::sqrt(static_cast<double>(config.d_model));
}

double matrix_deviation(const ModelConfig& config, const std::string& stack,
                        const std::string& sublayer, const std::string& matrix,
                        const torch::Tensor& weight) {
  const double d = static_cast<double>(config.d_model);
  const double fans = static_cast<double>(weight.size(0) + weight.size(1));
  if (is_plain_normal(config)) return 0.02;
  if (config.init == "gpt2") {
    if (matrix != "o" && matrix != "w2") return 0.02;
    const bool cross = config.family == "encdec" && stack == "decoder";
    const int64_t layers = stack == "encoder" ? config.encoder_layers : config.decoder_layers;
    return 0.02 / std::sqrt(static_cast<double>(layers * (cross ? 3 : 2)));
  }
  if (sublayer == "affine") return std::sqrt(2.0 / fans);
  if (sublayer == "cell") {
    // Of one gate; packed, of all.
    if (config.init == "xavier") return std::sqrt(2.0 / (2.0 * d));
    if (config.init == "packed-xavier") return std::sqrt(2.0 / fans);
  }
  if (sublayer != "ffn") {
    if (config.init == "small") return std::sqrt(2.0 / (5.0 * d));
    if (config.init == "packed-xavier") {
      if (matrix == "o") return 1.0 / std::sqrt(3.0 * d);
      const double kv = d / config.heads * (config.kv_heads ? config.kv_heads : config.heads);
      return std::sqrt(2.0 / (d + d + 2.0 * kv));
    }
  }
  return std::sqrt(2.0 / fans);
}

}  // namespace

const std::vector<std::string>& known_inits() {
  static const std::vector<std::string> names = {"xavier", "packed-xavier", "small",
                                                 "gpt2",   "normal",        "truncated"};
  return names;
}

void init_parameters(torch::nn::Module& model, const ModelConfig& config, uint64_t seed,
                     const InitScale& scale) {
  torch::NoGradGuard no_grad;
  const double most = config.init == "truncated" ? 3 : std::numeric_limits<double>::infinity();
  for (auto& item : model.named_parameters()) {
    const std::vector<std::string> part = split_name(item.key());
    if (part.back() == "bias" || (part.size() > 1 && part[1] == "norms")) continue;
    if (part.size() == 2) {
      fill_normal(item.value(), embedding_deviation(config, part[0]), most, seed,
                  item.key());
      continue;
    }
    TORCH_CHECK(part.size() == 5, "[init] no rule for the parameter ", item.key(), ".");
    const double deviation = matrix_deviation(config, part[0], part[2], part[3], item.value()) *
                             scale(part[0], std::stoll(part[1]), part[2], part[3]);
    fill_normal(item.value(), deviation, most, seed, item.key());
  }
}

}  // namespace norma::models
