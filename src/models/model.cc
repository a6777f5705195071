// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/model.h"

#include <algorithm>

#include "models/decoder_only.h"
#include "models/encoder_decoder.h"
#include "models/encoder_only.h"
#include "models/perceptron.h"
#include "models/placement.h"
#include "models/recurrent.h"

namespace norma::models {
namespace {

struct Row {
  const char* name;
  std::shared_ptr<Model> (*make)(const ModelConfig& config, std::optional<uint64_t> seed);
};

template <typename M>
std::shared_ptr<Model> make(const ModelConfig& config, std::optional<uint64_t> seed) {
  return std::make_shared<M>(config, seed);
}

std::vector<std::shared_ptr<Placement>> placements_of(Model& model) {
  std::vector<std::shared_ptr<Placement>> found;
  for (const std::shared_ptr<torch::nn::Module>& module : model.modules(/*include_self=*/false)) {
    if (auto placement = std::dynamic_pointer_cast<Placement>(module)) found.push_back(placement);
  }
  return found;
}

constexpr Row kFamilies[] = {
    {"encdec", make<EncoderDecoder>}, {"gpt", make<DecoderOnly>}, {"llama", make<DecoderOnly>},
    {"bert", make<EncoderOnly>},
    {"rnn", make<Recurrent>},         {"gru", make<Recurrent>},   {"lstm", make<Recurrent>},
    {"mlp", make<Perceptron>}};

}  // namespace

const std::vector<std::string>& known_families() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Row& row : kFamilies) all.emplace_back(row.name);
    return all;
  }();
  return names;
}

Result<std::shared_ptr<Model>> make_model(const ModelConfig& config,
                                          std::optional<uint64_t> seed) {
  NORMA_RETURN_IF_ERROR(validate(config));
  for (const Row& row : kFamilies) {
    if (config.family != row.name) continue;
    std::shared_ptr<Model> model = row.make(config, seed);
    if (seed) constrain(*model);
    return model;
  }
  return Status(StatusCode::kInternal, "[model] no builder for \"" + config.family + "\".");
}

void profile(Model& model, const Batch& batch) {
  const std::vector<std::shared_ptr<Placement>> all = placements_of(model);
  const auto wanted = [](const auto& placement) { return placement->needs_profile(); };
  if (std::none_of(all.begin(), all.end(), wanted)) return;
  torch::NoGradGuard no_grad;
  const bool was_training = model.is_training();
  model.eval();
  for (const auto& placement : all) placement->begin_profile();
  model.loss(batch, 0);
  for (const auto& placement : all) placement->end_profile();
  model.train(was_training);
}

void constrain(Model& model) {
  for (const auto& placement : placements_of(model)) placement->constrain(model);
}

torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& target,
                   double label_smoothing) {
  return at::cross_entropy_loss(logits.flatten(0, -2), target.flatten(), {}, at::Reduction::Mean,
                                kIgnore, label_smoothing);
}

}  // namespace norma::models
