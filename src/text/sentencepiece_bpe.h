// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Byte-pair encoding with scores and byte fallback, as SentencePiece (Kudo and Richardson 2018)
// does it for LLaMA: one space is put before the text, the text is cut into characters, and again
// and again the adjacent pair is joined whose token has the highest score, the leftmost of equals.
// A character that is no token becomes the tokens <0xNN> of its bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace norma::text {

// Copies share one immutable vocabulary; every const function may run in several threads at once.
class SentencePieceBpe {
 public:
  static constexpr int32_t kUnkId = 0, kBosId = 1, kEosId = 2;

  // The bytes of a tok*.bin of llama2.c (tokenizer.py of github.com/karpathy/llama2.c): int32
  // max_token_length; for each of `vocab_size` tokens float32 score, int32 length, the bytes; in
  // them a space is a space. Token 0 is <unk>, 1 bos, 2 eos, and, where there is byte fallback, 3
  // to 258 are <0x00> to <0xFF>. kDataLoss says the rule and the value, without the file's name.
  static Result<SentencePieceBpe> parse_llama2c(std::string_view file, int64_t vocab_size);
  // The same of a file, which the message names.
  static Result<SentencePieceBpe> read_llama2c(const std::string& path, int64_t vocab_size);

  int64_t vocab_size() const;
  bool has_byte_fallback() const;
  // Without bos and eos; an empty text has no tokens. What is spelt like a special token or a byte
  // is text. kUnkId where there is no byte fallback. REQUIRES valid UTF-8.
  std::vector<int32_t> encode(std::string_view text) const;
  // The bytes of the ids: valid UTF-8 only where the bytes of a character are together. Special
  // tokens and ids outside the vocabulary are left out, and so is a space at the start of what
  // follows bos. Longer lists of ids only add to the text.
  std::string decode(const std::vector<int32_t>& ids) const;

 private:
  struct State;
  explicit SentencePieceBpe(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace norma::text
