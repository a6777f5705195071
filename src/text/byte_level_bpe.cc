// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/byte_level_bpe.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "text/bpe_trainer.h"
#include "text/merge_pairs.h"
#include "text/normalization.h"
#include "text/tokenizer_json.h"
#include "text/unicode_categories.h"
#include "text/utf8.h"

namespace norma::text {
namespace {

using nlohmann::json;

constexpr char kLlama3Regex[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr char kQwen2Regex[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

enum class Kind : char { kLetter, kNumber, kSpace, kOther };

Kind kind_of(char32_t c) {
  if (is_letter(c)) return Kind::kLetter;
  if (is_number(c)) return Kind::kNumber;
  return is_white_space(c) ? Kind::kSpace : Kind::kOther;
}

// The code points of a text with what a pattern asks of them. Lengths are in code points.
class Matcher {
 public:
  Matcher(WordPattern pattern, std::string_view text)
      : llama3_(pattern != WordPattern::kGpt2),
        most_digits_(pattern == WordPattern::kQwen2 ? 1 : 3) {
    while (!text.empty()) {
      points_.push_back(code_point(text));
      kinds_.push_back(kind_of(points_.back()));
      text.remove_prefix(character_length(text));
    }
  }
  size_t size() const { return points_.size(); }

  // Of the word that starts at `at`: the first alternative that matches.
  size_t match(size_t at) const {
    if (const size_t n = contraction(at); n > 0) return n;
    return llama3_ ? match_llama3(at) : match_gpt2(at);
  }

 private:
  bool is(size_t at, Kind kind) const { return at < size() && kinds_[at] == kind; }
  bool is_line_end(size_t at) const {
    return at < size() && (points_[at] == '\n' || points_[at] == '\r');
  }
  size_t run(size_t at, Kind kind) const {
    size_t n = 0;
    while (is(at + n, kind)) ++n;
    return n;
  }

  size_t contraction(size_t at) const {
    if (points_[at] != '\'') return 0;
    const auto letter = [&](size_t i) -> char32_t {
      if (i >= size()) return 0;
      const char32_t c = points_[i];
      // U+017F, the long s, is an s to a pattern without case.
      if (llama3_ && c == 0x17F) return 's';
      return llama3_ && c >= 'A' && c <= 'Z' ? c + 32 : c;
    };
    const char32_t a = letter(at + 1), b = letter(at + 2);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    const bool two = (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l');
    return two ? 3 : 0;
  }

  size_t match_gpt2(size_t at) const {
    const size_t space = points_[at] == ' ' ? 1 : 0;
    for (const Kind kind : {Kind::kLetter, Kind::kNumber, Kind::kOther}) {
      if (const size_t n = run(at + space, kind); n > 0) return space + n;
    }
    return white_space(at);
  }

  size_t match_llama3(size_t at) const {
    const size_t before = is(at, Kind::kSpace) || is(at, Kind::kOther) ? 1 : 0;
    if (before == 0 || !is_line_end(at)) {
      if (const size_t n = run(at + before, Kind::kLetter); n > 0) return before + n;
    }
    if (const size_t n = run(at, Kind::kNumber); n > 0) return std::min(n, most_digits_);
    const size_t space = points_[at] == ' ' ? 1 : 0;
    if (size_t n = run(at + space, Kind::kOther); n > 0) {
      n += space;
      while (is_line_end(at + n)) ++n;
      return n;
    }
    size_t to_line_end = 0;
    for (size_t n = 0; is(at + n, Kind::kSpace); ++n) {
      if (is_line_end(at + n)) to_line_end = n + 1;
    }
    return to_line_end > 0 ? to_line_end : white_space(at);
  }

  // All of it at the end of a text; else the last one is left to the word that follows.
  size_t white_space(size_t at) const {
    const size_t n = run(at, Kind::kSpace);
    return n > 1 && at + n < size() ? n - 1 : n;
  }

  const bool llama3_;  // or Qwen 2's
  const size_t most_digits_;
  std::vector<char32_t> points_;
  std::vector<Kind> kinds_;
};

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}
Status unsupported(std::string message) {
  return Status(StatusCode::kUnsupported, std::move(message));
}

// Token texts are written in characters, one a byte: those that can be printed stand for
// themselves, the others, in order, for U+0100 and what follows.
std::array<char32_t, 256> characters_of_bytes() {
  std::array<char32_t, 256> characters{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printed =
        (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    characters[byte] = printed ? byte : next++;
  }
  return characters;
}

Result<WordPattern> read_pattern(const json& root) {
  const std::vector<json> parts = json_parts(json_at(root, "pre_tokenizer"), "pretokenizers");
  const json& last = parts.empty() ? root : parts.back();
  if (json_at(last, "type") != "ByteLevel" || json_at(last, "add_prefix_space") == true) {
    return unsupported("its pre_tokenizer must end with ByteLevel, without add_prefix_space");
  }
  const bool own_pattern = json_at(last, "use_regex") != false;
  if (parts.size() == 1 && own_pattern) return WordPattern::kGpt2;
  const json& split = parts.front();
  if (parts.size() == 2 && !own_pattern && json_at(split, "type") == "Split" &&
      json_at(split, "behavior") == "Isolated" && json_at(split, "invert") != true) {
    const json& regex = json_at(json_at(split, "pattern"), "Regex");
    if (regex == kLlama3Regex) return WordPattern::kLlama3;
    if (regex == kQwen2Regex) return WordPattern::kQwen2;
  }
  return unsupported("its pattern of words must be GPT-2's, LLaMA 3's or Qwen 2's but is " +
                     json_shown(json_at(split, "pattern")));
}

}  // namespace

struct ByteLevelBpe::State {
  WordPattern pattern = WordPattern::kGpt2;
  bool nfc = false;
  bool whole_words = false;  // a word that is a token is not put together from merges
  std::vector<std::string> tokens;  // by id, as bytes; special ones empty
  std::unordered_map<std::string, int32_t> ids;  // of whole words
  std::array<int32_t, 256> bytes{};
  std::unordered_map<uint64_t, PairMerge> merges;

  Status read_tokens(const JsonTokens& json_tokens);
  void encode_word(std::string_view word, std::vector<int32_t>* out) const;
};

Status ByteLevelBpe::State::read_tokens(const JsonTokens& json_tokens) {
  const std::array<char32_t, 256> characters = characters_of_bytes();
  std::unordered_map<char32_t, char> byte_of;
  for (int byte = 0; byte < 256; ++byte) byte_of[characters[byte]] = static_cast<char>(byte);
  tokens.resize(json_tokens.texts.size());
  std::vector<bool> spelt(tokens.size());
  for (const auto& [text, id] : json_tokens.spelt) {
    tokens[static_cast<size_t>(id)] = text;
    spelt[static_cast<size_t>(id)] = true;
  }
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (json_tokens.special[id] || spelt[id]) continue;
    for (std::string_view rest = json_tokens.texts[id]; !rest.empty();) {
      const auto found = byte_of.find(code_point(rest));
      if (found == byte_of.end()) {
        return data_loss("token " + json_shown(json_tokens.texts[id]) +
                         " has a character that stands for no byte");
      }
      tokens[id] += found->second;
      rest.remove_prefix(character_length(rest));
    }
    ids.emplace(tokens[id], static_cast<int32_t>(id));
  }
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = ids.find(std::string(1, static_cast<char>(byte)));
    if (found == ids.end()) return data_loss("byte " + std::to_string(byte) + " has no token");
    bytes[byte] = found->second;
  }
  return {};
}

void ByteLevelBpe::State::encode_word(std::string_view word, std::vector<int32_t>* out) const {
  if (whole_words) {
    const auto found = ids.find(std::string(word));
    if (found != ids.end()) {
      out->push_back(found->second);
      return;
    }
  }
  std::vector<int32_t> symbols;
  for (const char c : word) symbols.push_back(bytes[static_cast<unsigned char>(c)]);
  merge_pairs(symbols, [this](int32_t first, int32_t second) {
    const auto found = merges.find(pair_key({first, second}));
    return found == merges.end() ? PairMerge() : found->second;
  });
  out->insert(out->end(), symbols.begin(), symbols.end());
}

std::vector<std::string_view> split_by_pattern(WordPattern pattern, std::string_view text) {
  const Matcher matcher(pattern, text);
  std::vector<std::string_view> words;
  for (size_t at = 0; at < matcher.size();) {
    const size_t points = matcher.match(at);
    size_t bytes = 0;
    for (size_t i = 0; i < points; ++i) bytes += character_length(text.substr(bytes));
    words.push_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
    at += points;
  }
  return words;
}

Result<ByteLevelBpe> ByteLevelBpe::from_json(const json& root, int64_t vocab_size) {
  auto state = std::make_shared<State>();
  const Result<WordPattern> pattern = read_pattern(root);
  if (!pattern.ok()) return pattern.status();
  state->pattern = pattern.value();
  for (const json& step : json_parts(json_at(root, "normalizer"), "normalizers")) {
    if (json_at(step, "type") != "NFC") {
      return unsupported("its normalizer " + json_shown(json_at(step, "type")) +
                         " has no counterpart here");
    }
    state->nfc = true;
  }
  const json& model = json_at(root, "model");
  if (json_at(model, "byte_fallback") == true) return unsupported("its model has byte_fallback");
  state->whole_words = json_at(model, "ignore_merges") == true;
  const Result<JsonTokens> tokens = read_json_tokens(root, vocab_size);
  if (!tokens.ok()) return tokens.status();
  NORMA_RETURN_IF_ERROR(state->read_tokens(tokens.value()));
  auto merges = read_json_merges(root);
  if (!merges.ok()) return merges.status();
  state->merges = std::move(merges.value());
  return ByteLevelBpe(std::move(state));
}

int64_t ByteLevelBpe::vocab_size() const { return static_cast<int64_t>(state_->tokens.size()); }

std::vector<int32_t> ByteLevelBpe::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  std::string composed;
  if (state_->nfc) text = composed = nfc(text);
  for (const std::string_view word : split_by_pattern(state_->pattern, text)) {
    state_->encode_word(word, &ids);
  }
  return ids;
}

std::string ByteLevelBpe::decode(const std::vector<int32_t>& ids) const {
  std::string out;
  Decoding at;
  for (const int32_t id : ids) decode_next(id, &at, &out);
  return out;
}

void ByteLevelBpe::decode_next(int32_t id, Decoding*, std::string* text) const {
  if (id >= 0 && id < vocab_size()) *text += state_->tokens[id];
}

}  // namespace norma::text
