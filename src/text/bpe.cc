// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/bpe.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "json/json.h"
#include "text/bpe_trainer.h"
#include "text/merge_pairs.h"
#include "text/utf8.h"

namespace norma::text {
namespace {

using nlohmann::json;

// The end-of-word mark inside token texts: a byte that UTF-8 never has.
constexpr char kWordEnd = '\xFF';
constexpr int32_t kWordEndId = kSpecialTokens;
// No learned token is longer, so that neither a text of one endless word nor a hostile file, whose
// merges double each time, fills the memory.
constexpr size_t kMaxTokenBytes = 256;
constexpr int64_t kMaxVocabulary = int64_t{1} << 20;
// Merging a pair that occurs once would only learn the training text by heart.
constexpr int64_t kMinPairCount = 2;
constexpr int kMaxJsonDepth = 4;

template <typename Function>
void for_each_character(std::string_view text, Function&& function) {
  while (!text.empty()) {
    const size_t length = character_length(text);
    function(text.substr(0, length));
    text.remove_prefix(length);
  }
}

// Words and, where `keep_line_feeds`, each line feed as a piece of its own.
template <typename Function>
void for_each_piece(std::string_view text, bool keep_line_feeds, Function&& function) {
  for (size_t i = 0; i < text.size();) {
    if (keep_line_feeds && text[i] == '\n') {
      function(text.substr(i++, 1));
    } else if (is_ascii_space(text[i])) {
      ++i;
    } else {
      const size_t begin = i;
      while (i < text.size() && !is_ascii_space(text[i])) ++i;
      function(text.substr(begin, i - begin));
    }
  }
}

Status bad_json(const std::string& reason) {
  return Status(StatusCode::kDataLoss,
                "[tokenizer] the vocabulary is not what to_json() writes: " + reason + ".");
}

}  // namespace

struct Tokenizer::State {
  struct Merge {
    int32_t rank;  // earlier learned, earlier applied
    int32_t id;
  };

  bool words = false;  // BPE; else characters
  bool line_feeds = false;
  std::vector<std::string> tokens;  // by id; special tokens are empty
  std::unordered_map<std::string, int32_t> ids;
  std::vector<SymbolPair> merges;  // in the order learned
  std::unordered_map<uint64_t, Merge> by_pair;

  void start(bool bpe, const std::set<std::string>& alphabet);
  int32_t add_token(const std::string& text);
  void add_merge(SymbolPair pair);
  Status read_merges(const json& entries);
  int32_t id_of(std::string_view character) const;
  std::vector<int32_t> symbols_of(std::string_view word) const;
  void merge_all(std::vector<int32_t>& symbols) const;
};

void Tokenizer::State::start(bool bpe, const std::set<std::string>& alphabet) {
  words = bpe;
  tokens.resize(kSpecialTokens);
  if (words) add_token(std::string(1, kWordEnd));
  for (const std::string& character : alphabet) add_token(character);
  line_feeds = ids.count("\n") > 0;
}

// Two merges may spell the same token ("a" + "bc", "ab" + "c"); it has one id.
int32_t Tokenizer::State::add_token(const std::string& text) {
  const auto [at, added] = ids.emplace(text, static_cast<int32_t>(tokens.size()));
  if (added) tokens.push_back(text);
  return at->second;
}

void Tokenizer::State::add_merge(SymbolPair pair) {
  const int32_t rank = static_cast<int32_t>(merges.size());
  merges.push_back(pair);
  by_pair[pair_key(pair)] = {rank, add_token(tokens[pair.first] + tokens[pair.second])};
}

int32_t Tokenizer::State::id_of(std::string_view character) const {
  const auto found = ids.find(std::string(character));
  return found == ids.end() ? kUnkId : found->second;
}

std::vector<int32_t> Tokenizer::State::symbols_of(std::string_view word) const {
  std::vector<int32_t> symbols;
  for_each_character(word, [&](std::string_view c) { symbols.push_back(id_of(c)); });
  symbols.push_back(kWordEndId);
  return symbols;
}

// Again and again the earliest learned merge that applies, leftmost first.
void Tokenizer::State::merge_all(std::vector<int32_t>& symbols) const {
  merge_pairs(symbols, [this](int32_t first, int32_t second) {
    const auto merge = by_pair.find(pair_key({first, second}));
    if (merge == by_pair.end()) return PairMerge();
    return PairMerge{merge->second.id, -static_cast<float>(merge->second.rank)};
  });
}

namespace {

// The characters of the text; BPE has no use for white space but the line feed.
Result<std::set<std::string>> alphabet_of(const std::vector<std::string>& lines, bool words) {
  std::set<std::string> alphabet;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t invalid = find_invalid_utf8(lines[i]);
    if (invalid != std::string_view::npos) {
      return invalid_argument("[tokenizer] text " + std::to_string(i + 1) + " of " +
                              std::to_string(lines.size()) + " is not UTF-8 at byte " +
                              std::to_string(invalid + 1) + ". Convert it to UTF-8.");
    }
    for_each_character(lines[i], [&](std::string_view c) {
      if (!words || c == "\n" || !is_ascii_space(c[0])) alphabet.emplace(c);
    });
  }
  if (alphabet.empty()) {
    return invalid_argument("[tokenizer] there is no text to learn a vocabulary from.");
  }
  return alphabet;
}

}  // namespace

Result<Tokenizer> Tokenizer::train_bpe(const std::vector<std::string>& lines, int64_t vocab_size) {
  Result<std::set<std::string>> alphabet = alphabet_of(lines, true);
  if (!alphabet.ok()) return alphabet.status();
  auto state = std::make_shared<State>();
  state->start(true, alphabet.value());
  const int64_t least = static_cast<int64_t>(state->tokens.size());
  if (vocab_size < least || vocab_size > kMaxVocabulary) {
    return invalid_argument("[tokenizer] vocab_size must be at least " + std::to_string(least) +
                            " (the text has " + std::to_string(alphabet.value().size()) +
                            " different characters) and at most " +
                            std::to_string(kMaxVocabulary) + " but is " +
                            std::to_string(vocab_size) + ".");
  }
  std::map<std::string_view, int64_t> counts;
  for (const std::string& line : lines) {
    for_each_piece(line, false, [&](std::string_view word) { ++counts[word]; });
  }
  BpeTrainer trainer;
  for (const auto& [word, count] : counts) trainer.add_word(state->symbols_of(word), count);
  SymbolPair pair;
  while (static_cast<int64_t>(state->tokens.size()) < vocab_size &&
         trainer.most_frequent(kMinPairCount, &pair)) {
    if (state->tokens[pair.first].size() + state->tokens[pair.second].size() > kMaxTokenBytes) {
      trainer.forbid(pair);
      continue;
    }
    state->add_merge(pair);
    trainer.merge(pair, state->by_pair[pair_key(pair)].id);
  }
  return Tokenizer(std::move(state));
}

Result<Tokenizer> Tokenizer::train_characters(const std::vector<std::string>& lines) {
  Result<std::set<std::string>> alphabet = alphabet_of(lines, false);
  if (!alphabet.ok()) return alphabet.status();
  auto state = std::make_shared<State>();
  state->start(false, alphabet.value());
  return Tokenizer(std::move(state));
}

std::string Tokenizer::to_json() const {
  const size_t first = kSpecialTokens + (state_->words ? 1 : 0);
  json alphabet = json::array(), merges = json::array();
  for (size_t id = first; id < state_->tokens.size(); ++id) {
    const std::string& text = state_->tokens[id];
    if (text.back() == kWordEnd || character_length(text) != text.size()) break;
    alphabet.push_back(text);
  }
  for (const auto& [left, right] : state_->merges) merges.push_back({left, right});
  return json{{"format", "norma-tokenizer"},
              {"version", 1},
              {"kind", state_->words ? "bpe" : "characters"},
              {"alphabet", std::move(alphabet)},
              {"merges", std::move(merges)}}
      .dump();
}

namespace {

// The document, its format and kind checked.
Result<json> parse_document(std::string_view text) {
  Result<json> parsed = parse_json(text, kMaxJsonDepth);
  if (!parsed.ok()) return bad_json("it " + parsed.status().message());
  const json& root = parsed.value();
  if (!root.is_object() || root.value("format", json()) != "norma-tokenizer") {
    return bad_json("\"format\" must be \"norma-tokenizer\"");
  }
  if (root.value("version", json()) != 1) return bad_json("\"version\" must be 1");
  const json kind = root.value("kind", json());
  if (kind != "bpe" && kind != "characters") {
    return bad_json("\"kind\" must be \"bpe\" or \"characters\"");
  }
  const json alphabet = root.value("alphabet", json()), merges = root.value("merges", json());
  if (!alphabet.is_array() || alphabet.empty() || !merges.is_array() ||
      static_cast<int64_t>(alphabet.size() + merges.size()) > kMaxVocabulary) {
    return bad_json("\"alphabet\" and \"merges\" must be lists of together at most " +
                    std::to_string(kMaxVocabulary) + " entries, the first not empty");
  }
  if (kind == "characters" && !merges.empty()) return bad_json("characters have no merges");
  return parsed;
}

Result<std::set<std::string>> read_alphabet(const json& entries) {
  std::set<std::string> alphabet;
  for (const json& entry : entries) {
    const std::string c = entry.is_string() ? entry.get<std::string>() : "";
    if (c.empty() || character_length(c) != c.size() ||
        (!alphabet.empty() && c <= *alphabet.rbegin())) {
      return bad_json("entry " + std::to_string(alphabet.size()) +
                      " of \"alphabet\" must be one character, above the one before");
    }
    alphabet.insert(alphabet.end(), c);
  }
  return alphabet;
}

}  // namespace

Status Tokenizer::State::read_merges(const json& entries) {
  for (const json& entry : entries) {
    const std::string name = "merge " + std::to_string(merges.size());
    if (!entry.is_array() || entry.size() != 2) return bad_json(name + " must be two ids");
    SymbolPair pair;
    for (int side = 0; side < 2; ++side) {
      const int64_t id = entry[side].is_number_integer() ? entry[side].get<int64_t>() : -1;
      if (id < kSpecialTokens || id >= static_cast<int64_t>(tokens.size())) {
        return bad_json(name + " must name tokens that exist before it");
      }
      (side == 0 ? pair.first : pair.second) = static_cast<int32_t>(id);
    }
    const std::string &left = tokens[pair.first], &right = tokens[pair.second];
    if (left.back() == kWordEnd || left.size() + right.size() > kMaxTokenBytes ||
        by_pair.count(pair_key(pair)) > 0) {
      return bad_json(name + " repeats another, goes beyond a word, or is longer than " +
                      std::to_string(kMaxTokenBytes) + " bytes");
    }
    add_merge(pair);
  }
  return Status();
}

Result<Tokenizer> Tokenizer::from_json(std::string_view text) {
  const Result<json> root = parse_document(text);
  if (!root.ok()) return root.status();
  const Result<std::set<std::string>> alphabet = read_alphabet(root.value().at("alphabet"));
  if (!alphabet.ok()) return alphabet.status();
  auto state = std::make_shared<State>();
  state->start(root.value().at("kind") == "bpe", alphabet.value());
  NORMA_RETURN_IF_ERROR(state->read_merges(root.value().at("merges")));
  return Tokenizer(std::move(state));
}

int64_t Tokenizer::vocab_size() const { return static_cast<int64_t>(state_->tokens.size()); }

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  if (!state_->words) {
    for_each_character(text, [&](std::string_view c) { ids.push_back(state_->id_of(c)); });
    return ids;
  }
  // Running text repeats its words.
  std::unordered_map<std::string_view, std::vector<int32_t>> seen;
  for_each_piece(text, state_->line_feeds, [&](std::string_view piece) {
    if (piece == "\n") {
      ids.push_back(state_->id_of(piece));
      return;
    }
    const auto [at, added] = seen.try_emplace(piece);
    if (added) {
      at->second = state_->symbols_of(piece);
      state_->merge_all(at->second);
    }
    ids.insert(ids.end(), at->second.begin(), at->second.end());
  });
  return ids;
}

std::string Tokenizer::decode(const std::vector<int32_t>& ids) const {
  std::string out;
  Decoding at;
  for (const int32_t id : ids) decode_next(id, &at, &out);
  return out;
}

void Tokenizer::decode_next(int32_t id, Decoding* at, std::string* text) const {
  if (id < kSpecialTokens || id >= vocab_size()) return;
  std::string_view token = state_->tokens[id];
  const bool ends = token.back() == kWordEnd;
  if (ends) token.remove_suffix(1);
  if (at->gap && !token.empty() && token != "\n") *text += ' ';
  at->gap = ends || (at->gap && token.empty());
  *text += token;
  if (!token.empty()) at->line_start = token.back() == '\n';
  if (at->line_start) at->gap = false;
}

}  // namespace norma::text
