// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "text/codec.h"

#include <gtest/gtest.h>

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
