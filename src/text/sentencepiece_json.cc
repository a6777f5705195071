// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/sentencepiece_json.h"

#include <nlohmann/json.hpp>

namespace norma::text {
namespace {

using nlohmann::json;
using Vocabulary = SentencePieceVocabulary;
using Kind = Vocabulary::Kind;

constexpr int kMaxDepth = 16;
constexpr size_t kMaxMerges = size_t{1} << 24;  // ranks are exact in float32
constexpr char kSpaceMark[] = "\u2581";

struct TooDeep {};

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}
Status unsupported(std::string message) {
  return Status(StatusCode::kUnsupported, std::move(message));
}

// null where the key is missing.
const json& at(const json& object, const char* key) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

std::string shown(const json& value) {
  constexpr size_t kMaxShown = 80;
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > kMaxShown) text.replace(kMaxShown, std::string::npos, "...");
  return text;
}

// The parts of a Sequence, or the one there is, or none of null.
std::vector<json> parts_of(const json& step, const char* list) {
  if (step.is_null()) return {};
  if (at(step, "type") != "Sequence") return {step};
  const json& parts = at(step, list);
  return parts.is_array() ? std::vector<json>(parts.begin(), parts.end()) : std::vector<json>{step};
}

std::string with_spaces(std::string_view text) {
  std::string out;
  for (size_t i; (i = text.find(kSpaceMark)) != std::string_view::npos;) {
    out.append(text.substr(0, i)).append(1, ' ');
    text.remove_prefix(i + sizeof kSpaceMark - 1);
  }
  return out.append(text);
}

// What happens to a text before it is cut: a space in front and U+2581 for each, in its two
// spellings.
Status read_prefix(const json& root, Vocabulary* vocabulary) {
  bool replaces = false;
  vocabulary->prefix = Vocabulary::Prefix::kNone;
  for (const json& part : parts_of(at(root, "normalizer"), "normalizers")) {
    if (part == json{{"type", "Prepend"}, {"prepend", kSpaceMark}}) {
      vocabulary->prefix = Vocabulary::Prefix::kSpace;
    } else if (at(part, "type") == "Replace" && at(part, "content") == kSpaceMark &&
               at(at(part, "pattern"), "String") == " ") {
      replaces = true;
    } else {
      return unsupported("its normalizer " + shown(at(part, "type")) + " has no counterpart here");
    }
  }
  for (const json& part : parts_of(at(root, "pre_tokenizer"), "pretokenizers")) {
    const json& scheme = at(part, "prepend_scheme");
    if (at(part, "type") != "Metaspace" || at(part, "replacement") != kSpaceMark ||
        at(part, "split") != false ||
        (scheme != "always" && scheme != "first" && scheme != "never")) {
      return unsupported("its pre_tokenizer " + shown(at(part, "type")) +
                         " has no counterpart here");
    }
    replaces = true;
    if (scheme != "never") vocabulary->prefix = Vocabulary::Prefix::kSpaceUnlessThere;
  }
  vocabulary->marks_space = true;
  return replaces ? Status() : unsupported("it must put U+2581 for spaces");
}

Status add_token(const std::string& text, const json& id, Kind kind, int64_t vocab_size,
                 std::vector<bool>* taken, Vocabulary* vocabulary) {
  if (!id.is_number_integer() || id < 0 || id >= vocab_size) {
    return data_loss("token " + shown(text) + " must have an id from 0 to vocab_size=" +
                     std::to_string(vocab_size) + " - 1 but has " + shown(id));
  }
  const auto index = id.get<size_t>();
  if (index >= vocabulary->tokens.size()) {
    vocabulary->tokens.resize(index + 1);
    vocabulary->kinds.resize(index + 1, Kind::kSpecial);
    taken->resize(index + 1);
  }
  if ((*taken)[index] && vocabulary->tokens[index] != text) {
    return data_loss("tokens " + shown(vocabulary->tokens[index]) + " and " + shown(text) +
                     " have the same id " + shown(id));
  }
  vocabulary->tokens[index] = text;
  vocabulary->kinds[index] = kind;
  (*taken)[index] = true;
  return {};
}

Status read_tokens(const json& root, int64_t vocab_size, Vocabulary* vocabulary) {
  const json& vocab = at(at(root, "model"), "vocab");
  if (!vocab.is_object()) return data_loss("it has no vocabulary (model.vocab)");
  std::vector<bool> taken;
  for (const auto& [text, id] : vocab.items()) {
    NORMA_RETURN_IF_ERROR(add_token(text, id, Kind::kText, vocab_size, &taken, vocabulary));
  }
  const json& added = at(root, "added_tokens");
  for (const json& token : added.is_array() ? added : json::array()) {
    const json& content = at(token, "content");
    if (!content.is_string()) return data_loss("an added token has no content");
    if (at(token, "special") != true) {
      return unsupported("its added token " + shown(content) + " is not special");
    }
    NORMA_RETURN_IF_ERROR(add_token(content.get<std::string>(), at(token, "id"), Kind::kSpecial,
                                    vocab_size, &taken, vocabulary));
  }
  return {};
}

// "a b" or, since 2024, ["a", "b"].
bool read_pair(const json& entry, std::string* left, std::string* right) {
  if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
    *left = entry[0].get<std::string>();
    *right = entry[1].get<std::string>();
    return true;
  }
  if (!entry.is_string()) return false;
  const std::string text = entry.get<std::string>();
  const size_t space = text.find(' ');
  if (space == std::string::npos) return false;
  *left = text.substr(0, space);
  *right = text.substr(space + 1);
  return true;
}

Status read_merges(const json& model, Vocabulary* vocabulary) {
  const json& merges = at(model, "merges");
  if (!merges.is_array() || merges.empty() || merges.size() > kMaxMerges) {
    return data_loss("it must have a list of 1 to " + std::to_string(kMaxMerges) +
                     " merges (model.merges)");
  }
  const json& vocab = at(model, "vocab");
  const auto id_of = [&](const std::string& text) {
    const auto found = vocab.find(text);
    return found == vocab.end() ? Vocabulary::kNone : found->get<int32_t>();
  };
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    std::string left, right;
    const bool good = read_pair(merges[rank], &left, &right);
    const int32_t first = id_of(left), second = id_of(right), joined = id_of(left + right);
    if (!good || first == Vocabulary::kNone || second == Vocabulary::kNone ||
        joined == Vocabulary::kNone) {
      return data_loss("merge " + std::to_string(rank) + " must be two tokens that make a third "
                       "but is " + shown(merges[rank]));
    }
    vocabulary->merges.try_emplace(pair_key({first, second}),
                                   Vocabulary::Merge{-static_cast<float>(rank), joined});
  }
  return {};
}

}  // namespace

Result<Vocabulary> parse_sentencepiece_json(std::string_view text, int64_t vocab_size) {
  json root;
  try {
    root = json::parse(text, [](int depth, json::parse_event_t, json&) {
      if (depth > kMaxDepth) throw TooDeep();
      return true;
    });
  } catch (const json::exception&) {
    return data_loss("it is not valid JSON");
  } catch (const TooDeep&) {
    return data_loss("it is nested too deeply");
  }
  const json& model = at(root, "model");
  if (at(model, "type") != "BPE") {
    return unsupported("its model must be \"BPE\" but is " + shown(at(model, "type")));
  }
  Vocabulary vocabulary;
  NORMA_RETURN_IF_ERROR(read_prefix(root, &vocabulary));
  for (const char* off : {"ignore_merges", "dropout", "continuing_subword_prefix",
                          "end_of_word_suffix"}) {
    const json& value = at(model, off);
    if (!value.is_null() && value != false && value != "") {
      return unsupported("its model has " + std::string(off) + "=" + shown(value));
    }
  }
  NORMA_RETURN_IF_ERROR(read_tokens(root, vocab_size, &vocabulary));
  NORMA_RETURN_IF_ERROR(read_merges(model, &vocabulary));
  vocabulary.fuse_unk = at(model, "fuse_unk") == true;
  vocabulary.unk = 0;
  if (const json& unk = at(model, "unk_token"); unk.is_string()) {
    const auto found = at(model, "vocab").find(unk.get<std::string>());
    if (found == at(model, "vocab").end()) {
      return data_loss("its unk_token " + shown(unk) + " is no token");
    }
    vocabulary.unk = found->get<int32_t>();
    vocabulary.kinds[vocabulary.unk] = Kind::kSpecial;
  }
  for (std::string& token : vocabulary.tokens) token = with_spaces(token);
  vocabulary.finish();
  if (at(model, "byte_fallback") != true && vocabulary.has_bytes()) {
    return unsupported("it has tokens of bytes but no byte_fallback");
  }
  return vocabulary;
}

}  // namespace norma::text
