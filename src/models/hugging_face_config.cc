// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "models/hugging_face_config.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "base/mapped_file.h"
#include "json/json.h"

namespace norma::models {
namespace {

constexpr int kMaxDepth = 8;

}  // namespace

using nlohmann::json;

std::string model_type_of(const std::string& folder) {
  const auto file = MappedFile::open(folder + "/config.json", "folder of transformers");
  HuggingFaceConfig config(folder);
  if (!file.ok() || !config.parse(std::string(file.value()->bytes())).ok()) return "";
  const json& type = config.at("model_type");
  return type.is_string() ? type.get<std::string>() : "";
}

Status HuggingFaceConfig::parse(const std::string& text) {
  Result<json> parsed = parse_json(text, kMaxDepth);
  if (!parsed.ok()) return damaged("it " + parsed.status().message());
  root_ = std::move(parsed.value());
  return root_.is_object() ? Status() : damaged("it is no JSON object");
}

Status HuggingFaceConfig::descend(const char* key, const json& defaults) {
  const json& inner = at(key);
  if (!inner.is_object()) {
    return damaged(fmt::format("{} must be an object but is {}", key, shown(inner)));
  }
  json merged = defaults;
  merged.update(inner);
  for (const char* own : {"model_type", "bos_token_id", "eos_token_id"}) {
    if (!at(own).is_null()) merged[own] = at(own);
  }
  root_ = std::move(merged);
  return {};
}

Status HuggingFaceConfig::damaged(const std::string& what) const {
  const bool ended = what.ends_with('.');
  return Status(StatusCode::kDataLoss, path_ + ": " + what + (ended ? "" : ".") +
                                           " Use another copy.");
}

Status HuggingFaceConfig::unsupported(const std::string& what) const {
  return Status(StatusCode::kUnsupported, path_ + ": " + what + ".");
}

const json& HuggingFaceConfig::at(const json& object, const char* key) {
  return json_at(object, key);
}

std::string HuggingFaceConfig::shown(const json& value) {
  return value.is_null() ? "missing" : json_shown(value);
}

Status HuggingFaceConfig::integer(const char* key, int64_t* value) const {
  const json& found = at(key);
  constexpr auto kMost = std::numeric_limits<int32_t>::max();
  if (!found.is_number_integer() || found < 1 || found > kMost) {
    return damaged(fmt::format("{} must be a positive whole number but is {}", key, shown(found)));
  }
  *value = found.get<int64_t>();
  return {};
}

Status HuggingFaceConfig::number(const json& object, const char* key, double* value) const {
  const json& found = at(object, key);
  if (!found.is_number() || !(found.get<double>() > 0) || std::isinf(found.get<double>())) {
    return damaged(fmt::format("{} must be a positive number but is {}", key, shown(found)));
  }
  *value = found.get<double>();
  return {};
}

Status HuggingFaceConfig::flag(const char* key, bool* value) const {
  const json& found = at(key);
  if (found.is_null()) return {};
  if (!found.is_boolean()) {
    return damaged(fmt::format("{} must be true or false but is {}", key, shown(found)));
  }
  *value = found.get<bool>();
  return {};
}

Status HuggingFaceConfig::must_be(const char* key, const json& expected) const {
  const json& found = at(key);
  if (found.is_null() || found == expected) return {};
  return unsupported(fmt::format("{} must be {} but is {}", key, expected.dump(), shown(found)));
}

}  // namespace norma::models
