// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "json/json.h"

#include <gtest/gtest.h>

namespace norma {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string refusal(std::string_view text, int depth, JsonKeys keys = JsonKeys::kLastOfEqual) {
  const Result<json> parsed = parse_json(text, depth, keys);
  if (parsed.ok()) return "accepted";
  EXPECT_EQ(parsed.status().code(), StatusCode::kDataLoss);
  return parsed.status().message();
}

TEST(Json, IsParsed) {
  const Result<json> parsed = parse_json(R"({"b": [1, 2.5, null], "a": "\u00e9"})", 2);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value(), json({{"b", {1, 2.5, nullptr}}, {"a", "\u00e9"}}));
  const auto ordered = parse_json<ordered_json>(R"({"b": 1, "a": 2})", 1);
  ASSERT_TRUE(ordered.ok());
  EXPECT_EQ(ordered.value().dump(), R"({"b":1,"a":2})");
}

TEST(Json, DepthIsCounted) {
  const char* const nested[] = {"7", "[7]", "[[7]]", "[{\"a\": 7}]", "[[[7]]]"};
  const int depths[] = {0, 1, 2, 2, 3};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(refusal(nested[i], depths[i]), "accepted") << nested[i];
    if (depths[i] == 0) continue;
    EXPECT_EQ(refusal(nested[i], depths[i] - 1), "is nested too deeply") << nested[i];
    EXPECT_FALSE(parse_json<ordered_json>(nested[i], depths[i] - 1).ok()) << nested[i];
  }
  // Deep enough for any stack; the objects' keys are remembered too.
  EXPECT_EQ(refusal(std::string(1 << 22, '['), 16), "is nested too deeply");
  std::string objects;
  for (int i = 0; i < 1 << 20; ++i) objects += "{\"a\":";
  EXPECT_EQ(refusal(objects, 16, JsonKeys::kUnique), "is nested too deeply");
}

TEST(Json, WhatIsNoJsonIsRefused) {
  for (const std::string text : {"", "{", "{}{}", "nul", "\"\xFF\"", "1e999", "[1,]"}) {
    EXPECT_EQ(refusal(text, 4), "is not valid JSON") << text;
  }
  EXPECT_EQ(refusal(std::string_view("{}\0{", 4), 4), "has a zero byte in it");
}

TEST(Json, KeysThatComeTwice) {
  const std::string twice = R"({"a": 1, "\u0061": 2})";
  EXPECT_EQ(refusal(twice, 4), "accepted");
  EXPECT_EQ(refusal(twice, 4, JsonKeys::kUnique), "has the key \"a\" twice");
  EXPECT_EQ(refusal(R"({"a": {"b": 1}, "b": {"b": 1}, "c": [{"b": 1}, {"b": 1}]})", 4,
                    JsonKeys::kUnique),
            "accepted");
  EXPECT_EQ(refusal(R"({"a": {"b": 1}, "c": 1, "a": {}})", 4, JsonKeys::kUnique),
            "has the key \"a\" twice");
}

TEST(Json, WordsForMessages) {
  const json object = {{"a", {{"b", 5}}}};
  EXPECT_EQ(json_at(json_at(object, "a"), "b"), 5);
  EXPECT_TRUE(json_at(object, "b").is_null());
  EXPECT_TRUE(json_at(json_at(object, "b"), "c").is_null());
  EXPECT_TRUE(json_at(json::array({1}), "a").is_null());
  EXPECT_EQ(json_shown("line\nfeed \u00e9"), R"("line\nfeed \u00e9")");
  EXPECT_EQ(json_shown("\xFF"), R"("\ufffd")");
  EXPECT_EQ(json_shown(std::string(1000, 'x')).size(), 83u);
}

}  // namespace
}  // namespace norma
