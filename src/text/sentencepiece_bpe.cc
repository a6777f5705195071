// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/sentencepiece_bpe.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <queue>

#include "base/mapped_file.h"
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

// By a queue of candidate pairs over a doubly linked list, so that a long text stays cheap.
void merge_all(const Vocabulary& vocabulary, std::vector<int32_t>& symbols) {
  struct Candidate {
    float score;
    int32_t left, first, second, merged;
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };
  const int32_t n = static_cast<int32_t>(symbols.size());
  std::vector<int32_t> previous(n), next(n);
  std::priority_queue<Candidate> queue;
  const auto offer = [&](int32_t left) {
    if (left < 0 || next[left] >= n) return;
    const int32_t first = symbols[left], second = symbols[next[left]];
    const Vocabulary::Merge merge = vocabulary.merge_of(first, second);
    if (merge.id != Vocabulary::kNone) queue.push({merge.score, left, first, second, merge.id});
  };
  for (int32_t i = 0; i < n; ++i) previous[i] = i - 1, next[i] = i + 1;
  for (int32_t i = 0; i < n; ++i) offer(i);
  while (!queue.empty()) {
    const Candidate c = queue.top();
    queue.pop();
    const int32_t right = next[c.left];
    if (symbols[c.left] != c.first || right >= n || symbols[right] != c.second) continue;
    symbols[c.left] = c.merged;
    symbols[right] = Vocabulary::kNone;
    next[c.left] = next[right];
    if (next[right] < n) previous[next[right]] = c.left;
    offer(previous[c.left]);
    offer(c.left);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), Vocabulary::kNone), symbols.end());
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

Result<SentencePieceBpe> SentencePieceBpe::parse_json(std::string_view json, int64_t vocab_size,
                                                      int32_t bos) {
  Result<Vocabulary> vocabulary = parse_sentencepiece_json(json, vocab_size);
  if (!vocabulary.ok()) return vocabulary.status();
  vocabulary.value().bos = bos;
  return SentencePieceBpe(std::move(vocabulary.value()));
}

Result<SentencePieceBpe> SentencePieceBpe::read(const std::string& path, int64_t vocab_size,
                                                int32_t bos) {
  const auto file = MappedFile::open(path, "tokenizer (tok*.bin, tokenizer.json)");
  if (!file.ok()) return file.status();
  const std::string_view bytes = file.value()->bytes();
  Result<SentencePieceBpe> parsed = path.ends_with(".json") ? parse_json(bytes, vocab_size, bos)
                                                            : parse_llama2c(bytes, vocab_size);
  if (parsed.ok()) return parsed;
  return Status(parsed.status().code(), path + " is no tokenizer of this model: " +
                                            parsed.status().message() +
                                            ". Use the one that the model was trained with.");
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
  merge_all(*vocabulary_, symbols);
  return symbols;
}

std::string SentencePieceBpe::decode(const std::vector<int32_t>& ids) const {
  std::string out;
  bool after_bos = false;
  for (const int32_t id : ids) {
    if (id == vocabulary_->bos) after_bos = true;
    if (id < 0 || id >= vocab_size() || vocabulary_->kinds[id] == Kind::kSpecial) continue;
    std::string_view token = vocabulary_->tokens[id];
    if (after_bos && vocabulary_->kinds[id] == Kind::kText && token.starts_with(' ')) {
      token.remove_prefix(1);
    }
    after_bos = false;
    out += token;
  }
  return out;
}

}  // namespace norma::text
