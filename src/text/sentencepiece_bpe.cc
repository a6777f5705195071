// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/sentencepiece_bpe.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "text/sentencepiece_json.h"
#include "text/sentencepiece_vocabulary.h"
#include "text/utf8.h"

namespace norma::text {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie");

using Vocabulary = SentencePieceVocabulary;
using Kind = Vocabulary::Kind;

constexpr char kSpaceMark[] = "\u2581";

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}

// Reads numbers off the front; false where there is too little.
template <typename Number>
bool take(std::string_view& rest, Number* value) {
  if (rest.size() < sizeof *value) return false;
  std::memcpy(value, rest.data(), sizeof *value);
  rest.remove_prefix(sizeof *value);
  return true;
}

std::vector<int32_t> symbols_of(const Vocabulary& vocabulary, std::string_view text) {
  std::vector<int32_t> symbols;
  while (!text.empty()) {
    std::string character(text.substr(0, character_length(text)));
    text.remove_prefix(character.size());
    if (vocabulary.marks_space && character == kSpaceMark) character = " ";
    const int32_t id = vocabulary.id_of(character);
    if (id != Vocabulary::kNone) {
      symbols.push_back(id);
    } else if (vocabulary.has_bytes()) {
      for (const char c : character) {
        symbols.push_back(vocabulary.bytes[static_cast<unsigned char>(c)]);
      }
    } else if (!vocabulary.fuse_unk || symbols.empty() || symbols.back() != vocabulary.unk) {
      symbols.push_back(vocabulary.unk);
    }
  }
  return symbols;
}

}  // namespace

void SentencePieceVocabulary::finish() {
  std::unordered_map<std::string, int32_t> all;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (kinds[id] == Kind::kText) all.emplace(tokens[id], static_cast<int32_t>(id));
  }
  std::array<int32_t, 256> found = no_bytes();
  bool every = true;
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte & 0xFF));
    const auto at = all.find(name);
    if (at != all.end()) found[byte] = at->second;
    every = every && at != all.end();
  }
  for (int byte = 0; every && byte < 256; ++byte) {
    all.erase(tokens[found[byte]]);
    tokens[found[byte]] = std::string(1, static_cast<char>(byte));
    kinds[found[byte]] = Kind::kByte;
  }
  if (every) bytes = found;
  all.erase("");
  ids = std::move(all);
}

SentencePieceBpe::SentencePieceBpe(SentencePieceVocabulary vocabulary)
    : vocabulary_(std::make_shared<const SentencePieceVocabulary>(std::move(vocabulary))) {}

Result<SentencePieceBpe> SentencePieceBpe::parse_llama2c(std::string_view file,
                                                         int64_t vocab_size) {
  std::string_view rest = file;
  int32_t max_length = 0;
  if (!take(rest, &max_length)) {
    return data_loss("it has " + std::to_string(file.size()) + " bytes, too short for a header");
  }
  if (max_length < 1) {
    return data_loss("max_token_length must be at least 1 but is " + std::to_string(max_length));
  }
  constexpr size_t kTokenBytes = sizeof(float) + sizeof(int32_t);  // at least
  if (vocab_size < 1 || static_cast<uint64_t>(vocab_size) > rest.size() / kTokenBytes) {
    return data_loss("its " + std::to_string(file.size()) + " bytes are too few for vocab_size=" +
                     std::to_string(vocab_size) + " tokens");
  }
  Vocabulary vocabulary;
  for (int64_t id = 0; id < vocab_size; ++id) {
    const std::string name = "token " + std::to_string(id);
    float score = 0;
    int32_t length = 0;
    if (!take(rest, &score) || !take(rest, &length)) return data_loss("it ends before " + name);
    if (!std::isfinite(score)) return data_loss(name + " must have a finite score");
    if (length < 0 || length > max_length) {
      return data_loss(name + " must have 0 to max_token_length=" + std::to_string(max_length) +
                       " bytes but has " + std::to_string(length));
    }
    if (static_cast<size_t>(length) > rest.size()) return data_loss("it ends inside " + name);
    vocabulary.tokens.emplace_back(rest.substr(0, static_cast<size_t>(length)));
    vocabulary.kinds.push_back(id <= kEosId ? Kind::kSpecial : Kind::kText);
    vocabulary.scores.push_back(score);
    rest.remove_prefix(static_cast<size_t>(length));
  }
  if (!rest.empty()) {
    return data_loss("it has " + std::to_string(rest.size()) + " bytes behind its vocab_size=" +
                     std::to_string(vocab_size) + " tokens");
  }
  vocabulary.finish();
  return SentencePieceBpe(std::move(vocabulary));
}

Result<SentencePieceBpe> SentencePieceBpe::from_json(const nlohmann::json& root, int64_t vocab_size,
                                                     int32_t bos) {
  Result<Vocabulary> vocabulary = parse_sentencepiece_json(root, vocab_size);
  if (!vocabulary.ok()) return vocabulary.status();
  vocabulary.value().bos = bos;
  return SentencePieceBpe(std::move(vocabulary.value()));
}

int64_t SentencePieceBpe::vocab_size() const {
  return static_cast<int64_t>(vocabulary_->tokens.size());
}

int32_t SentencePieceBpe::unk() const { return vocabulary_->unk; }

bool SentencePieceBpe::has_byte_fallback() const { return vocabulary_->has_bytes(); }

std::vector<int32_t> SentencePieceBpe::encode(std::string_view text) const {
  if (text.empty()) return {};
  const auto prefix = vocabulary_->prefix;
  const bool space = prefix == Vocabulary::Prefix::kSpace ||
                     (prefix == Vocabulary::Prefix::kSpaceUnlessThere && text[0] != ' ' &&
                      !text.starts_with(kSpaceMark));
  std::vector<int32_t> symbols =
      symbols_of(*vocabulary_, std::string(space ? " " : "").append(text));
  merge_pairs(symbols, [this](int32_t first, int32_t second) {
    return vocabulary_->merge_of(first, second);
  });
  return symbols;
}

std::string SentencePieceBpe::decode(const std::vector<int32_t>& ids) const {
  std::string out;
  Decoding at;
  for (const int32_t id : ids) decode_next(id, &at, &out);
  return out;
}

void SentencePieceBpe::decode_next(int32_t id, Decoding* at, std::string* text) const {
  if (id == vocabulary_->bos) at->after_bos = true;
  if (id < 0 || id >= vocab_size() || vocabulary_->kinds[id] == Kind::kSpecial) return;
  std::string_view token = vocabulary_->tokens[id];
  const bool prefixed = vocabulary_->prefix != Vocabulary::Prefix::kNone;
  if (at->after_bos && prefixed && vocabulary_->kinds[id] == Kind::kText &&
      token.starts_with(' ')) {
    token.remove_prefix(1);
  }
  at->after_bos = false;
  *text += token;
}

}  // namespace norma::text
