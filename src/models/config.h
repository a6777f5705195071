// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a model is, as data: the same struct comes from recipes and flags, goes into checkpoints,
// and names every choice that the lab compares. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace norma::models {

struct ModelConfig {
  std::string family = "encdec";   // of known_families()
  std::string norm = "layernorm";  // of known_norms(); norm_info.h says what each is
  std::string placement = "pre";   // of known_placements(); placement_info.h says what each is
  // Queries and keys normalised before rotation: none | head, each head on its own | full, over all
  // heads together.
  std::string qk_norm = "none";
  std::string init = "xavier";     // of known_inits(); init.h says what each is
  int64_t vocab_size = 0;  // mlp: classes
  int64_t inputs = 0;      // mlp: features of a case
  int64_t d_model = 64;
  int64_t heads = 4;
  int64_t kv_heads = 0;  // grouped-query attention (gpt, llama); 0: as many as heads
  int64_t ffn = 256;
  int64_t encoder_layers = 6;  // encdec only
  int64_t decoder_layers = 6;  // mlp: hidden layers
  int64_t max_length = 512;  // positions
  double dropout = 0.0;
  double norm_eps = 1e-5;
  bool tie_embeddings = true;  // output matrix = target embedding
  // What models/convert.h leaves behind, and no recipe asks for:
  bool output_bias = false;         // of an output matrix that is not the embedding
  bool centered_positions = false;  // encdec: the mean of each position's sines is taken off
};

// Unknown names list the known ones and the nearest; sizes say their rule.
Status validate(const ModelConfig& config);

// JSON text, the form inside checkpoints and summaries. Unknown keys are an error on reading.
std::string to_json(const ModelConfig& config);
Result<ModelConfig> model_config_from_json(const std::string& json);

const std::vector<std::string>& known_families();
bool is_recurrent(const std::string& family);  // rnn, gru, lstm
const std::vector<std::string>& known_norms();
const std::vector<std::string>& known_placements();
const std::vector<std::string>& known_qk_norms();
const std::vector<std::string>& known_inits();

}  // namespace norma::models
