// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BERT (Devlin et al. 2019): one stack of blocks in which each position sees all others. Learned
// positions and token types are added to the embedding, and a norm follows where the placement has
// any; GELU, biases. Norm and placement are the configuration's: "layernorm" with "post" make it
// BERT.
//
// It learns to fill in hidden tokens: its logits are those of the embedding's matrix (or of one of
// its own without tie_embeddings), without BERT's transformation before it.
//
// Shapes: B sentences, T positions, N of them without padding, V vocabulary, C width.
// Parameters beside those of model.h: positions.weight (max_length, C), types.weight (2, C),
// encoder.norms.embedding.<weight|bias>, pooler.<weight|bias> (C, C).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/layout.h"
#include "models/linear.h"
#include "models/model.h"
#include "models/stack.h"

namespace norma::models {

struct EncoderOptions {
  int64_t types = 2;  // of tokens: first and second sentence
  // The lab has none: a mask is no sentence's class, and nothing would train it.
  bool pooler = false;
  bool output = true;  // whether there are logits; without, no matrix of its own for them
  bool tanh_gelu = false;
};

// How a sentence's positions become one vector: their mean, the first position's, tanh of the
// pooler's matrix times it, or not at all.
enum class Pooling { kMean, kCls, kPooler, kNone };

class EncoderOnly : public Model {
 public:
  // Without a seed the matrices hold what memory held: for values out of a file.
  // REQUIRES: validate(config).ok(), family bert.
  EncoderOnly(const ModelConfig& config, std::optional<uint64_t> seed,
              const EncoderOptions& options = {});

  torch::Tensor logits_BTV(const Batch& batch) override;
  torch::Tensor loss(const Batch& batch, double label_smoothing) override;
  std::vector<ProbedWeight> ffn_output_weights() override;
  const ModelConfig& config() const override { return config_; }
  int64_t norm_calls_per_forward() const override;

  bool has_pooler() const { return pooler_ != nullptr; }
  // The last block's output (N, C) for the ids that are not padding, all of type 0, laid out by
  // layout_of(). REQUIRES: T is at most max_length.
  torch::Tensor encode(const torch::Tensor& ids_BT, const Layout& layout);
  static Layout layout_of(const torch::Tensor& ids_BT, int64_t padding_id);
  // (B, C), or for kNone (B, T, C) with zeros at padding. REQUIRES: has_pooler() for kPooler.
  torch::Tensor pool(const torch::Tensor& x_NC, const Layout& layout, Pooling pooling) const;

 private:
  torch::Tensor logits_NV(const Batch& batch, const Layout& layout);

  const ModelConfig config_;
  std::shared_ptr<Linear> embedding_, positions_, types_, pooler_, output_;
  torch::nn::AnyModule embedding_norm_;
  std::shared_ptr<Stack> encoder_;
};

}  // namespace norma::models
