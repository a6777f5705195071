// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <stdexcept>

#include "bench/generation/generation.h"
#include "models/decode.h"
#include "models/llama2c.h"

namespace norma::bench::generation {
namespace {

using torch::Tensor;

constexpr int32_t kBos = 1;

std::shared_ptr<models::DecoderOnly> load(const Problem& problem) {
  const auto loaded = models::load_llama2c(problem.file.path());
  if (!loaded.ok()) throw std::runtime_error(loaded.status().message());
  return loaded.value();
}

class Norma : public ModelPeer {
 public:
  explicit Norma(SharedProblem problem) : p_(std::move(problem)), model_(load(*p_)) {
    options_.steps = p_->sizes.tokens;
    options_.temperature = 0;
    options_.never = {};
    options_.ends = {};
  }
  void run(size_t) override {
    ids_ = models::generate(*model_, {kBos}, options_, [](int32_t) { return true; });
  }
  Status check() const override {
    const torch::NoGradGuard no_grad;
    std::vector<int64_t> text = {kBos};
    text.insert(text.end(), ids_.begin(), ids_.end());
    models::Batch batch;
    batch.target_in_BT = torch::tensor(text, torch::kInt64).unsqueeze(0);
    const Tensor best_T = model_->logits_BTV(batch)[0].argmax(-1);
    std::vector<int32_t> want;
    for (size_t t = 0; t + 1 < text.size(); ++t) want.push_back(best_T[t].item<int32_t>());
    if (ids_ == want) {
      p_->ids = ids_;
      return {};
    }
    return {StatusCode::kInternal,
            fmt::format("[bench] norma generates {}, but the best tokens of a pass over them are "
                        "{}.",
                        fmt::join(ids_, " "), fmt::join(want, " "))};
  }

 private:
  const SharedProblem p_;
  const std::shared_ptr<models::DecoderOnly> model_;
  models::SampleOptions options_;
  std::vector<int32_t> ids_;
};

class Read : public ModelPeer {
 public:
  explicit Read(SharedProblem problem) : p_(std::move(problem)), model_(load(*p_)) {}
  void run(size_t) override {
    const c10::InferenceMode inference;
    for (int64_t t = 0; t < p_->sizes.tokens; ++t) {
      sums_.clear();
      for (const Tensor& weight : model_->parameters()) sums_.push_back(weight.sum());
    }
  }
  // A sum of n numbers in float32, in parts, is within 1e-5 of the sum of their sizes.
  Status check() const override {
    const torch::NoGradGuard no_grad;
    const auto weights = model_->parameters();
    for (size_t i = 0; i < weights.size(); ++i) {
      const Tensor exact = weights[i].to(torch::kFloat64);
      const double error = std::abs(sums_[i].item<double>() - exact.sum().item<double>());
      if (error <= 1e-5 * exact.abs().sum().item<double>()) continue;
      return {StatusCode::kInternal,
              fmt::format("[bench] the sum of weight {} is off by {:.2g}.", i, error)};
    }
    return {};
  }

 private:
  const SharedProblem p_;
  const std::shared_ptr<models::DecoderOnly> model_;
  std::vector<Tensor> sums_;
};

}  // namespace

std::unique_ptr<ModelPeer> make_norma(SharedProblem problem) {
  return std::make_unique<Norma>(std::move(problem));
}

std::unique_ptr<ModelPeer> make_read(SharedProblem problem) {
  return std::make_unique<Read>(std::move(problem));
}

}  // namespace norma::bench::generation
