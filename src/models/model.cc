// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/model.h"

#include "models/decoder_only.h"
#include "models/encoder_decoder.h"

namespace norma::models {
namespace {

struct Row {
  const char* name;
  std::shared_ptr<Model> (*make)(const ModelConfig& config, uint64_t seed);
};

template <typename M>
std::shared_ptr<Model> make(const ModelConfig& config, uint64_t seed) {
  return std::make_shared<M>(config, seed);
}

constexpr Row kFamilies[] = {
    {"encdec", make<EncoderDecoder>}, {"gpt", make<DecoderOnly>}, {"llama", make<DecoderOnly>}};

}  // namespace

const std::vector<std::string>& known_families() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Row& row : kFamilies) all.emplace_back(row.name);
    return all;
  }();
  return names;
}

Result<std::shared_ptr<Model>> make_model(const ModelConfig& config, uint64_t seed) {
  NORMA_RETURN_IF_ERROR(validate(config));
  for (const Row& row : kFamilies) {
    if (config.family == row.name) return row.make(config, seed);
  }
  return Status(StatusCode::kInternal, "[model] no builder for \"" + config.family + "\".");
}

torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& target,
                   double label_smoothing) {
  return at::cross_entropy_loss(logits.flatten(0, -2), target.flatten(), {}, at::Reduction::Mean,
                                kIgnore, label_smoothing);
}

}  // namespace norma::models
