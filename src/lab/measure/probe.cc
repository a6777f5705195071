// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/probe.h"

#include <cmath>
#include <utility>

#include "models/model.h"

namespace norma::lab {
namespace {

// Sum of squares and number of elements, by stack and depth.
using StreamSums = std::map<std::string, std::map<int64_t, std::pair<double, double>>>;

void add_stream(const torch::Tensor& x_NC, int64_t layer,
                std::map<int64_t, std::pair<double, double>>* sums) {
  // What a final norm leaves, 1 whatever came in, is no depth of the stream.
  if (layer < 0) return;
  torch::NoGradGuard no_grad;
  auto& [squares, elements] = (*sums)[layer];
  squares += x_NC.to(torch::kFloat64).square().sum().item<double>();
  elements += static_cast<double>(x_NC.numel());
}

}  // namespace

Result<Probe> probe(const TrainRecipe& recipe, const Task& task) {
  models::ModelConfig config = model_config(recipe, task);
  // As in training but for dropout: what a batch's statistics do belongs to what is looked at.
  config.dropout = 0;
  Result<std::shared_ptr<models::Model>> made =
      models::make_model(config, static_cast<uint64_t>(recipe.train.seed));
  if (!made.ok()) return made.status();
  models::Model& model = *made.value();
  models::profile(model, task.train_batch(0).batch);

  model.train();
  StreamSums sums;
  for (int64_t step = 0; step < kProbeBatches; ++step) {
    const models::Batch batch = task.train_batch(step).batch;
    model.set_stream_tap([&](const std::string& stack, int64_t layer, const torch::Tensor& x_NC) {
      add_stream(x_NC, layer, &sums[stack]);
    });
    // Gradients of the batches add up in place.
    model.loss(batch, recipe.train.label_smoothing).backward();
  }

  Probe result;
  result.placement = config.placement;
  result.norm = config.norm;
  result.init = config.init;
  result.seed = recipe.train.seed;
  for (const models::ProbedWeight& w : model.ffn_output_weights()) {
    const double norm = w.weight.grad().to(torch::kFloat64).norm().item<double>();
    result.gradient_norm[w.stack].push_back(norm / kProbeBatches);
  }
  for (const auto& [stack, depths] : sums) {
    for (const auto& [depth, sum] : depths) {
      result.stream_rms[stack].push_back(std::sqrt(sum.first / sum.second));
    }
  }
  return result;
}

Json to_json(const Probe& probe) {
  const auto profile = [](const Profile& values) {
    Json json = Json::object();
    for (const auto& [stack, list] : values) {
      json[stack] = Json::array();
      for (double value : list) json[stack].push_back(json_number(value));
    }
    return json;
  };
  return {{"placement", probe.placement},
          {"norm", probe.norm},
          {"init", probe.init},
          {"seed", probe.seed},
          {"gradient_norm", profile(probe.gradient_norm)},
          {"stream_rms", profile(probe.stream_rms)}};
}

}  // namespace norma::lab
