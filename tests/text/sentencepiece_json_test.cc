// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/sentencepiece_json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "text/sentencepiece_bpe.h"
#include "text/tokenizer_json.h"

namespace norma::text {
namespace {

using nlohmann::json;

std::string fixture(const std::string& name) {
  std::ifstream file(std::string(NORMA_SOURCE_DIR) + "/tests/parity/llama/" + name,
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<SentencePieceBpe> parse(const std::string& text) {
  const Result<json> root = parse_tokenizer_json(text);
  if (!root.ok()) return root.status();
  return SentencePieceBpe::from_json(root.value(), 330, 1);
}

// Ids and texts of huggingface/tokenizers, whose file it is (tests/parity/llama/make.py).
TEST(SentencePieceJson, EncodesAndDecodesAsTheLibraryThatWroteIt) {
  const json expected = json::parse(fixture("expected.json"));
  for (const std::string name : {"tokenizer", "metaspace"}) {
    const auto parsed = parse(fixture(name + ".json"));
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    const SentencePieceBpe& tokenizer = parsed.value();
    EXPECT_TRUE(tokenizer.has_byte_fallback());
    EXPECT_GE(expected[name].size(), 6u);
    for (const json& row : expected[name]) {
      const std::string text = row["text"];
      std::vector<int32_t> ids = tokenizer.encode(text);
      EXPECT_EQ(json(ids), row["ids"]) << name << " " << text;
      ids.insert(ids.begin(), 1);
      EXPECT_EQ(tokenizer.decode(ids), row["decoded"]) << name << " " << text;
    }
    // Text is text, whatever it spells.
    const std::string spelt = "the <s> and the <0x41>";
    const std::vector<int32_t> ids = tokenizer.encode(spelt);
    EXPECT_EQ(std::count(ids.begin(), ids.end(), 1), 0);
    EXPECT_EQ(tokenizer.decode(ids), " " + spelt);
  }
}

class SentencePieceJsonHostile : public ::testing::Test {
 protected:
  void refuse(const json& root, StatusCode code, const std::string& reason) {
    refuse(root.dump(), code, reason);
  }
  void refuse(const std::string& text, StatusCode code, const std::string& reason) {
    const Status status = parse(text).status();
    EXPECT_EQ(status.code(), code) << reason;
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
    EXPECT_LT(status.message().size(), 400u);
  }
  json with(const std::string& pointer, const json& value) const {
    json root = whole_;
    root[json::json_pointer(pointer)] = value;
    return root;
  }

  const json whole_ = json::parse(fixture("tokenizer.json"));
};

TEST_F(SentencePieceJsonHostile, WhatHasNoCounterpartIsNamed) {
  const auto code = StatusCode::kUnsupported;
  refuse(with("/model/type", "Unigram"), code, "or \"WordPiece\" but is \"Unigram\"");
  refuse(json::array(), code, "must be \"BPE\" or \"WordPiece\" but is null");
  refuse(json(5), code, "must be \"BPE\"");
  refuse(with("/normalizer", {{"type", "NFKC"}}), code, "normalizer \"NFKC\"");
  refuse(with("/normalizer", nullptr), code, "U+2581 for spaces");
  refuse(with("/pre_tokenizer", {{"type", "ByteLevel"}}), code, "pre_tokenizer \"ByteLevel\"");
  refuse(with("/pre_tokenizer", "text"), code, "pre_tokenizer null");
  refuse(with("/model/ignore_merges", true), code, "ignore_merges");
  refuse(with("/model/dropout", 0.1), code, "dropout=0.1");
  refuse(with("/model/byte_fallback", false), code, "no byte_fallback");
  json plain = with("/added_tokens/1/special", false);
  plain["added_tokens"][1]["lstrip"] = true;
  refuse(plain, code, "added token \"<s>\" has lstrip");
  json first = json::parse(fixture("metaspace.json"));
  first["added_tokens"][1]["special"] = false;
  refuse(first, code, "added token \"<s>\" is not special and its texts begin with a space");
}

TEST_F(SentencePieceJsonHostile, WhatIsDamagedIsNamed) {
  const auto code = StatusCode::kDataLoss;
  refuse(std::string(), code, "not valid JSON");
  refuse(whole_.dump().substr(0, 3000), code, "not valid JSON");
  refuse(std::string(1000000, '['), code, "nested too deeply");
  refuse(with("/model/vocab", 5), code, "no vocabulary");
  for (const json& id : {json(330), json(-1), json("5"), json(1.5), json(uint64_t{1} << 60)}) {
    refuse(with("/model/vocab/new", id), code, "must have an id from 0 to vocab_size=330 - 1");
  }
  refuse(with("/model/vocab/new", 300), code, "have the same id 300");
  refuse(with("/added_tokens/1/content", 7), code, "no content");
  refuse(with("/model/merges", json::array()), code, "list of 1 to ");
  refuse(with("/model/merges", nullptr), code, "list of 1 to ");
  for (const json& merge : {json("at"), json("a nosuch"), json({"a"}), json(7), json({"a", 5}),
                            json({"h", "h"}), json({"a", "t", "t"})}) {
    refuse(with("/model/merges/0", merge), code, "merge 0 must be two tokens that make a third");
  }
  refuse(with("/model/unk_token", "none"), code, "unk_token \"none\" is no token");
  const std::string long_name(5000, 'x');
  refuse(with("/model/vocab/" + long_name, 400), code, "must have an id");
}

TEST_F(SentencePieceJsonHostile, DamagedFilesNeverCrash) {
  const std::string whole = whole_.dump();
  std::mt19937 random(31);
  for (int i = 0; i < 1000; ++i) {
    std::string text = whole;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      text[random() % text.size()] = random() % 2 ? "019[]{},\":-"[random() % 11]
                                                  : static_cast<char>(random());
    }
    const auto parsed = parse(text);
    if (!parsed.ok()) continue;
    for (const int32_t id : parsed.value().encode("the small cat \u20AC")) {
      EXPECT_GE(id, 0);
      EXPECT_LT(id, parsed.value().vocab_size());
    }
  }
}

}  // namespace
}  // namespace norma::text
