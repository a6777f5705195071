// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/json_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <memory>

#include "json/json.h"

namespace norma::lab::report {
namespace {

const Json kEmptyObject = Json::object();
constexpr int kMaxDepth = 16;

}  // namespace

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  return value.dump();
}

JsonReader::JsonReader(std::shared_ptr<const Json> document, const Json* json, std::string where,
                       Status* error)
    : document_(std::move(document)), json_(json), where_(std::move(where)), error_(error) {}

const Json* JsonReader::find(const std::string& key) const {
  const auto it = json_->find(key);
  return it == json_->end() ? nullptr : &*it;
}

std::string JsonReader::place(const std::string& key) const {
  return where_ + (where_.ends_with(": ") ? "" : ".") + key;
}

void JsonReader::fail(const std::string& key, const std::string& rule) const {
  if (!error_->ok()) return;
  const Json* value = find(key);
  std::string found;
  if (value != nullptr) {
    const bool is_short = value->is_number() || value->is_boolean() || value->is_null() ||
                          (value->is_string() && value->get_ref<const std::string&>().size() <= 60);
    found = is_short ? " but is " + value->dump()
                     : fmt::format(" but is an {} there", value->type_name());
    if (value->is_string() && !is_short) found = " but is a long string";
  }
  *error_ = Status(StatusCode::kDataLoss,
                   place(key) + " " + rule + found +
                       ". Restore the file, or make the run folder anew (docs/run-folder.md).");
}

bool JsonReader::has(const std::string& key) const {
  const Json* value = find(key);
  return value != nullptr && !value->is_null();
}

std::string JsonReader::text(const std::string& key) const {
  const Json* value = find(key);
  if (value != nullptr && value->is_string()) return value->get<std::string>();
  fail(key, "must be a string");
  return "";
}

std::optional<double> JsonReader::to_number(const Json& value) const {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

double JsonReader::number(const std::string& key) const {
  const Json* value = find(key);
  if (value != nullptr && value->is_number()) return value->get<double>();
  fail(key, "must be a number");
  return 0;
}

int64_t JsonReader::integer(const std::string& key) const {
  const double value = number(key);
  if (std::abs(value) <= 0x1p53 && value == std::floor(value)) return static_cast<int64_t>(value);
  fail(key, "must be a whole number of at most 2^53");
  return 0;
}

double JsonReader::number_or_not_finite(const std::string& key) const {
  const Json* value = find(key);
  if (value != nullptr) {
    if (const auto number = to_number(*value)) return *number;
  }
  fail(key, "must be a number, \"nan\", \"inf\" or \"-inf\"");
  return 0;
}

std::optional<double> JsonReader::optional_number(const std::string& key) const {
  if (!has(key)) return std::nullopt;
  const double value = number_or_not_finite(key);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::vector<double> JsonReader::numbers(const std::string& key) const {
  std::vector<double> values;
  const Json* list = find(key);
  if (list == nullptr || !list->is_array()) {
    fail(key, "must be a list of numbers");
    return values;
  }
  for (const Json& item : *list) {
    const auto number = to_number(item);
    if (!number) {
      fail(key, "must be a list of numbers");
      break;
    }
    values.push_back(*number);
  }
  return values;
}

JsonReader JsonReader::object(const std::string& key) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_object()) {
    fail(key, "must be an object");
    value = &kEmptyObject;
  }
  return JsonReader(document_, value, place(key), error_);
}

std::vector<JsonReader> JsonReader::objects(const std::string& key) const {
  std::vector<JsonReader> readers;
  if (!has(key)) return readers;
  const Json* list = find(key);
  if (!list->is_array()) {
    fail(key, "must be a list of objects");
    return readers;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    if (!(*list)[i].is_object()) {
      fail(key, "must be a list of objects");
      return {};
    }
    readers.emplace_back(document_, &(*list)[i], fmt::format("{}[{}]", place(key), i), error_);
  }
  return readers;
}

JsonReader parse_json(std::string_view text, const std::string& path, Status& error) {
  Result<Json> parsed = norma::parse_json<Json>(text, kMaxDepth);
  if (!parsed.ok() || !parsed.value().is_object()) {
    error = Status(StatusCode::kDataLoss,
                   path + " is not a whole JSON object (" + std::to_string(text.size()) +
                       " bytes). Restore the file, or make the run folder anew.");
    return JsonReader(nullptr, &kEmptyObject, path + ": ", &error);
  }
  auto document = std::make_shared<const Json>(std::move(parsed.value()));
  const Json* root = document.get();
  return JsonReader(std::move(document), root, path + ": ", &error);
}

}  // namespace norma::lab::report
