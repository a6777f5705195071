// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// An encoder with its tokenizer and what sentence-transformers' files say of its vectors.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "models/encoder_only.h"
#include "text/codec.h"

namespace norma::cli {

const std::vector<std::string>& known_poolings();  // mean, cls, pooler, none
std::optional<models::Pooling> pooling_of(const std::string& name);

struct Embedding {
  torch::Tensor value;  // float32 (C), or (tokens, C) without pooling
  int64_t tokens = 0;   // that the model has read, [CLS] and [SEP] included
  int64_t cut = 0;      // tokens that were left out at the end
};

struct SentenceEncoder {
  std::shared_ptr<models::EncoderOnly> model;
  text::Codec codec;
  int64_t most_tokens = 0;
  models::Pooling pooling = models::Pooling::kMean;
  bool normalize = false;  // vectors are divided by their length

  // One sentence, alone: what stands beside it would change its last digits. REQUIRES valid UTF-8.
  Result<Embedding> embed(const std::string& sentence) const;
};

// `path` is a folder of transformers, or a checkpoint of the lab or its run's folder. Where a
// folder has a modules.json, that of sentence-transformers: its pooling, its normalization and its
// max_seq_length hold. `tokenizer`: a path, or empty: the tokenizer.json or vocab.txt in the
// folder; a checkpoint has its own.
Result<SentenceEncoder> load_sentence_encoder(const std::string& path,
                                              const std::string& tokenizer);

}  // namespace norma::cli
