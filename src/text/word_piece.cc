// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/word_piece.h"

#include <algorithm>
#include <unordered_map>

#include "text/tokenizer_json.h"
#include "text/unicode_categories.h"
#include "text/unicode_forms.h"
#include "text/utf8.h"

namespace norma::text {
namespace {

using nlohmann::json;

constexpr char32_t kReplacement = 0xFFFD;
constexpr size_t kMostCharacters = 100;  // of a word that is cut, unless the file says otherwise

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}
Status unsupported(std::string message) {
  return Status(StatusCode::kUnsupported, std::move(message));
}

// The blocks of BERT's code, which leave out U+2B820 to U+2B91F as huggingface/tokenizers does.
bool is_chinese(char32_t c) {
  constexpr char32_t kBlocks[][2] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                     {0x20000, 0x2A6DF}, {0x2A700, 0x2B81F}, {0x2B920, 0x2CEAF},
                                     {0x2F800, 0x2FA1F}};
  for (const auto& [first, last] : kBlocks) {
    if (c >= first && c <= last) return true;
  }
  return false;
}

// Unicode's, and every sign of ASCII that is no letter and no digit.
bool cuts(char32_t c) {
  if (c >= 0x80) return is_punctuation(c);
  return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
         (c >= 123 && c <= 126);
}

template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t length = character_length(text);
    visit(code_point(text), text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    const bool alone = cuts(c);
    if ((alone || is_white_space(c)) && !words.back().empty()) words.emplace_back();
    if (is_white_space(c)) return;
    words.back() += bytes;
    if (alone) words.emplace_back();
  });
  if (words.back().empty()) words.pop_back();
  return words;
}

// null means: as lower_case.
Status read_flag(const json& normalizer, const char* key, bool missing, bool* flag) {
  const json& value = json_at(normalizer, key);
  if (!value.is_null() && !value.is_boolean()) {
    return data_loss("its normalizer has " + std::string(key) + "=" + json_shown(value));
  }
  *flag = value.is_null() ? missing : value.get<bool>();
  return {};
}

Status read_steps(const json& root, BertNormalization* options) {
  const json& normalizer = json_at(root, "normalizer");
  if (json_at(normalizer, "type") != "BertNormalizer") {
    return unsupported("its normalizer must be \"BertNormalizer\" but is " +
                       json_shown(json_at(normalizer, "type")));
  }
  const json& pre_tokenizer = json_at(json_at(root, "pre_tokenizer"), "type");
  if (pre_tokenizer != "BertPreTokenizer") {
    return unsupported("its pre_tokenizer must be \"BertPreTokenizer\" but is " +
                       json_shown(pre_tokenizer));
  }
  NORMA_RETURN_IF_ERROR(read_flag(normalizer, "clean_text", true, &options->clean));
  NORMA_RETURN_IF_ERROR(read_flag(normalizer, "handle_chinese_chars", true, &options->space_cjk));
  NORMA_RETURN_IF_ERROR(read_flag(normalizer, "lowercase", true, &options->lower_case));
  return read_flag(normalizer, "strip_accents", options->lower_case, &options->strip_accents);
}

}  // namespace

std::string bert_normalized(const BertNormalization& options, std::string_view text) {
  std::string cleaned, bare, lowered;
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    const bool line = c == '\t' || c == '\n' || c == '\r';
    if (options.clean && !line && (c == 0 || c == kReplacement || is_control(c))) return;
    const bool chinese = options.space_cjk && is_chinese(c);
    if (chinese) cleaned += ' ';
    cleaned += options.clean && is_white_space(c) ? " " : bytes;
    if (chinese) cleaned += ' ';
  });
  if (options.strip_accents) {
    for_each_character(cleaned, [&](char32_t c, std::string_view) {
      append_without_accents(bare, c);
    });
  } else {
    bare = std::move(cleaned);
  }
  if (!options.lower_case) return bare;
  for_each_character(bare, [&](char32_t c, std::string_view) { append_lower(lowered, c); });
  return lowered;
}

struct WordPiece::State {
  BertNormalization normalization;
  std::string prefix = "##";
  size_t most_characters = kMostCharacters;
  std::vector<std::string> texts;
  std::vector<bool> special;
  std::unordered_map<std::string, int32_t> ids;
  size_t longest = 0;  // of a token, in bytes
  int32_t unk = -1, cls = -1, sep = -1;

  // The longest token first; false where a part has none.
  bool cut(std::string_view word, std::vector<int32_t>* out) const {
    size_t begin = 0;
    while (begin < word.size()) {
      // As if all of the word had been tried; no token is longer than the longest.
      size_t end = std::min(word.size(), begin + longest);
      auto found = ids.end();
      for (; end > begin; --end) {
        found = ids.find((begin == 0 ? "" : prefix) + std::string(word.substr(begin, end - begin)));
        if (found != ids.end()) break;
      }
      if (found == ids.end()) return false;
      out->push_back(found->second);
      begin = end;
    }
    return true;
  }
};

Result<WordPiece> WordPiece::finish(std::shared_ptr<State> state, const std::string& unk) {
  for (size_t id = 0; id < state->texts.size(); ++id) {
    const std::string& token = state->texts[id];
    if (token.empty()) continue;
    state->ids.try_emplace(token, static_cast<int32_t>(id));
    state->longest = std::max(state->longest, token.size());
  }
  const auto id_of = [&](const std::string& token) {
    const auto found = state->ids.find(token);
    if (found == state->ids.end()) return int32_t{-1};
    state->special[static_cast<size_t>(found->second)] = true;
    return found->second;
  };
  state->unk = id_of(unk);
  state->cls = id_of("[CLS]");
  state->sep = id_of("[SEP]");
  if (state->unk < 0) return data_loss("it has no token " + json_shown(unk) + " for unknown words");
  for (const char* word : {"[PAD]", "[MASK]"}) id_of(word);
  return WordPiece(std::move(state));
}

Result<WordPiece> WordPiece::from_json(const json& root, int64_t vocab_size) {
  auto state = std::make_shared<State>();
  NORMA_RETURN_IF_ERROR(read_steps(root, &state->normalization));
  Result<JsonTokens> tokens = read_json_tokens(root, vocab_size);
  if (!tokens.ok()) return tokens.status();
  if (!tokens.value().spelt.empty()) {
    return Status(StatusCode::kUnsupported, "its added token " +
                                                json_shown(tokens.value().spelt[0].first) +
                                                " is not special");
  }
  state->texts = std::move(tokens.value().texts);
  state->special = std::move(tokens.value().special);
  const json& model = json_at(root, "model");
  const json& prefix = json_at(model, "continuing_subword_prefix");
  const json& unk = json_at(model, "unk_token");
  const json& most = json_at(model, "max_input_chars_per_word");
  if (prefix.is_string()) state->prefix = prefix.get<std::string>();
  if (!most.is_null() && (!most.is_number_unsigned() || most < 1)) {
    return data_loss("its max_input_chars_per_word must be a positive whole number but is " +
                     json_shown(most));
  }
  if (!most.is_null()) state->most_characters = most.get<size_t>();
  return finish(state, unk.is_string() ? unk.get<std::string>() : "[UNK]");
}

Result<WordPiece> WordPiece::from_vocabulary(std::string_view text, int64_t vocab_size,
                                             bool lower_case) {
  if (find_invalid_utf8(text) != std::string_view::npos) return data_loss("it is not UTF-8");
  auto state = std::make_shared<State>();
  state->normalization.lower_case = state->normalization.strip_accents = lower_case;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    state->texts.emplace_back(line);
  }
  if (static_cast<int64_t>(state->texts.size()) > vocab_size) {
    return data_loss("it has " + std::to_string(state->texts.size()) +
                     " tokens, more than vocab_size=" + std::to_string(vocab_size));
  }
  state->special.resize(state->texts.size());
  return finish(state, "[UNK]");
}

std::vector<int32_t> WordPiece::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  for (const std::string& word : words_of(bert_normalized(state_->normalization, text))) {
    size_t characters = 0;
    for_each_character(word, [&](char32_t, std::string_view) { ++characters; });
    const size_t before = ids.size();
    if (characters <= state_->most_characters && state_->cut(word, &ids)) continue;
    ids.resize(before);
    ids.push_back(state_->unk);
  }
  return ids;
}

std::string WordPiece::decode(const std::vector<int32_t>& ids) const {
  std::string out;
  Decoding at;
  for (const int32_t id : ids) decode_next(id, &at, &out);
  return out;
}

void WordPiece::decode_next(int32_t id, Decoding* at, std::string* text) const {
  const auto index = static_cast<size_t>(id);
  if (id < 0 || index >= state_->texts.size() || state_->special[index]) return;
  std::string_view token = state_->texts[index];
  if (token.starts_with(state_->prefix)) {
    token.remove_prefix(state_->prefix.size());
  } else if (at->begun) {
    *text += ' ';
  }
  *text += token;
  at->begun = at->begun || !token.empty();
}

int32_t WordPiece::cls() const { return state_->cls; }
int32_t WordPiece::sep() const { return state_->sep; }

}  // namespace norma::text
