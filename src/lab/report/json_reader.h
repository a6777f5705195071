// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Reads values out of untrusted JSON. The first thing that is missing or of another type is kept in
// a Status that all readers of one document share; what is read after it is zero or empty, and the
// caller looks at the Status once.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace norma::lab::report {

using Json = nlohmann::ordered_json;

// A scalar as a reader of the page would write it: 0.003, true, en-de. Arrays and objects as
// compact JSON.
std::string text_of(const Json& value);

class JsonReader {
 public:
  // `where` is the file and, after ": ", the place in it. The document is shared by the readers
  // made from this one.
  JsonReader(std::shared_ptr<const Json> document, const Json* json, std::string where,
             Status* error);

  const Json& json() const { return *json_; }
  bool has(const std::string& key) const;  // present and not null

  std::string text(const std::string& key) const;
  double number(const std::string& key) const;    // finite
  int64_t integer(const std::string& key) const;  // at most 2^53 in size
  // Also "nan", "inf" and "-inf", which is how a loss that is not finite is written.
  double number_or_not_finite(const std::string& key) const;
  // Absent for a missing key, null and what is not finite.
  std::optional<double> optional_number(const std::string& key) const;
  std::vector<double> numbers(const std::string& key) const;  // finite or not
  JsonReader object(const std::string& key) const;
  std::vector<JsonReader> objects(const std::string& key) const;  // empty where the key is absent

  void fail(const std::string& key, const std::string& rule) const;

 private:
  const Json* find(const std::string& key) const;
  std::string place(const std::string& key) const;
  std::optional<double> to_number(const Json& value) const;

  std::shared_ptr<const Json> document_;
  const Json* json_;
  std::string where_;
  Status* error_;
};

// The text must be one JSON object; otherwise `error` says so and the reader holds an empty object.
JsonReader parse_json(std::string_view text, const std::string& path, Status& error);

}  // namespace norma::lab::report
