// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What tokenizer.json files (huggingface/tokenizers) have in common. Messages do not name the file.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "json/json.h"
#include "text/merge_pairs.h"

namespace norma::text {

// kDataLoss where it is no JSON or nested too deeply.
Result<nlohmann::json> parse_json_document(std::string_view text);
// The same with a model of type WordPiece, or BPE without what has no
// counterpart here: dropout, affixes of words.
Result<nlohmann::json> parse_tokenizer_json(std::string_view text);

// The parts of a Sequence, in `list`, or the one there is, or none of null.
std::vector<nlohmann::json> json_parts(const nlohmann::json& step, const char* list);

struct JsonTokens {
  std::vector<std::string> texts;  // by id
  std::vector<bool> special;       // of the same length; ids without a token too
  // Added and not special: one token wherever a text spells it out (added_tokens.h).
  std::vector<std::pair<std::string, int32_t>> spelt;
};
// Of model.vocab and added_tokens. Every id is below vocab_size; added tokens beyond it, which the
// model cannot read, are left out (Gemma 3's text models have one).
Result<JsonTokens> read_json_tokens(const nlohmann::json& root, int64_t vocab_size);

// What post_processor puts before and after a text; none where the file has no post_processor.
// Every id is below vocab_size.
struct JsonFrame {
  std::vector<int32_t> before, after;
};
Result<std::optional<JsonFrame>> read_json_frame(const nlohmann::json& root, int64_t vocab_size);

// By pair_key() of two ids; the score is the rank, negative. REQUIRES: read_json_tokens() was ok.
Result<std::unordered_map<uint64_t, PairMerge>> read_json_merges(const nlohmann::json& root);

}  // namespace norma::text
