// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// config.json of a folder of transformers, with words for what is wrong in it. Torch-free.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"

namespace norma::models {

// model_type of the folder's config.json; empty where there is none to be read.
std::string model_type_of(const std::string& folder);

class HuggingFaceConfig {
 public:
  using json = nlohmann::json;

  explicit HuggingFaceConfig(std::string path) : path_(std::move(path)) {}

  // kDataLoss where the text is no JSON object or nested too deeply.
  Status parse(const std::string& text);

  // From then on the settings are those of the object at `key`, and of `defaults` where it lacks
  // one; model_type and the special tokens stay the file's own where it has them.
  Status descend(const char* key, const json& defaults);

  // Of the file: kDataLoss, kUnsupported.
  Status damaged(const std::string& what) const;
  Status unsupported(const std::string& what) const;

  // null where the key is missing.
  const json& at(const char* key) const { return at(root_, key); }
  static const json& at(const json& object, const char* key);
  const json& root() const { return root_; }
  // For messages, at most 83 bytes.
  static std::string shown(const json& value);

  // A positive int32; a missing key is an error.
  Status integer(const char* key, int64_t* value) const;
  // Positive and finite; a missing key is an error.
  Status number(const json& object, const char* key, double* value) const;
  // A missing key leaves the value.
  Status flag(const char* key, bool* value) const;
  // `key` may be missing; else it must be `expected`.
  Status must_be(const char* key, const json& expected) const;

 private:
  const std::string path_;
  json root_;
};

}  // namespace norma::models
