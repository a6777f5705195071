// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: text/bpe.h.
// The JSON form of a tokenizer: the same one again, or a refusal with the reason.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "text/bpe.h"

namespace norma::text {
namespace {

using nlohmann::json;

json small() {
  return {{"format", "norma-tokenizer"}, {"version", 1},           {"kind", "bpe"},
          {"alphabet", {"a", "b", "c"}}, {"merges", {{5, 6}, {8, 4}}}};
}

std::string refusal(const std::string& text) {
  const Result<Tokenizer> tokenizer = Tokenizer::from_json(text);
  return tokenizer.ok() ? "accepted" : tokenizer.status().message();
}

std::string refusal_with(const std::string& key, const json& value) {
  json changed = small();
  changed[key] = value;
  return refusal(changed.dump());
}

TEST(BpeJson, IsTheSameTokenizer) {
  const std::string text = "the cat \u00FC \"the\" cat\nthe \\ \U0001F600 catcat";
  for (const Result<Tokenizer>& tokenizer :
       {Tokenizer::train_bpe({text}, 40), Tokenizer::train_characters({text})}) {
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    const std::string form = tokenizer.value().to_json();
    const Result<Tokenizer> again = Tokenizer::from_json(form);
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(again.value().to_json(), form);
    EXPECT_EQ(again.value().vocab_size(), tokenizer.value().vocab_size());
    EXPECT_EQ(again.value().encode(text), tokenizer.value().encode(text));
  }
}

TEST(BpeJson, TokensFollowFromTheFile) {
  const Result<Tokenizer> tokenizer = Tokenizer::from_json(small().dump());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ(tokenizer.value().vocab_size(), 10);
  EXPECT_EQ(tokenizer.value().encode("ab abc"), (std::vector<int32_t>{9, 8, 7, 4}));
}

TEST(BpeJson, RefusesHostileText) {
  const auto expect = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message << "\nwanted: " << part;
  };
  expect(refusal(""), "not valid JSON");
  expect(refusal("{\"format\": \"\xFF\"}"), "not valid JSON");
  expect(refusal(small().dump().substr(0, 40)), "not valid JSON");
  expect(refusal(small().dump() + "{}"), "not valid JSON");
  expect(refusal(std::string(1000000, '[')), "nested too deeply");
  expect(refusal("[]"), "format");
  expect(refusal("{}"), "format");
  expect(refusal_with("format", 3), "format");
  expect(refusal_with("version", 2), "version");
  expect(refusal_with("version", "1"), "version");
  expect(refusal_with("kind", "words"), "kind");
  expect(refusal_with("kind", "characters"), "no merges");
  expect(refusal_with("alphabet", json::array()), "alphabet");
  expect(refusal_with("alphabet", 5), "alphabet");
  expect(refusal_with("alphabet", {"a", "b", 7}), "entry 2");
  expect(refusal_with("alphabet", {"a", "bc"}), "entry 1");
  expect(refusal_with("alphabet", {"a", ""}), "entry 1");
  expect(refusal_with("alphabet", {"b", "a"}), "entry 1");
  expect(refusal_with("alphabet", {"a", "a"}), "entry 1");
  expect(refusal_with("merges", "ab"), "merges");
  expect(refusal_with("merges", {{5}}), "merge 0");
  expect(refusal_with("merges", {{5, 6, 7}}), "merge 0");
  expect(refusal_with("merges", {{5, "b"}}), "merge 0");
  expect(refusal_with("merges", {{5, 8}}), "exist before it");
  expect(refusal_with("merges", {{5, 3}}), "exist before it");
  expect(refusal_with("merges", {{5, -1}}), "exist before it");
  expect(refusal_with("merges", {{5, 1e300}}), "exist before it");
  expect(refusal_with("merges", json::array({{5, 18446744073709551615ull}})), "exist before it");
  expect(refusal_with("merges", {{5, 6}, {5, 6}}), "repeats");
  expect(refusal_with("merges", {{4, 5}}), "beyond a word");
}

TEST(BpeJson, DoublingMergesDoNotFillTheMemory) {
  json merges = json::array({{5, 5}});
  for (int id = 8; id < 60; ++id) merges.push_back({id, id});
  const std::string message = refusal_with("merges", merges);
  EXPECT_NE(message.find("longer than 256 bytes"), std::string::npos) << message;
}

TEST(BpeJson, DamagedTextNeverCrashes) {
  const std::string whole = small().dump();
  std::mt19937 random(11);
  int accepted = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = whole;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      text[random() % text.size()] = "0189[]{},\"-e"[random() % 12];
    }
    const Result<Tokenizer> tokenizer = Tokenizer::from_json(text);
    if (!tokenizer.ok()) continue;
    ++accepted;
    EXPECT_NO_FATAL_FAILURE((void)tokenizer.value().decode(tokenizer.value().encode("abc cab")));
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 2500);
}

}  // namespace
}  // namespace norma::text
