// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// An encoder out of a folder of transformers (weights/hugging_face.h), by the model_type of its
// config.json: bert.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "models/encoder_only.h"

namespace norma::models {

struct HuggingFaceEncoder {
  std::shared_ptr<EncoderOnly> model;  // in evaluation mode, without logits
  int64_t padding = 0;                 // the id of padding
};

// True where config.json names an architecture that this file reads.
bool is_hugging_face_encoder(const std::string& folder);

// BertModel, with or without its pooler, and models with a head around one ("bert." before each
// name), whose head is not read. Errors as load_hugging_face().
Result<HuggingFaceEncoder> load_hugging_face_encoder(const std::string& folder);

}  // namespace norma::models
