// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/sentencepiece_bpe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/support/llama2c_files.h"
#include "tests/support/shared_data.h"
#include "text/utf8.h"

namespace norma::text {
namespace {

using test::first_tokens;
using test::ScoredTokens;
using test::tokenizer_file;

using Ids = std::vector<int32_t>;

SentencePieceBpe must_parse(const ScoredTokens& tokens) {
  const auto parsed = SentencePieceBpe::parse_llama2c(tokenizer_file(tokens),
                                                      static_cast<int64_t>(tokens.size()));
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.value();
}

// Ids from 259 (bytes) or 3 on: " ", a, b, c, " a", ab, bc, abc, é.
ScoredTokens letters(bool bytes) {
  ScoredTokens tokens = first_tokens(bytes);
  const ScoredTokens more = {{" ", -9.f},  {"a", -9.f},  {"b", -9.f},
                             {"c", -9.f},  {" a", -3.f}, {"ab", -1.f},
                             {"bc", -2.f}, {"abc", -5.f}, {"\u00E9", -9.f}};
  tokens.insert(tokens.end(), more.begin(), more.end());
  return tokens;
}
enum : int32_t { kSpace = 259, kA, kB, kC, kSpaceA, kAb, kBc, kAbc, kEAcute };

TEST(SentencePieceBpe, JoinsTheHighestScoreFirst) {
  const SentencePieceBpe tokenizer = must_parse(letters(true));
  EXPECT_TRUE(tokenizer.has_byte_fallback());
  EXPECT_EQ(tokenizer.vocab_size(), 268);
  // "ab" (-1) before "bc" (-2) and " a" (-3), and then "abc".
  EXPECT_EQ(tokenizer.encode("abc"), (Ids{kSpace, kAbc}));
  EXPECT_EQ(tokenizer.encode("bc"), (Ids{kSpace, kBc}));
  EXPECT_EQ(tokenizer.encode("a"), (Ids{kSpaceA}));
  EXPECT_EQ(tokenizer.encode(" a"), (Ids{kSpace, kSpaceA}));
  EXPECT_EQ(tokenizer.encode(""), Ids{});
}

TEST(SentencePieceBpe, OfEqualScoresTheLeftmost) {
  ScoredTokens tokens = first_tokens(true);
  for (const char* token : {" ", "a", "b", "aa", "ab"}) tokens.emplace_back(token, -1.0f);
  const SentencePieceBpe tokenizer = must_parse(tokens);
  EXPECT_EQ(tokenizer.encode("aab"), (Ids{259, 262, 261})) << "aa + b, not a + ab";
  EXPECT_EQ(tokenizer.encode("aaaaa"), (Ids{259, 262, 262, 260}));
}

TEST(SentencePieceBpe, WhatIsNoTokenBecomesBytes) {
  const SentencePieceBpe tokenizer = must_parse(letters(true));
  EXPECT_EQ(tokenizer.encode("\u00E9"), (Ids{kSpace, kEAcute}));
  EXPECT_EQ(tokenizer.encode("\u20AC"), (Ids{kSpace, 3 + 0xE2, 3 + 0x82, 3 + 0xAC}));
  EXPECT_EQ(tokenizer.encode("x\n"), (Ids{kSpace, 3 + 'x', 3 + '\n'}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a\u20ACx\n")), " a\u20ACx\n");
  EXPECT_EQ(tokenizer.decode({3 + 0xFF, 3, kA}), std::string("\xFF\0a", 3));
}

TEST(SentencePieceBpe, WithoutBytesItIsUnknown) {
  const SentencePieceBpe tokenizer = must_parse(letters(false));
  EXPECT_FALSE(tokenizer.has_byte_fallback());
  EXPECT_EQ(tokenizer.encode("ax"), (Ids{7, SentencePieceBpe::kUnkId}));
  ScoredTokens almost = letters(true);
  almost[100].first = "<0x00>";
  EXPECT_FALSE(must_parse(almost).has_byte_fallback());
}

// A user may type "</s>": no token ends the text, and no byte is smuggled in.
TEST(SentencePieceBpe, SpecialTokensSpeltOutAreText) {
  ScoredTokens tokens = first_tokens(true);
  tokens[2].first = "<s";  // of two characters, so that one merge could make it
  for (const char* token : {" ", "<", "s", "<0x4", "1>"}) tokens.emplace_back(token, -1.0f);
  const SentencePieceBpe tokenizer = must_parse(tokens);
  EXPECT_EQ(tokenizer.encode("<s"), (Ids{259, 260, 261}));
  EXPECT_EQ(tokenizer.decode({259, 262, 263}), " <0x41>");
}

TEST(SentencePieceBpe, ASpaceAfterBosIsNotShown) {
  const SentencePieceBpe tokenizer = must_parse(letters(true));
  EXPECT_EQ(tokenizer.decode({1, kSpaceA, kSpaceA}), "a a");
  EXPECT_EQ(tokenizer.decode({1, kSpace, kSpaceA}), " a");
  EXPECT_EQ(tokenizer.decode({1, kA, kSpaceA}), "a a");
  EXPECT_EQ(tokenizer.decode({kSpaceA, 1, kSpaceA}), " aa");
  EXPECT_EQ(tokenizer.decode({1, 2, 0, -1, 268, INT32_MAX, INT32_MIN}), "");
}

// Again and again the best pair, by looking at all of them.
Ids slow_encode(const ScoredTokens& tokens, std::string text) {
  std::vector<std::string> parts = {" "};
  for (const char c : text) parts.emplace_back(1, c);
  const auto find = [&](const std::string& word) {
    for (size_t id = 259; id < tokens.size(); ++id) {
      if (tokens[id].first == word) return static_cast<int32_t>(id);
    }
    return -1;
  };
  for (;;) {
    size_t best = parts.size();
    float score = -INFINITY;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const int32_t id = find(parts[i] + parts[i + 1]);
      if (id >= 0 && tokens[id].second > score) best = i, score = tokens[id].second;
    }
    if (best == parts.size()) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
  Ids ids;
  for (const std::string& part : parts) ids.push_back(find(part));
  return ids;
}

TEST(SentencePieceBpe, IsTheSlowAlgorithm) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    ScoredTokens tokens = first_tokens(true);
    for (const char* token : {" ", "a", "b"}) tokens.emplace_back(token, 0.0f);
    for (int i = 0; i < 12; ++i) {
      // Few scores, so that many are equal; a token is the join of two, so that merges go deep.
      const std::string left = tokens[259 + random() % (tokens.size() - 259)].first;
      const std::string right = tokens[259 + random() % (tokens.size() - 259)].first;
      tokens.emplace_back(left + right, -static_cast<float>(random() % 4));
    }
    std::string file = tokenizer_file(tokens, 1 << 20);
    const auto tokenizer =
        SentencePieceBpe::parse_llama2c(file, static_cast<int64_t>(tokens.size()));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    for (int i = 0; i < 10; ++i) {
      std::string text;
      for (unsigned n = random() % 30; n > 0; --n) text += " ab"[random() % 3];
      if (text.empty()) continue;
      EXPECT_EQ(tokenizer.value().encode(text), slow_encode(tokens, text)) << text;
    }
  }
}

// Quadratic work would take minutes.
TEST(SentencePieceBpe, ALongTextIsCheap) {
  const SentencePieceBpe tokenizer = must_parse(letters(true));
  EXPECT_EQ(tokenizer.encode(std::string(1000000, 'a')).size(), 1000000u);
}

TEST(SentencePieceBpe, HostileFilesAreRefused) {
  const ScoredTokens tokens = letters(true);
  const std::string whole = tokenizer_file(tokens);
  const auto refuse = [](const std::string& bytes, int64_t vocab_size, const std::string& reason) {
    const Status status = SentencePieceBpe::parse_llama2c(bytes, vocab_size).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << reason;
    EXPECT_NE(status.message().find(reason), std::string::npos)
        << status.message() << "\nwanted: " << reason;
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
  };
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(SentencePieceBpe::parse_llama2c({cut.data(), cut.size()}, 268).ok()) << size;
  }
  refuse(whole, 267, "bytes behind its vocab_size=267 tokens");
  refuse(whole, 269, "it ends before token 268");
  refuse(whole, int64_t{1} << 60, "too few for vocab_size=1152921504606846976 tokens");
  refuse(whole, 0, "too few");
  refuse(whole, -5, "too few");
  refuse("abc", 268, "3 bytes, too short for a header");
  const auto with_int32 = [&](size_t at, int32_t value) {
    std::string bytes = whole;
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return bytes;
  };
  refuse(with_int32(0, 0), 268, "max_token_length must be at least 1 but is 0");
  refuse(with_int32(0, -1), 268, "max_token_length must be at least 1 but is -1");
  refuse(with_int32(0, 5), 268, "token 2 must have 0 to max_token_length=5 bytes but has 6");
  refuse(with_int32(8, -1), 268, "token 0 must have 0 to max_token_length=10 bytes but has -1");
  refuse(with_int32(8, INT32_MAX), 268, "but has 2147483647");
  std::string long_limit = with_int32(8, INT32_MAX);
  std::memcpy(long_limit.data(), long_limit.data() + 8, 4);
  refuse(long_limit, 268, "it ends inside token 0");
  for (const float score : {NAN, INFINITY, -INFINITY}) {
    ScoredTokens bad = tokens;
    bad[263].second = score;
    refuse(tokenizer_file(bad), 268, "token 263 must have a finite score");
  }
}

TEST(SentencePieceBpe, DamagedFilesNeverCrash) {
  const std::string whole = tokenizer_file(letters(true));
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    std::vector<char> bytes(whole.begin(), whole.end());
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto parsed = SentencePieceBpe::parse_llama2c({bytes.data(), bytes.size()}, 268);
    if (!parsed.ok()) continue;
    for (const int32_t id : parsed.value().encode("abc a\u00E9\u20AC<s>")) {
      EXPECT_GE(id, 0);
      EXPECT_LT(id, 268);
    }
  }
}

// The tokenizer of the model of 260,000 parameters, trained by SentencePiece.
TEST(SentencePieceBpe, RealTokenizer) {
  const std::string folder = test::shared_data_path("stories260k");
  NORMA_SKIP_IF_ABSENT(folder);
  std::ifstream file(folder + "/tok512.bin", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const auto read = SentencePieceBpe::parse_llama2c(bytes, 512);
  ASSERT_TRUE(read.ok()) << read.status().message();
  const SentencePieceBpe& tokenizer = read.value();
  EXPECT_TRUE(tokenizer.has_byte_fallback());
  for (const std::string text :
       {"Once upon a time, there was a big", "  two  spaces ", "Zo\u00EB \u20AC \U0001F600\n\ttab",
        "<s> </s> <0x41> <unk>", "a", " "}) {
    std::vector<int32_t> ids = tokenizer.encode(text);
    EXPECT_EQ(tokenizer.decode(ids), " " + text);
    ids.insert(ids.begin(), SentencePieceBpe::kBosId);
    EXPECT_EQ(tokenizer.decode(ids), text);
  }
  EXPECT_EQ(SentencePieceBpe::parse_llama2c(bytes, 32000).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace norma::text
