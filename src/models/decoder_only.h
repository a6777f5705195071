// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Language models: one stack of blocks with causal self-attention.
//
// gpt (Radford et al. 2019): learned positions added to the embedding, GELU in its tanh form,
// biases. llama (Touvron et al. 2023): rotary positions, SwiGLU, grouped-query attention where
// kv_heads says so, no biases. Norm and placement are the configuration's in both: "layernorm" with
// "pre", and "rmsnorm" with "pre", make them what they are named after. Dropout as in the
// encoder-decoder. Output and embedding share a matrix with tie_embeddings. What else models of
// other houses have is in DecoderOptions.
//
// Shapes: B texts, T positions, V vocabulary, C width.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/linear.h"
#include "models/model.h"
#include "models/stack.h"

namespace norma::models {

// What real weights ask for and the lab does not compare.
struct DecoderOptions {
  RotaryOptions rotary;
  std::optional<RotaryOptions> local_rotary;  // of layers with a window (Gemma 3)
  // As in AttentionOptions.
  int64_t head_width = 0;
  double attention_scale = 0, attention_softcap = 0;
  std::vector<int64_t> windows;  // as in StackOptions
  double embedding_scale = 1;    // Gemma: sqrt(C)
  double logit_softcap = 0;      // c tanh(logit / c); 0: the logit itself
  bool geglu = false;            // of llama, instead of SwiGLU
  bool erf_gelu = false;         // of gpt, GELU itself instead of its tanh form
};

class DecoderOnly : public LanguageModel {
 public:
  // Without a seed the matrices hold what memory held: for values out of a file.
  // REQUIRES: validate(config).ok(), family gpt or llama.
  DecoderOnly(const ModelConfig& config, std::optional<uint64_t> seed,
              const DecoderOptions& options = {});

  torch::Tensor logits_BTV(const Batch& batch) override;
  torch::Tensor loss(const Batch& batch, double label_smoothing) override;
  std::vector<ProbedWeight> ffn_output_weights() override;
  const ModelConfig& config() const override { return config_; }
  const DecoderOptions& options() const { return options_; }
  int64_t norm_calls_per_forward() const override;

  // Logits (B, T, V) of ids (B, T). With a cache (of empty_cache()) the ids follow what it has
  // seen: any number the first time, then one at a time.
  torch::Tensor logits(const torch::Tensor& ids_BT, StackCache* cache);
  StackCache empty_cache() const { return decoder_->empty_cache(); }

  std::unique_ptr<State> fresh_state(int64_t batch) const override;
  torch::Tensor next_logits(const torch::Tensor& ids_BT, State* state) override;
  int64_t window() const override { return config_.max_length; }

 private:
  struct Cache;
  const ModelConfig config_;
  const DecoderOptions options_;
  // Rotary positions; undefined where there are none.
  struct Turns {
    torch::Tensor exact_TE;  // complex128
    torch::Tensor used_TE;   // the same in the precision that was last asked for

    torch::Tensor at(int64_t start, int64_t length, torch::ScalarType real);
  };
  Turns turns_, local_turns_;
  std::shared_ptr<Linear> embedding_, positions_, output_;
  std::shared_ptr<Stack> decoder_;
};

}  // namespace norma::models
