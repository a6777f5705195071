// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What transformers' decoder-only architectures are as configurations of ours, by model_type:
// llama, gpt2, olmo2, qwen3, gemma2, gemma3_text; and norma's own.
#pragma once

#include <string>

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

  int64_t head_width() const {
    return options.head_width ? options.head_width : model.d_model / model.heads;
  }
};

// kUnsupported names an architecture that is none of these, and a setting that has no counterpart
// here; kDataLoss a setting that makes no sense.
Result<HuggingFaceDecoder> read_decoder(const HuggingFaceConfig& config);

// head_dim, where it is there, and whether the tables of rotary positions would be of a size that
// a model may have.
Status read_head_width(const HuggingFaceConfig& config, HuggingFaceDecoder* decoder);

}  // namespace norma::models
