// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Reads a tokenizer.json; see SentencePieceBpe::parse_json().
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "text/sentencepiece_vocabulary.h"

namespace norma::text {

// REQUIRES: root is what parse_tokenizer_json() gave.
Result<SentencePieceVocabulary> parse_sentencepiece_json(const nlohmann::json& root,
                                                         int64_t vocab_size);

}  // namespace norma::text
