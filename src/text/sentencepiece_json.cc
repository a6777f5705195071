// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/sentencepiece_json.h"

#include "text/tokenizer_json.h"

namespace norma::text {
namespace {

using nlohmann::json;
using Vocabulary = SentencePieceVocabulary;
using Kind = Vocabulary::Kind;

constexpr char kSpaceMark[] = "\u2581";

Status unsupported(std::string message) {
  return Status(StatusCode::kUnsupported, std::move(message));
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
  for (const json& part : json_parts(json_at(root, "normalizer"), "normalizers")) {
    if (part == json{{"type", "Prepend"}, {"prepend", kSpaceMark}}) {
      vocabulary->prefix = Vocabulary::Prefix::kSpace;
    } else if (json_at(part, "type") == "Replace" && json_at(part, "content") == kSpaceMark &&
               json_at(json_at(part, "pattern"), "String") == " ") {
      replaces = true;
    } else {
      return unsupported("its normalizer " + json_shown(json_at(part, "type")) +
                         " has no counterpart here");
    }
  }
  for (const json& part : json_parts(json_at(root, "pre_tokenizer"), "pretokenizers")) {
    // Gemma's: of spaces, of which none is left.
    if (replaces && json_at(part, "type") == "Split" && json_at(part, "invert") != true &&
        json_at(json_at(part, "pattern"), "String") == " ") {
      continue;
    }
    const json& scheme = json_at(part, "prepend_scheme");
    if (json_at(part, "type") != "Metaspace" || json_at(part, "replacement") != kSpaceMark ||
        json_at(part, "split") != false ||
        (scheme != "always" && scheme != "first" && scheme != "never")) {
      return unsupported("its pre_tokenizer " + json_shown(json_at(part, "type")) +
                         " has no counterpart here");
    }
    replaces = true;
    if (scheme != "never") vocabulary->prefix = Vocabulary::Prefix::kSpaceUnlessThere;
  }
  vocabulary->marks_space = true;
  return replaces ? Status() : unsupported("it must put U+2581 for spaces");
}

// The id of model.unk_token, 0 where there is none.
Status read_unk(const json& model, Vocabulary* vocabulary) {
  vocabulary->fuse_unk = json_at(model, "fuse_unk") == true;
  vocabulary->unk = 0;
  const json& unk = json_at(model, "unk_token");
  if (!unk.is_string()) return {};
  const json& id = json_at(json_at(model, "vocab"), unk.get<std::string>().c_str());
  if (id.is_null()) {
    return Status(StatusCode::kDataLoss, "its unk_token " + json_shown(unk) + " is no token");
  }
  vocabulary->unk = id.get<int32_t>();
  vocabulary->kinds[vocabulary->unk] = Kind::kSpecial;
  return {};
}

}  // namespace

Result<Vocabulary> parse_sentencepiece_json(const json& root, int64_t vocab_size) {
  const json& model = json_at(root, "model");
  Vocabulary vocabulary;
  NORMA_RETURN_IF_ERROR(read_prefix(root, &vocabulary));
  if (json_at(model, "ignore_merges") == true) return unsupported("its model has ignore_merges");
  const Result<JsonTokens> tokens = read_json_tokens(root, vocab_size);
  if (!tokens.ok()) return tokens.status();
  // What follows an added token would have to be known as no beginning.
  if (!tokens.value().spelt.empty() && vocabulary.prefix == Vocabulary::Prefix::kSpaceUnlessThere) {
    return unsupported("its added token " + json_shown(tokens.value().spelt[0].first) +
                       " is not special and its texts begin with a space");
  }
  for (size_t id = 0; id < tokens.value().texts.size(); ++id) {
    vocabulary.tokens.push_back(with_spaces(tokens.value().texts[id]));
    vocabulary.kinds.push_back(tokens.value().special[id] ? Kind::kSpecial : Kind::kText);
  }
  auto merges = read_json_merges(root);
  if (!merges.ok()) return merges.status();
  vocabulary.merges = std::move(merges.value());
  NORMA_RETURN_IF_ERROR(read_unk(model, &vocabulary));
  vocabulary.finish();
  if (json_at(model, "byte_fallback") != true && vocabulary.has_bytes()) {
    return unsupported("it has tokens of bytes but no byte_fallback");
  }
  return vocabulary;
}

}  // namespace norma::text
