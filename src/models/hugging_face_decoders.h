// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What transformers' decoder-only architectures are as configurations of ours, by model_type:
// llama, gpt2, olmo2, qwen3, gemma2, gemma3_text; and norma's own.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "models/decoder_only.h"
#include "models/hugging_face_config.h"
#include "models/hugging_face_tensors.h"

namespace norma::models {

struct HuggingFaceDecoder {
  ModelConfig model;
  DecoderOptions options;
  // Where a parameter of ours (model.h) lies.
  HuggingFaceTensor (*place)(const std::string& parameter, const HuggingFaceDecoder& decoder) =
      nullptr;
  // What the names begin with of tensors that have no part in a text.
  std::vector<std::string> ignored;

  int64_t head_width() const {
    return options.head_width ? options.head_width : model.d_model / model.heads;
  }
};

// kUnsupported names an architecture that is none of these, and a setting that has no counterpart
// here; kDataLoss a setting that makes no sense. Where a text model is part of one that also sees
// (Gemma 3 from 4B on), config becomes its part's and the rest is ignored.
Result<HuggingFaceDecoder> read_decoder(HuggingFaceConfig* config);

// head_dim, where it is there, and whether the tables of rotary positions would be of a size that
// a model may have.
Status read_head_width(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder);

}  // namespace norma::models
