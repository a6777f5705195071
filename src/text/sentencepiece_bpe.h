// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Byte-pair encoding with byte fallback, as SentencePiece (Kudo and Richardson 2018) does it for
// LLaMA: one space is put before the text, the text is cut into characters, and again and again the
// adjacent pair is joined whose token has the highest score, the leftmost of equals. A character
// that is no token becomes the tokens <0xNN> of its bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace norma::text {

struct SentencePieceVocabulary;

// Copies share one immutable vocabulary; every const function may run in several threads at once.
class SentencePieceBpe {
 public:
  static constexpr int32_t kUnkId = 0, kBosId = 1, kEosId = 2;  // in files of llama2.c

  // The bytes of a tok*.bin of llama2.c (tokenizer.py of github.com/karpathy/llama2.c): int32
  // max_token_length; for each of `vocab_size` tokens float32 score, int32 length, the bytes; in
  // them a space is a space. kDataLoss says the rule and the value, without the file's name.
  static Result<SentencePieceBpe> parse_llama2c(std::string_view file, int64_t vocab_size);
  // A tokenizer.json (huggingface/tokenizers), as parse_tokenizer_json() gave it, with BPE over
  // characters, merges instead of scores, and a space for U+2581; it may have fewer tokens than
  // `vocab_size`. `bos` is the id that starts a text. kUnsupported names a part that has no
  // counterpart here.
  static Result<SentencePieceBpe> from_json(const nlohmann::json& root, int64_t vocab_size,
                                            int32_t bos);

  int64_t vocab_size() const;
  int32_t unk() const;
  bool has_byte_fallback() const;
  // Without bos and eos; an empty text has no tokens. What is spelt like a special token or a byte
  // is text. unk() where there is no byte fallback. REQUIRES valid UTF-8.
  std::vector<int32_t> encode(std::string_view text) const;
  // The bytes of the ids: valid UTF-8 only where the bytes of a character are together. Special
  // tokens and ids outside the vocabulary are left out, and so is, where texts get one, a space at
  // the start of what follows bos. Longer lists of ids only add to the text.
  std::string decode(const std::vector<int32_t>& ids) const;
  // The same id by id: appends what `id` adds to the text of those before it.
  struct Decoding {
    bool after_bos = false;
  };
  void decode_next(int32_t id, Decoding* at, std::string* text) const;

 private:
  explicit SentencePieceBpe(SentencePieceVocabulary vocabulary);
  std::shared_ptr<const SentencePieceVocabulary> vocabulary_;
};

}  // namespace norma::text
