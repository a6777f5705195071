// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Small models and batches of random tokens that the tests of this folder share.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "models/model.h"
#include "models/placement_info.h"
#include "text/special_tokens.h"

namespace norma::test {

// Two blocks, or what the placement asks for.
inline int64_t fewest_layers(const std::string& placement) { return placement == "mix" ? 4 : 2; }

inline models::ModelConfig small_encdec(const std::string& placement, const std::string& norm) {
  models::ModelConfig config;
  config.norm = norm;
  config.placement = placement;
  config.vocab_size = 40;
  config.d_model = 16;
  config.heads = 2;
  config.ffn = 24;
  config.encoder_layers = config.decoder_layers = fewest_layers(placement);
  config.max_length = 32;
  return config;
}

inline std::shared_ptr<models::Model> must_make(const models::ModelConfig& config,
                                                uint64_t seed = 1) {
  auto made = models::make_model(config, seed);
  TORCH_CHECK(made.ok(), made.status().message());
  return made.value();
}

// Sentence r has `source_lengths[r]` and `target_lengths[r]` tokens, eos or bos included.
inline models::Batch random_batch(const std::vector<int64_t>& source_lengths,
                                  const std::vector<int64_t>& target_lengths, int64_t vocab_size,
                                  uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto ids = [&](const std::vector<int64_t>& lengths) {
    const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
    torch::Tensor all =
        torch::randint(text::kSpecialTokens, vocab_size,
                       {static_cast<int64_t>(lengths.size()), longest}, generator, torch::kInt64);
    for (size_t r = 0; r < lengths.size(); ++r) all[r].slice(0, lengths[r]).fill_(text::kPadId);
    return all;
  };
  models::Batch batch;
  if (!source_lengths.empty()) batch.source_BS = ids(source_lengths);
  batch.target_out_BT = ids(target_lengths);
  batch.target_in_BT = batch.target_out_BT.roll(1, 1);
  batch.target_in_BT.select(1, 0).fill_(text::kBosId);
  for (size_t r = 0; r < target_lengths.size(); ++r) {
    batch.target_in_BT[r].slice(0, target_lengths[r]).fill_(text::kPadId);
    batch.target_out_BT[r].slice(0, target_lengths[r]).fill_(models::kIgnore);
  }
  return batch;
}

}  // namespace norma::test
