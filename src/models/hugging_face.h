// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A model out of a folder of transformers (weights/hugging_face.h), by the model_type of its
// config.json: llama, gpt2, olmo2, qwen3, gemma2, gemma3_text, or norma (norma_folder.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "models/decoder_only.h"

namespace norma::models {

struct HuggingFaceModel {
  std::shared_ptr<DecoderOnly> model;  // in evaluation mode
  int32_t bos = 1;
  std::vector<int32_t> ends;  // each ends a text; at least one
};

// float32 weights lie in the mapped file and are not copied, but for query and key matrices, whose
// rows are put into the order of rotated pairs that attention.h has, GPT-2's, which are turned, and
// Gemma's norms, to which 1 is added; float16 and bfloat16 ones become float32. kUnsupported names
// an architecture or a setting that has no counterpart here, kDataLoss what is missing, too much,
// or of another shape.
Result<HuggingFaceModel> load_hugging_face(const std::string& folder);

}  // namespace norma::models
