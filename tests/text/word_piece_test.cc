// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: text/word_piece.cc, text/unicode_forms.cc
#include "text/word_piece.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "text/codec.h"
#include "text/tokenizer_json.h"
#include "text/unicode_forms.h"

namespace norma::text {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;

std::string fixture(const std::string& name) {
  return std::string(NORMA_SOURCE_DIR) + "/tests/parity/bert/" + name;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<WordPiece> parse(const json& text) {
  const Result<json> root = parse_tokenizer_json(text.dump());
  if (!root.ok()) return root.status();
  return WordPiece::from_json(root.value(), 400);
}

// Ids and normalized texts of huggingface/tokenizers (tests/parity/bert/make.py). Its encode() adds
// [CLS] and [SEP].
TEST(WordPiece, EncodesAsTheLibraryThatWroteIt) {
  const json expected = json::parse(read(fixture("expected.json")));
  for (const std::string name : {"tokenizer", "cased"}) {
    const auto parsed = parse(json::parse(read(fixture(name + ".json"))));
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    const auto plain =
        WordPiece::from_vocabulary(read(fixture(name + ".txt")), 400, name == "tokenizer");
    ASSERT_TRUE(plain.ok()) << plain.status().message();
    BertNormalization normalization;
    if (name == "cased") {
      normalization.lower_case = normalization.strip_accents = normalization.space_cjk = false;
    }
    EXPECT_GT(expected[name].size(), 20u);
    for (const json& row : expected[name]) {
      const std::string text = row["text"];
      Ids ids = parsed.value().encode(text);
      ids.insert(ids.begin(), parsed.value().cls());
      ids.push_back(parsed.value().sep());
      EXPECT_EQ(json(ids), row["ids"]) << name << " " << row["text"];
      EXPECT_EQ(json(bert_normalized(normalization, text)), row["normalized"]) << row["text"];
      // A vocab.txt alone does not say that Chinese stays together.
      if (name == "cased") continue;
      EXPECT_EQ(plain.value().encode(text), parsed.value().encode(text));
    }
  }
}

TEST(WordPiece, TheLongestTokenFirstAndNothingOfAWordThatCannotBeCut) {
  const auto parsed = WordPiece::from_vocabulary(
      "[PAD]\r\n[UNK]\r\n[CLS]\n[SEP]\nun\nunaff\n##able\n##a\n##ffable\n##ff", 10, true);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value().encode("unaffable"), (Ids{5, 6}));
  EXPECT_EQ(parsed.value().encode("unffable"), (Ids{4, 8}));
  EXPECT_EQ(parsed.value().encode("unaffablex UN"), (Ids{1, 4}));
  EXPECT_EQ(parsed.value().encode("[CLS]").size(), 3u) << "text is text, whatever it spells";
  EXPECT_EQ(parsed.value().decode({2, 5, 6, 4, 3, -1, 99}), "unaffable un");
}

// Its own rule, beside the fixtures: a syllable of Hangul is as many parts as it has letters.
TEST(WordPiece, FormsOfCharacters) {
  const auto bare = [](char32_t c) {
    std::string out;
    append_without_accents(out, c);
    return out;
  };
  const auto lower = [](char32_t c) {
    std::string out;
    append_lower(out, c);
    return out;
  };
  EXPECT_EQ(bare(U'\u01ED'), "o");
  EXPECT_EQ(bare(U'\u0301'), "");
  EXPECT_EQ(bare(U'\uAC00'), "\u1100\u1161");
  EXPECT_EQ(bare(U'\uAC01'), "\u1100\u1161\u11A8");
  EXPECT_EQ(bare(U'\uD7A3'), "\u1112\u1175\u11C2");
  EXPECT_EQ(bare(U'\u2126'), "\u03A9");
  EXPECT_EQ(lower(U'\u0130'), "i\u0307");
  EXPECT_EQ(lower(U'\u023A'), "\u2C65");
  EXPECT_EQ(lower(U'\U00010400'), "\U00010428");
  EXPECT_EQ(lower(U'\u0101'), "\u0101") << "small already, between capitals";
}

TEST(WordPiece, FilesWithoutACounterpartAreNamed) {
  const json whole = json::parse(read(fixture("tokenizer.json")));
  const auto refuse = [&](const std::string& pointer, const json& value, StatusCode code,
                          const std::string& reason) {
    json changed = whole;
    changed[json::json_pointer(pointer)] = value;
    const Status status = parse(changed).status();
    EXPECT_EQ(status.code(), code) << pointer;
    EXPECT_NE(status.message().find(reason), std::string::npos) << status.message();
  };
  refuse("/normalizer/type", "NFC", StatusCode::kUnsupported, "must be \"BertNormalizer\"");
  refuse("/normalizer", nullptr, StatusCode::kUnsupported, "but is null");
  refuse("/pre_tokenizer/type", "Whitespace", StatusCode::kUnsupported, "\"BertPreTokenizer\"");
  refuse("/normalizer/lowercase", 5, StatusCode::kDataLoss, "lowercase=5");
  refuse("/model/vocab", 5, StatusCode::kDataLoss, "vocabulary");
  refuse("/model/vocab/the", 400, StatusCode::kDataLoss, "an id from 0 to vocab_size=400");
  refuse("/model/unk_token", "[none]", StatusCode::kDataLoss, "\"[none]\" for unknown words");
  refuse("/model/max_input_chars_per_word", -1, StatusCode::kDataLoss, "positive whole number");
  const auto short_of = [](const std::string& text, const std::string& reason) {
    const Status status = WordPiece::from_vocabulary(text, 2, true).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_NE(status.message().find(reason), std::string::npos) << status.message();
  };
  short_of("a\nb\n[UNK]\n", "3 tokens, more than vocab_size=2");
  short_of("a\nb\n", "\"[UNK]\"");
  short_of("\xff\n[UNK]\n", "not UTF-8");
}

TEST(WordPiece, ACodecPutsATextBetweenClsAndSep) {
  for (const char* name : {"tokenizer.json", "tokenizer.txt"}) {
    const Result<Codec> codec = read_codec(fixture(name), 400, 0);
    ASSERT_TRUE(codec.ok()) << codec.status().message();
    EXPECT_EQ(codec.value().before, Ids{2});
    EXPECT_EQ(codec.value().after, Ids{3});
    const NextText next = codec.value().decoder();
    std::string text;
    for (const int32_t id : codec.value().encode("The Cat")) text += next(id);
    EXPECT_EQ(text, "the cat");
  }
}

}  // namespace
}  // namespace norma::text
