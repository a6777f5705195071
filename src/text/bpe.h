// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Byte-pair encoding learned from text (Sennrich, Haddow, Birch 2016), over characters of words
// with an end-of-word mark, and the plain vocabulary of characters. One joint vocabulary for both
// languages of a pair. Deterministic: of equally frequent pairs the one with the smaller ids is
// merged first.
//
// Ids: the special tokens; with BPE the end-of-word mark; the characters by code point; the merged
// tokens in the order learned.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "text/special_tokens.h"

namespace norma::text {

// Copies share one immutable vocabulary; every const function may run in several threads at once.
class Tokenizer {
 public:
  // Learns merges until the vocabulary, special tokens included, has `vocab_size` entries, or until
  // no pair occurs twice (then it has fewer). Words are what stands between ASCII white space; a
  // line feed inside a line is a token of its own. Errors: no text, a line that is not UTF-8, a
  // vocab_size without room for the characters that occur.
  static Result<Tokenizer> train_bpe(const std::vector<std::string>& lines, int64_t vocab_size);
  // One token a character (UTF-8, white space too), for character language models.
  static Result<Tokenizer> train_characters(const std::vector<std::string>& lines);
  // The text form that checkpoints and run folders carry (JSON). Hostile text is refused with the
  // reason; from_json(to_json()) is the same tokenizer.
  static Result<Tokenizer> from_json(std::string_view json);
  std::string to_json() const;

  int64_t vocab_size() const;
  // Without bos and eos. A character that is not in the vocabulary becomes kUnkId. BPE takes white
  // space as the border of words and forgets how much there was; line feeds are kept where the
  // training text had any. REQUIRES valid UTF-8.
  std::vector<int32_t> encode(std::string_view text) const;
  // The text of the ids; special tokens and ids outside the vocabulary are left out. BPE puts one
  // space where a word ends and another follows. The result is valid UTF-8, whatever the ids.
  std::string decode(const std::vector<int32_t>& ids) const;
  // The same id by id: appends what `id` adds to the text of those before it.
  struct Decoding {
    bool gap = false;         // a word has ended
    bool line_start = true;
  };
  void decode_next(int32_t id, Decoding* at, std::string* text) const;

 private:
  struct State;
  explicit Tokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace norma::text
