// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Byte-pair encoding learned from text (Sennrich, Haddow, Birch 2016), over characters of words
// with an end-of-word mark. One joint vocabulary for both languages of a pair. Deterministic: ties
// go to the lexicographically smaller pair.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/special_tokens.h"

namespace norma::text {

class Tokenizer {
 public:
  // Learns merges until the vocabulary, special tokens included, has `vocab_size` entries (fewer if
  // the text runs out).
  static Result<Tokenizer> train_bpe(const std::vector<std::string>& lines, int64_t vocab_size);
  // One token a character (UTF-8), for character language models.
  static Result<Tokenizer> train_characters(const std::vector<std::string>& lines);
  // The text form that checkpoints and run folders carry (JSON).
  static Result<Tokenizer> from_json(std::string_view json);
  std::string to_json() const;

  int64_t vocab_size() const;
  // Without bos and eos. An unknown character becomes kUnkId. REQUIRES valid UTF-8.
  std::vector<int32_t> encode(std::string_view text) const;
  // Leaves special tokens out and puts spaces where words end.
  std::string decode(const std::vector<int32_t>& ids) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace norma::text
