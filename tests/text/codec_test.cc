// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "tests/support/llama2c_files.h"
#include "tests/support/temp_folder.h"

namespace norma::text {
namespace {

std::string fixture(const std::string& name) {
  return std::string(NORMA_SOURCE_DIR) + "/tests/parity/" + name;
}

TEST(Codec, EachKindOfFile) {
  for (const char* name : {"llama/tokenizer.json", "byte_level/gpt2.json",
                           "byte_level/llama3.json"}) {
    const Result<Codec> codec = read_codec(fixture(name), 400, 1);
    ASSERT_TRUE(codec.ok()) << codec.status().message();
    std::vector<int32_t> ids = codec.value().encode("the small cat \u20AC");
    EXPECT_GT(ids.size(), 3u);
    ids.insert(ids.begin(), name[0] == 'l' ? 1 : 0);
    // Two texts at once: neither knows of the other.
    const NextText next = codec.value().decoder(), other = codec.value().decoder();
    std::string text, others;
    for (const int32_t id : ids) {
      text += next(id);
      others += other(id);
    }
    EXPECT_EQ(text, "the small cat \u20AC") << name;
    EXPECT_EQ(others, text) << name;
    EXPECT_FALSE(codec.value().unk.has_value());
  }
}

// Added tokens, a normal form and what stands before a text, as huggingface/tokenizers has them,
// whose files they are (tests/parity/added/make.py). Its byte-level decoder takes an added token's
// characters for bytes, which leaves U+FFFD of those beyond ASCII.
TEST(Codec, AddedTokensAndWhatStandsBeforeAText) {
  std::ifstream file(fixture("added/expected.json"));
  const nlohmann::json expected = nlohmann::json::parse(file);
  for (const auto& [name, first, starts] :
       {std::tuple("qwen3", 320, false), {"llama3", 320, true}, {"gemma", 336, true}}) {
    const Result<Codec> parsed = read_codec(fixture(std::string("added/") + name + ".json"), 400,
                                            first);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    const Codec& codec = parsed.value();
    ASSERT_TRUE(codec.start.has_value());
    EXPECT_EQ(*codec.start, starts ? std::vector<int32_t>{first} : std::vector<int32_t>{}) << name;
    EXPECT_GT(expected[name].size(), 100u);
    for (const nlohmann::json& row : expected[name]) {
      std::vector<int32_t> ids = *codec.start;
      for (const int32_t id : codec.encode(row["text"].get<std::string>())) ids.push_back(id);
      EXPECT_EQ(nlohmann::json(ids), row["ids"]) << name << " " << row["text"];
      const NextText next = codec.decoder();
      std::string text;
      for (const int32_t id : ids) text += next(id);
      const std::string decoded = row["decoded"];
      if (decoded.find("\uFFFD") == std::string::npos) {
        EXPECT_EQ(text, decoded) << name;
      }
    }
  }
  EXPECT_FALSE(read_codec(fixture("llama/tokenizer.json"), 400, 1).value().start.has_value());
}

TEST(Codec, APostProcessorThatMakesNoSenseIsNamed) {
  std::ifstream file(fixture("added/llama3.json"));
  const nlohmann::json whole = nlohmann::json::parse(file);
  const auto refuse = [&](const std::string& pointer, const nlohmann::json& value,
                          const std::string& reason) {
    nlohmann::json root = whole;
    root[nlohmann::json::json_pointer("/post_processor" + pointer)] = value;
    const Status status = parse_codec(CodecFile::kJson, root.dump(), 400, 1).status();
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
  };
  refuse("", {{"type", "RobertaProcessing"}}, "does not say which token \"cls\" is");
  refuse("", {{"type", "Other"}}, "post_processor \"Other\" has no counterpart");
  refuse("", 5, "post_processor 5 has no counterpart");
  refuse("/processors/1/single", nullptr, "no place for the text");
  refuse("/processors/1/single", "x", "no place for the text");
  refuse("/processors/1/single/0", nullptr, "has the piece null");
  refuse("/processors/1/single/0/SpecialToken/id", 5, "a token without a name");
  refuse("/processors/1/special_tokens", nullptr, "does not say which token \"<|begin|>\" is");
  refuse("/processors/1/special_tokens/<|begin|>/ids/0", 400, "has the token 400");
  refuse("/processors/1/special_tokens/<|begin|>/ids/0", "a", "has the token \"a\"");
}

// An encoder's [CLS] and [SEP] stand where its file says, and around each text where it is silent.
TEST(Codec, WhatStandsAroundAnEncodersText) {
  std::ifstream file(fixture("bert/tokenizer.json"));
  nlohmann::json root = nlohmann::json::parse(file);
  const auto around = [&] {
    const Result<Codec> codec = parse_codec(CodecFile::kJson, root.dump(), 400, 1);
    EXPECT_TRUE(codec.ok()) << codec.status().message();
    return std::pair(codec.value().before, codec.value().after);
  };
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(around(), std::pair(Ids{2}, Ids{3}));
  root["post_processor"] = nullptr;
  EXPECT_EQ(around(), std::pair(Ids{2}, Ids{3}));
  root["post_processor"] = {{"type", "BertProcessing"}, {"cls", {"x", 4}}, {"sep", {"y", 5}}};
  EXPECT_EQ(around(), std::pair(Ids{4}, Ids{5}));
  root["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {{{"SpecialToken", {{"id", "a"}}}}, {{"Sequence", {{"id", "A"}}}},
                  {{"SpecialToken", {{"id", "b"}}}}, {{"SpecialToken", {{"id", "a"}}}}}},
      {"special_tokens", {{"a", {{"ids", {7}}}}, {"b", {{"ids", {8, 9}}}}}}};
  EXPECT_EQ(around(), std::pair(Ids{7}, Ids{8, 9, 7}));
}

// A model cannot read what lies beyond its vocabulary (Gemma 3's text models have such a token).
TEST(Codec, AddedTokensBeyondTheVocabularyAreText) {
  std::ifstream file(fixture("added/gemma.json"));
  nlohmann::json root = nlohmann::json::parse(file);
  root["added_tokens"].push_back({{"id", 400}, {"content", "<image>"}, {"special", true}});
  root["added_tokens"].push_back({{"id", 401}, {"content", "<see>"}, {"special", false}});
  const Result<Codec> codec = parse_codec(CodecFile::kJson, root.dump(), 400, 336);
  ASSERT_TRUE(codec.ok()) << codec.status().message();
  for (const int32_t id : codec.value().encode("a <see> <image>")) EXPECT_LT(id, 400);
  root["added_tokens"] = "x";
  EXPECT_NE(parse_codec(CodecFile::kJson, root.dump(), 400, 336).status().message().find(
                "added_tokens must be a list but is"),
            std::string::npos);
}

TEST(Codec, FilesOfLlama2c) {
  const test::TempFolder folder;
  test::ScoredTokens tokens = test::first_tokens(false);
  tokens.emplace_back("a", 0.0f);
  const std::string path = folder.write("tok4.bin", test::tokenizer_file(tokens));
  const Result<Codec> codec = read_codec(path, 4, 1);
  ASSERT_TRUE(codec.ok()) << codec.status().message();
  EXPECT_EQ(codec.value().unk, 0);
  EXPECT_EQ(codec.value().encode("a"), (std::vector<int32_t>{0, 3}));
}

TEST(Codec, AFileIsNamed) {
  const test::TempFolder folder;
  for (const char* name : {"tok.bin", "tokenizer.json"}) {
    const std::string path = folder.write(name, "abc");
    const Status status = read_codec(path, 5, 1).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_NE(status.message().find(path + " is no tokenizer of this model: "), std::string::npos);
  }
  EXPECT_EQ(read_codec(folder.path("none"), 5, 1).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace norma::text
