// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// WordPiece as BERT uses it (Devlin et al. 2019; Wu et al. 2016): the text is cleaned, cut at white
// space and around each punctuation sign, and each word is cut into the longest tokens of the
// vocabulary from its start on; those that go on a word begin with "##".
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace norma::text {

// What is done to a text before it is cut, in this order.
struct BertNormalization {
  bool clean = true;  // control characters are left out, white space becomes spaces
  bool space_cjk = true;  // each Chinese character is a word
  bool strip_accents = true;
  bool lower_case = true;
};

// REQUIRES valid UTF-8.
std::string bert_normalized(const BertNormalization& options, std::string_view text);

// Copies share one immutable vocabulary; every const function may run in several threads at once.
class WordPiece {
 public:
  // A tokenizer.json that parse_tokenizer_json() gave, with the model "WordPiece". kDataLoss says
  // what is wrong, kUnsupported names a part that has no counterpart here.
  static Result<WordPiece> from_json(const nlohmann::json& root, int64_t vocab_size);
  // A vocab.txt: a token a line, whose id is the line's, from 0. [UNK], [CLS] and [SEP] are in it.
  static Result<WordPiece> from_vocabulary(std::string_view text, int64_t vocab_size,
                                           bool lower_case);

  // Without [CLS] and [SEP]. A word that cannot be cut is [UNK]. What is spelt like a special token
  // is text. REQUIRES valid UTF-8.
  std::vector<int32_t> encode(std::string_view text) const;
  // Words with a space before each. Special tokens and ids outside the vocabulary are left out.
  std::string decode(const std::vector<int32_t>& ids) const;
  // The same id by id: appends what `id` adds to the text of those before it.
  struct Decoding {
    bool begun = false;
  };
  void decode_next(int32_t id, Decoding* at, std::string* text) const;
  // The tokens that begin and end a text for the model; -1 where there is none.
  int32_t cls() const;
  int32_t sep() const;

 private:
  struct State;
  explicit WordPiece(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  static Result<WordPiece> finish(std::shared_ptr<State> state, const std::string& unk);
  std::shared_ptr<const State> state_;
};

}  // namespace norma::text
