// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The Transformer of Vaswani et al. 2017: encoder, decoder with cross-attention, sinusoidal
// positions. Source, target and output share one embedding (section 3.4), which is why the
// vocabulary is joint; without tie_embeddings the output has a matrix of its own.
//
// Dropout: on the sums of embedding and position, and on each sub-layer's output; none inside
// attention.
//
// Shapes: B sentences, S source positions, T target positions, N of them without padding, V
// vocabulary, C width.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/layout.h"
#include "models/linear.h"
#include "models/model.h"
#include "models/stack.h"

namespace norma::models {

class EncoderDecoder : public Model {
 public:
  // Without a seed the matrices hold what memory held: for values out of a file.
  // REQUIRES: validate(config).ok().
  EncoderDecoder(const ModelConfig& config, std::optional<uint64_t> seed);

  torch::Tensor logits_BTV(const Batch& batch) override;
  torch::Tensor loss(const Batch& batch, double label_smoothing) override;
  std::vector<ProbedWeight> ffn_output_weights() override;
  const ModelConfig& config() const override { return config_; }
  int64_t norm_calls_per_forward() const override;

  struct Memory {
    torch::Tensor x_NC;  // what the decoder attends to; not read again where a cache has seen it
    Layout layout;
  };
  Memory encode(const torch::Tensor& source_BS);
  // Logits (N, V) of the positions that are handed in, those of layout_of(target_BT). With a cache
  // (of empty_cache()) they are the positions after what it has seen, one at a time; without, all
  // of the target.
  torch::Tensor decode(const torch::Tensor& target_BT, const Memory& memory, StackCache* cache);
  StackCache empty_cache() const { return decoder_->empty_cache(); }

 private:
  Layout layout_of(const torch::Tensor& ids_BT) const;
  torch::Tensor embed(const torch::Tensor& ids_BT, const Layout& layout,
                      int64_t first_position) const;

  const ModelConfig config_;
  const torch::Tensor positions_TC_;  // float64
  std::shared_ptr<Linear> embedding_, output_;
  std::shared_ptr<Stack> encoder_, decoder_;
};

// sin(t / 10000^(2i/C)) at feature 2i, cos at 2i + 1, for t = 0 .. positions-1; float64
// (section 3.5).
torch::Tensor sinusoidal_positions(int64_t positions, int64_t width);

}  // namespace norma::models
