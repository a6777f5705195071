// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Reads a tokenizer.json; see SentencePieceBpe::parse_json().
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "text/sentencepiece_vocabulary.h"

namespace norma::text {

Result<SentencePieceVocabulary> parse_sentencepiece_json(std::string_view json,
                                                         int64_t vocab_size);

}  // namespace norma::text
