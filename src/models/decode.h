// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// From a trained model to text: greedy and beam search for encoder-decoders, sampling for
// decoder-only models.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/model.h"
#include "text/special_tokens.h"

namespace norma::models {

struct BeamOptions {
  int64_t beam = 1;             // 1 is greedy
  int64_t max_length = 64;      // target tokens, eos included
  double length_penalty = 0.6;  // Wu et al. 2016: score / ((5 + length)/6)^alpha
};

// One output, without bos and eos, for each row of source_BS (padded with kPadId). No gradients are
// recorded. Throws NotFinite (models/not_finite.h) where the model has no distribution to offer.
std::vector<std::vector<int32_t>> translate(Model& model, const torch::Tensor& source_BS,
                                            const BeamOptions& options);

enum class Sampler {
  kNorma,    // sampling.h
  kLlama2c,  // llama2c_sampling.h; the seed must not be 0
};

struct SampleOptions {
  int64_t steps = 200;       // new tokens at most
  double temperature = 0.8;  // 0 is greedy
  double top_p = 0.95;
  uint64_t seed = 1;
  Sampler sampler = Sampler::kNorma;
  std::vector<int32_t> never = {text::kPadId, text::kBosId};  // stand beside a text, never in it
  std::vector<int32_t> ends = {text::kEosId};                 // each ends the text
};

// Continues `prompt`, bos where it is empty; every new token is handed to on_token, which returns
// false to stop. A text longer than the model's positions goes on from the younger half of them. A
// small model runs on one thread. Throws NotFinite as translate does, after the tokens that could
// be drawn.
std::vector<int32_t> generate(Model& model, const std::vector<int32_t>& prompt,
                              const SampleOptions& options,
                              const std::function<bool(int32_t)>& on_token);

}  // namespace norma::models
