// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/sentencepiece_bpe.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <queue>
#include <unordered_map>

#include "base/mapped_file.h"
#include "text/utf8.h"

namespace norma::text {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie");

constexpr int32_t kFirstByte = 3, kBytes = 256;
constexpr int32_t kNoToken = -1;

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}

std::string byte_name(int byte) {
  char name[8];
  std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte & 0xFF));
  return name;
}

// Reads numbers off the front; false where there is too little.
template <typename Number>
bool take(std::string_view& rest, Number* value) {
  if (rest.size() < sizeof *value) return false;
  std::memcpy(value, rest.data(), sizeof *value);
  rest.remove_prefix(sizeof *value);
  return true;
}

}  // namespace

struct SentencePieceBpe::State {
  std::vector<std::string> tokens;  // by id
  std::vector<float> scores;
  bool byte_fallback = false;
  std::unordered_map<std::string, int32_t> ids;  // of the tokens that text can become

  bool is_byte(int32_t id) const {
    return byte_fallback && id >= kFirstByte && id < kFirstByte + kBytes;
  }
  void finish();
  int32_t id_of(const std::string& text) const {
    const auto found = ids.find(text);
    return found == ids.end() ? kNoToken : found->second;
  }
  std::vector<int32_t> symbols_of(std::string_view text) const;
  void merge_all(std::vector<int32_t>& symbols) const;
};

void SentencePieceBpe::State::finish() {
  const auto size = static_cast<int32_t>(tokens.size());
  byte_fallback = size >= kFirstByte + kBytes;
  for (int32_t byte = 0; byte_fallback && byte < kBytes; ++byte) {
    byte_fallback = tokens[kFirstByte + byte] == byte_name(byte);
  }
  ids.reserve(tokens.size());
  for (int32_t id = kFirstByte; id < size; ++id) {
    if (!is_byte(id) && !tokens[id].empty()) ids.emplace(tokens[id], id);
  }
}

std::vector<int32_t> SentencePieceBpe::State::symbols_of(std::string_view text) const {
  std::vector<int32_t> symbols;
  while (!text.empty()) {
    const std::string character(text.substr(0, character_length(text)));
    text.remove_prefix(character.size());
    const int32_t id = id_of(character);
    if (id != kNoToken) {
      symbols.push_back(id);
    } else if (byte_fallback) {
      for (const char c : character) {
        symbols.push_back(kFirstByte + static_cast<unsigned char>(c));
      }
    } else {
      symbols.push_back(kUnkId);
    }
  }
  return symbols;
}

// By a queue of candidate pairs over a doubly linked list, so that a long text stays cheap.
void SentencePieceBpe::State::merge_all(std::vector<int32_t>& symbols) const {
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
    if (first < kFirstByte || second < kFirstByte || is_byte(first) || is_byte(second)) return;
    const int32_t merged = id_of(tokens[first] + tokens[second]);
    if (merged != kNoToken) queue.push({scores[merged], left, first, second, merged});
  };
  for (int32_t i = 0; i < n; ++i) previous[i] = i - 1, next[i] = i + 1;
  for (int32_t i = 0; i < n; ++i) offer(i);
  while (!queue.empty()) {
    const Candidate c = queue.top();
    queue.pop();
    const int32_t right = next[c.left];
    if (symbols[c.left] != c.first || right >= n || symbols[right] != c.second) continue;
    symbols[c.left] = c.merged;
    symbols[right] = kNoToken;
    next[c.left] = next[right];
    if (next[right] < n) previous[next[right]] = c.left;
    offer(previous[c.left]);
    offer(c.left);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), kNoToken), symbols.end());
}

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
  auto state = std::make_shared<State>();
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
    state->tokens.emplace_back(rest.substr(0, static_cast<size_t>(length)));
    state->scores.push_back(score);
    rest.remove_prefix(static_cast<size_t>(length));
  }
  if (!rest.empty()) {
    return data_loss("it has " + std::to_string(rest.size()) + " bytes behind its vocab_size=" +
                     std::to_string(vocab_size) + " tokens");
  }
  state->finish();
  return SentencePieceBpe(std::move(state));
}

Result<SentencePieceBpe> SentencePieceBpe::read_llama2c(const std::string& path,
                                                        int64_t vocab_size) {
  const auto file = MappedFile::open(path, "tokenizer of llama2.c (tok*.bin)");
  if (!file.ok()) return file.status();
  Result<SentencePieceBpe> parsed = parse_llama2c(file.value()->bytes(), vocab_size);
  if (parsed.ok()) return parsed;
  return Status(parsed.status().code(), path + " is no tokenizer of this model: " +
                                            parsed.status().message() +
                                            ". Use the one that the model was trained with.");
}

int64_t SentencePieceBpe::vocab_size() const { return static_cast<int64_t>(state_->tokens.size()); }

bool SentencePieceBpe::has_byte_fallback() const { return state_->byte_fallback; }

std::vector<int32_t> SentencePieceBpe::encode(std::string_view text) const {
  if (text.empty()) return {};
  std::vector<int32_t> symbols = state_->symbols_of(std::string(" ").append(text));
  state_->merge_all(symbols);
  return symbols;
}

std::string SentencePieceBpe::decode(const std::vector<int32_t>& ids) const {
  std::string out;
  bool after_bos = false;
  for (const int32_t id : ids) {
    if (id == kBosId) after_bos = true;
    if (id < kFirstByte || id >= vocab_size()) continue;
    std::string_view token = state_->tokens[id];
    if (after_bos && token.starts_with(' ')) token.remove_prefix(1);
    after_bos = false;
    if (state_->is_byte(id)) {
      out += static_cast<char>(id - kFirstByte);
    } else {
      out += token;
    }
  }
  return out;
}

}  // namespace norma::text
