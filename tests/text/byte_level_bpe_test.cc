// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/byte_level_bpe.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "text/tokenizer_json.h"
#include "text/unicode_categories.h"

namespace norma::text {
namespace {

using nlohmann::json;

json fixture(const std::string& name) {
  std::ifstream file(std::string(NORMA_SOURCE_DIR) + "/tests/parity/byte_level/" + name);
  return json::parse(file);
}

Result<ByteLevelBpe> parse(const json& text) {
  const Result<json> root = parse_tokenizer_json(text.dump());
  if (!root.ok()) return root.status();
  return ByteLevelBpe::from_json(root.value(), 400);
}

// Ids of huggingface/tokenizers, whose files they are (tests/parity/byte_level/make.py).
TEST(ByteLevelBpe, EncodesAsTheLibraryThatWroteIt) {
  const json expected = fixture("expected.json");
  for (const std::string name : {"gpt2", "llama3"}) {
    const auto parsed = parse(fixture(name + ".json"));
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_GT(expected[name].size(), 100u);
    for (const json& row : expected[name]) {
      const std::string text = row["text"];
      EXPECT_EQ(json(parsed.value().encode(text)), row["ids"]) << name << " " << row["text"];
      EXPECT_EQ(parsed.value().decode(row["ids"].get<std::vector<int32_t>>()), text);
    }
    EXPECT_EQ(parsed.value().decode({0, -1, 400, INT32_MAX}), "") << "special, and outside";
    const std::vector<int32_t> spelt = parsed.value().encode("<|endoftext|>");
    EXPECT_GT(spelt.size(), 1u) << "text is text, whatever it spells";
  }
}

TEST(ByteLevelBpe, CutsAsThePatternsSay) {
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(split_by_pattern(WordPattern::kGpt2, "It's  a\n\n b 1234!?"),
            (Words{"It", "'s", " ", " a", "\n\n", " b", " 1234", "!?"}));
  EXPECT_EQ(split_by_pattern(WordPattern::kLlama3, "It'S  a\n\n b 1234!?\n\nx"),
            (Words{"It", "'S", " ", " a", "\n\n", " b", " ", "123", "4", "!?\n\n", "x"}));
  EXPECT_EQ(split_by_pattern(WordPattern::kLlama3, "(a \n\r x"), (Words{"(a", " \n\r", " x"}));
  EXPECT_EQ(split_by_pattern(WordPattern::kQwen2, "It'S  a 123!?\n\nx"),
            (Words{"It", "'S", " ", " a", " ", "1", "2", "3", "!?\n\n", "x"}));
  for (const WordPattern pattern :
       {WordPattern::kGpt2, WordPattern::kLlama3, WordPattern::kQwen2}) {
    EXPECT_EQ(split_by_pattern(pattern, ""), Words{});
    EXPECT_EQ(split_by_pattern(pattern, "  "), Words{"  "});
  }
}

TEST(ByteLevelBpe, CategoriesAreUnicodes) {
  for (const char32_t c : {U'a', U'Z', U'\u00AA', U'\u00E9', U'\u4F60', U'\U00010400'}) {
    EXPECT_TRUE(is_letter(c)) << static_cast<uint32_t>(c);
  }
  for (const char32_t c : {U'0', U'9', U'\u0663', U'\u00BD', U'\u216B', U'\U0001D7CE'}) {
    EXPECT_TRUE(is_number(c)) << static_cast<uint32_t>(c);
    EXPECT_FALSE(is_letter(c));
  }
  for (const char32_t c : {U'_', U' ', U'\u0301', U'\u20AC', U'@', U'[', U'\0'}) {
    EXPECT_FALSE(is_letter(c) || is_number(c)) << static_cast<uint32_t>(c);
  }
  for (const char32_t c : {U' ', U'\t', U'\u0085', U'\u00A0', U'\u3000'}) {
    EXPECT_TRUE(is_white_space(c));
  }
  EXPECT_FALSE(is_white_space(U'\u200B'));
}

TEST(ByteLevelBpe, WhatHasNoCounterpartOrIsDamagedIsNamed) {
  const json whole = fixture("llama3.json");
  const auto refuse = [&](const std::string& pointer, const json& value, StatusCode code,
                          const std::string& reason) {
    json root = whole;
    root[json::json_pointer(pointer)] = value;
    const Status status = parse(root).status();
    EXPECT_EQ(status.code(), code) << reason;
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
  };
  const auto unsupported = StatusCode::kUnsupported, data_loss = StatusCode::kDataLoss;
  refuse("/normalizer", {{"type", "NFKC"}}, unsupported, "normalizer \"NFKC\"");
  refuse("/pre_tokenizer", nullptr, unsupported, "must end with ByteLevel");
  refuse("/pre_tokenizer", 5, unsupported, "must end with ByteLevel");
  refuse("/pre_tokenizer/pretokenizers", json::array(), unsupported, "must end with ByteLevel");
  refuse("/pre_tokenizer/pretokenizers/1/add_prefix_space", true, unsupported, "ByteLevel");
  refuse("/pre_tokenizer/pretokenizers/0/pattern/Regex", "\\w+", unsupported,
         "GPT-2's, LLaMA 3's or Qwen 2's but is {\"Regex\":");
  refuse("/pre_tokenizer/pretokenizers/0/behavior", "Removed", unsupported, "pattern of words");
  refuse("/pre_tokenizer/pretokenizers/1/use_regex", true, unsupported, "pattern of words");
  refuse("/model/byte_fallback", true, unsupported, "byte_fallback");
  refuse("/model/vocab/\u20AC", 399, data_loss, "stands for no byte");
  json no_byte = whole;
  no_byte["model"]["vocab"].erase("!");
  EXPECT_NE(parse(no_byte).status().message().find("byte 33 has no token"), std::string::npos);
  refuse("/model/vocab/new", 400, data_loss, "must have an id from 0");
  refuse("/model/merges/0", "x", data_loss, "merge 0");
}

TEST(ByteLevelBpe, DamagedFilesNeverCrash) {
  const std::string whole = fixture("gpt2.json").dump();
  std::mt19937 random(37);
  for (int i = 0; i < 1000; ++i) {
    std::string text = whole;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      text[random() % text.size()] = random() % 2 ? "019[]{},\":-"[random() % 11]
                                                  : static_cast<char>(random());
    }
    const Result<json> root = parse_tokenizer_json(text);
    if (!root.ok()) continue;
    const auto parsed = ByteLevelBpe::from_json(root.value(), 400);
    if (!parsed.ok()) continue;
    for (const int32_t id : parsed.value().encode("the small cat \u20AC")) {
      EXPECT_GE(id, 0);
      EXPECT_LT(id, parsed.value().vocab_size());
    }
  }
}

}  // namespace
}  // namespace norma::text
