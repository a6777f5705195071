// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// JSON out of files that anybody may have written. What is refused is refused in a few words, which
// go into one line with the file's name.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace norma {

enum class JsonKeys {
  kLastOfEqual,  // as most readers do
  kUnique,       // a key that comes twice in one object is refused
};

// The whole text as one value, of nlohmann::json or nlohmann::ordered_json. kDataLoss where it is
// nested deeper than max_depth (a number is at depth 0, what a list holds one below the list), or
// is not JSON, or has a zero byte, which the parser takes for the end. The message is a predicate,
// "is not valid JSON".
template <typename Json = nlohmann::json>
Result<Json> parse_json(std::string_view text, int max_depth,
                        JsonKeys keys = JsonKeys::kLastOfEqual);

// null where the object has no such key, or is none.
const nlohmann::json& json_at(const nlohmann::json& object, const char* key);

// For messages, which are one short line whatever a file holds: at most 83 bytes of ASCII.
std::string json_shown(const nlohmann::json& value);

}  // namespace norma
