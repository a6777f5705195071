// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Byte-pair encoding over bytes (Radford et al. 2019): the text is cut into words by a pattern,
// each word's bytes are the first tokens, and the earliest learned merge goes first. There is
// nothing that it cannot encode.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace norma::text {

enum class WordPattern { kGpt2, kLlama3, kQwen2 };

// The pieces that the pattern cuts a text into; together they are the text. REQUIRES valid UTF-8.
// GPT-2:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// LLaMA 3:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
//   |\s*[\r\n]+|\s+(?!\S)|\s+
// Qwen 2: the same with \p{N}, one at a time.
std::vector<std::string_view> split_by_pattern(WordPattern pattern, std::string_view text);

// Copies share one immutable vocabulary; every const function may run in several threads at once.
class ByteLevelBpe {
 public:
  // A tokenizer.json that parse_tokenizer_json() gave. kDataLoss says what is wrong, kUnsupported
  // names a part that has no counterpart here.
  static Result<ByteLevelBpe> from_json(const nlohmann::json& root, int64_t vocab_size);

  int64_t vocab_size() const;
  // Without bos and eos. What is spelt like a special or an added token is text. Where the file
  // says so, of the text in normalization form C. REQUIRES valid UTF-8.
  std::vector<int32_t> encode(std::string_view text) const;
  // The bytes of the ids: valid UTF-8 only where the bytes of a character are together. Special
  // tokens and ids outside the vocabulary are left out.
  std::string decode(const std::vector<int32_t>& ids) const;
  // The same id by id: appends what `id` adds to the text of those before it.
  struct Decoding {};
  void decode_next(int32_t id, Decoding* at, std::string* text) const;

 private:
  struct State;
  explicit ByteLevelBpe(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace norma::text
