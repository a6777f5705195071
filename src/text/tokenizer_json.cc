// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/tokenizer_json.h"

#include "text/bpe_trainer.h"

namespace norma::text {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;
constexpr size_t kMaxMerges = size_t{1} << 24;  // ranks are exact in float32

Status data_loss(std::string message) {
  return Status(StatusCode::kDataLoss, std::move(message));
}
Status unsupported(std::string message) {
  return Status(StatusCode::kUnsupported, std::move(message));
}

Status add_token(const std::string& text, const json& id, bool special, int64_t vocab_size,
                 std::vector<bool>* taken, JsonTokens* tokens) {
  if (!id.is_number_integer() || id < 0 || id >= vocab_size) {
    return data_loss("token " + json_shown(text) + " must have an id from 0 to vocab_size=" +
                     std::to_string(vocab_size) + " - 1 but has " + json_shown(id));
  }
  const auto index = id.get<size_t>();
  if (index >= tokens->texts.size()) {
    tokens->texts.resize(index + 1);
    tokens->special.resize(index + 1, true);
    taken->resize(index + 1);
  }
  if ((*taken)[index] && tokens->texts[index] != text) {
    return data_loss("tokens " + json_shown(tokens->texts[index]) + " and " + json_shown(text) +
                     " have the same id " + json_shown(id));
  }
  tokens->texts[index] = text;
  tokens->special[index] = special;
  (*taken)[index] = true;
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

}  // namespace

std::vector<json> json_parts(const json& step, const char* list) {
  if (step.is_null()) return {};
  const json& parts = json_at(step, list);
  if (json_at(step, "type") != "Sequence" || !parts.is_array()) return {step};
  return {parts.begin(), parts.end()};
}

Result<json> parse_json_document(std::string_view text) {
  Result<json> parsed = parse_json(text, kMaxDepth);
  if (!parsed.ok()) return data_loss("it " + parsed.status().message());
  return parsed;
}

Result<json> parse_tokenizer_json(std::string_view text) {
  Result<json> parsed = parse_json_document(text);
  if (!parsed.ok()) return parsed;
  const json& root = parsed.value();
  const json& model = json_at(root, "model");
  if (json_at(model, "type") == "WordPiece") return root;
  if (json_at(model, "type") != "BPE") {
    return unsupported("its model must be \"BPE\" or \"WordPiece\" but is " +
                       json_shown(json_at(model, "type")));
  }
  for (const char* off : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
    const json& value = json_at(model, off);
    if (!value.is_null() && value != "") {
      return unsupported("its model has " + std::string(off) + "=" + json_shown(value));
    }
  }
  for (const char* flag : {"ignore_merges", "byte_fallback", "fuse_unk"}) {
    const json& value = json_at(model, flag);
    if (!value.is_null() && !value.is_boolean()) {
      return data_loss("its model has " + std::string(flag) + "=" + json_shown(value));
    }
  }
  return root;
}

Result<JsonTokens> read_json_tokens(const json& root, int64_t vocab_size) {
  const json& vocab = json_at(json_at(root, "model"), "vocab");
  if (!vocab.is_object()) return data_loss("it has no vocabulary (model.vocab)");
  JsonTokens tokens;
  std::vector<bool> taken;
  for (const auto& [text, id] : vocab.items()) {
    NORMA_RETURN_IF_ERROR(add_token(text, id, false, vocab_size, &taken, &tokens));
  }
  const json& added = json_at(root, "added_tokens");
  if (!added.is_null() && !added.is_array()) {
    return data_loss("its added_tokens must be a list but is " + json_shown(added));
  }
  for (const json& token : added.is_array() ? added : json::array()) {
    const json& content = json_at(token, "content");
    if (!content.is_string() || content == "") return data_loss("an added token has no content");
    const bool special = json_at(token, "special") == true;
    const json& id = json_at(token, "id");
    if (id.is_number_integer() && id >= vocab_size) continue;
    NORMA_RETURN_IF_ERROR(
        add_token(content.get<std::string>(), id, special, vocab_size, &taken, &tokens));
    if (special) continue;
    for (const char* off : {"single_word", "lstrip", "rstrip"}) {
      if (json_at(token, off) == true) {
        return unsupported("its added token " + json_shown(content) + " has " + off);
      }
    }
    tokens.spelt.emplace_back(content.get<std::string>(), id.get<int32_t>());
  }
  return tokens;
}

Result<std::optional<JsonFrame>> read_json_frame(const json& root, int64_t vocab_size) {
  const json& processor = json_at(root, "post_processor");
  std::optional<JsonFrame> frame;
  if (processor.is_null()) return frame;
  frame.emplace();
  const auto add = [&](const json& ids, const json& name, std::vector<int32_t>* to) {
    if (!ids.is_array() || ids.empty()) {
      return data_loss("its post_processor does not say which token " + json_shown(name) + " is");
    }
    for (const json& id : ids) {
      if (!id.is_number_integer() || id < 0 || id >= vocab_size) {
        return data_loss("its post_processor has the token " + json_shown(id));
      }
      to->push_back(id.get<int32_t>());
    }
    return Status();
  };
  for (const json& part : json_parts(processor, "processors")) {
    const json& type = json_at(part, "type");
    if (type == "ByteLevel") continue;  // about offsets
    if (type == "BertProcessing" || type == "RobertaProcessing") {
      for (const char* side : {"cls", "sep"}) {
        const json& token = json_at(part, side);  // [text, id]
        const json id = token.is_array() && token.size() == 2 ? json::array({token[1]}) : json();
        NORMA_RETURN_IF_ERROR(add(id, side, *side == 'c' ? &frame->before : &frame->after));
      }
      continue;
    }
    if (type != "TemplateProcessing") {
      return unsupported("its post_processor " + json_shown(part.is_object() ? type : part) +
                         " has no counterpart here");
    }
    const json& pieces = json_at(part, "single");
    bool text_seen = false;
    for (const json& piece : pieces.is_array() ? pieces : json::array()) {
      const json& special = json_at(piece, "SpecialToken");
      if (special.is_null()) {
        if (text_seen || !json_at(piece, "Sequence").is_object()) {
          return data_loss("its post_processor has the piece " + json_shown(piece));
        }
        text_seen = true;
        continue;
      }
      const json& name = json_at(special, "id");
      if (!name.is_string()) return data_loss("its post_processor has a token without a name");
      const json& ids =
          json_at(json_at(json_at(part, "special_tokens"), name.get<std::string>().c_str()), "ids");
      NORMA_RETURN_IF_ERROR(add(ids, name, text_seen ? &frame->after : &frame->before));
    }
    if (!text_seen) return data_loss("its post_processor has no place for the text");
  }
  return frame;
}

Result<std::unordered_map<uint64_t, PairMerge>> read_json_merges(const json& root) {
  const json& model = json_at(root, "model");
  const json& merges = json_at(model, "merges");
  if (!merges.is_array() || merges.empty() || merges.size() > kMaxMerges) {
    return data_loss("it must have a list of 1 to " + std::to_string(kMaxMerges) +
                     " merges (model.merges)");
  }
  const json& vocab = json_at(model, "vocab");
  const auto id_of = [&](const std::string& text) {
    const auto found = vocab.find(text);
    return found == vocab.end() ? PairMerge::kNone : found->get<int32_t>();
  };
  std::unordered_map<uint64_t, PairMerge> result;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    std::string left, right;
    const bool good = read_pair(merges[rank], &left, &right);
    const int32_t first = id_of(left), second = id_of(right), joined = id_of(left + right);
    if (!good || first == PairMerge::kNone || second == PairMerge::kNone ||
        joined == PairMerge::kNone) {
      return data_loss("merge " + std::to_string(rank) + " must be two tokens that make a third "
                       "but is " + json_shown(merges[rank]));
    }
    result.try_emplace(pair_key({first, second}), PairMerge{joined, -static_cast<float>(rank)});
  }
  return result;
}

}  // namespace norma::text
