// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// norma generate on models of llama2.c: the published texts, what is said beside them, and what is
// refused.

#include <algorithm>
#include <cmath>

#include "tests/cli/program.h"
#include "tests/support/llama2c_files.h"
#include "tests/support/shared_data.h"

namespace norma::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// Random weights over bytes: 259 tokens, of which 3 to 258 are <0x00> to <0xFF>, and five more.
class GenerateLlama2c : public Program {
 protected:
  void SetUp() override {
    model_.vocab_size = 264;
    model_.max_length = 40;
    model_.fill(11);
    folder_.write("model.bin", model_.legacy());
    ScoredTokens tokens = first_tokens(true);
    for (const char* token : {" ", "a", "b", " a", "ab"}) tokens.emplace_back(token, -1.0f);
    tokenizer_ = tokenizer_file(tokens);
    folder_.write("tok264.bin", tokenizer_);
  }

  Llama2cModel model_;
  std::string tokenizer_;
};

// Text and a line end on standard output, the rest on standard error.
TEST_F(GenerateLlama2c, TextIsOnStandardOutputAndNothingElse) {
  const Words greedy = {"generate", "model.bin", "--prompt", "ab", "--temperature", "0",
                        "--steps", "12"};
  const ProcessEnd loud = norma(greedy);
  EXPECT_EQ(loud.exit_code, 0) << loud.err;
  EXPECT_THAT(loud.out, StartsWith("ab"));
  EXPECT_THAT(loud.out, EndsWith("\n"));
  EXPECT_THAT(loud.err,
              MatchesRegex("[0-9]+ new tokens in [0-9.]+ s: [0-9.]+ tokens/s\n"));
  const ProcessEnd quiet = norma(greedy + Words{"--quiet"});
  expect_done(quiet);
  EXPECT_EQ(quiet.out, loud.out);
  EXPECT_EQ(norma(greedy + Words{"--threads", "1"}).out, loud.out);
  expect_error(norma(greedy + Words{"--threads", "0"}), 2, {"--threads", "not in range 1 to 1024"});
}

TEST_F(GenerateLlama2c, VersionsAndTokenizersElsewhereAreTheSame) {
  const Words rest = {"--prompt", "ab", "--steps", "20", "--seed", "3", "--temperature", "1",
                      "--quiet", "--rng", "llama2c"};
  const ProcessEnd legacy = norma(Words{"generate", "model.bin"} + rest);
  expect_done(legacy);
  folder_.write("sub/renamed", model_.version_1());
  folder_.write("tokenizer.json.bin", tokenizer_);
  const ProcessEnd version_1 = norma(
      Words{"generate", "sub/renamed", "--tokenizer", "tokenizer.json.bin"} + rest);
  expect_done(version_1);
  EXPECT_EQ(version_1.out, legacy.out);
  EXPECT_NE(norma(Words{"generate", "model.bin", "--prompt", "ab", "--steps", "20", "--seed", "4",
                        "--temperature", "1", "--quiet"})
                .out,
            legacy.out);
}

// A prompt of three tokens: " a", "b" and "a".
TEST_F(GenerateLlama2c, StepsCountThePrompt) {
  const Words words = {"generate", "model.bin", "--prompt", "aba", "--temperature", "0",
                       "--steps"};
  expect_done(norma(words + Words{"3", "--quiet"}));
  EXPECT_EQ(norma(words + Words{"3", "--quiet"}).out, "aba\n");
  EXPECT_EQ(norma(words + Words{"2", "--quiet"}).out, "ab\n");
  const ProcessEnd full = norma(words + Words{"2"});
  EXPECT_EQ(full.err, "the prompt has 3 tokens and the text at most 2: nothing is added\n");
  const ProcessEnd five = norma(words + Words{"5"});
  EXPECT_THAT(five.err, StartsWith("2 new tokens in "));
  // A model of llama2.c ends with its positions.
  const ProcessEnd all = norma(words + Words{"1000"});
  EXPECT_EQ(all.exit_code, 0);
  const int tokens = std::stoi(all.err);
  EXPECT_LE(tokens, 37);
  EXPECT_EQ(norma(words + Words{"40", "--quiet"}).out, all.out);
}

// Drawn nearly uniformly, of which one in eight would be a control byte.
TEST_F(GenerateLlama2c, NoControlByteReachesATerminal) {
  for (const std::string seed : {"1", "2", "3"}) {
    const ProcessEnd end = norma({"generate", "model.bin", "--temperature", "100", "--top-p", "1",
                                  "--steps", "40", "--seed", seed, "--quiet"});
    expect_done(end);
    EXPECT_EQ(std::count_if(end.out.begin(), end.out.end(),
                            [](char c) {
                              const bool space = c == ' ' || (c >= '\t' && c <= '\r');
                              return (static_cast<unsigned char>(c) < 0x20 && !space) || c == 0x7f;
                            }),
              0);
    // U+0080 to U+009F begin with this byte, and are two bytes that a model may draw one by one.
    for (size_t at = end.out.find("\xc2"); at != std::string::npos;
         at = end.out.find("\xc2", at + 1)) {
      const auto next = static_cast<unsigned char>(end.out[at + 1]);
      EXPECT_FALSE(next >= 0x80 && next < 0xa0) << "after " << at << " bytes";
    }
  }
}

TEST_F(GenerateLlama2c, WrongUsage) {
  const Words words = {"generate", "model.bin"};
  expect_error(norma(words + Words{"--rng", "lama2c"}), 2,
               {"--rng", "\"lama2c\"", "did you mean \"llama2c\"", "torch"});
  expect_error(norma(words + Words{"--rng", "llama2c", "--seed", "0"}), 2, {"--seed", "0"});
  expect_error(norma(words + Words{"--steps", "0"}), 2, {"--steps"});
  expect_error(norma(words + Words{"--temperature", "-1"}), 2, {"--temperature"});
  expect_error(norma(words + Words{"--temperature", "nan"}), 2, {"--temperature", "nan"});
  expect_error(norma(words + Words{"--top-p", "1.5"}), 2, {"--top-p"});
  expect_error(norma(words + Words{"--prompt", "\xFF"}), 2, {"--prompt is not UTF-8"});
  ScoredTokens tokens = first_tokens(false);
  while (tokens.size() < 264) tokens.emplace_back(std::string(1 + tokens.size() % 9, 'a'), -1.0f);
  folder_.write("letters.bin", tokenizer_file(tokens));
  expect_error(norma(words + Words{"--tokenizer", "letters.bin", "--prompt", "aZa"}), 2,
               {"--prompt has characters that the model's vocabulary lacks", "\"Z\" (U+005A)"});
}

TEST_F(GenerateLlama2c, FilesThatAreMissingOrDamaged) {
  expect_error(norma({"generate", "absent.bin"}), 1, {"absent.bin", "llama2.c"});
  folder_.write("cut.bin", model_.legacy().substr(0, 1000));
  expect_error(norma({"generate", "cut.bin"}), 1, {"cut.bin", "but it has 1000", "another copy"});
  folder_.write("empty.bin", "");
  expect_error(norma({"generate", "empty.bin"}), 1, {"empty.bin", "0 bytes"});
  std::string quantised = model_.version_1();
  quantised[4] = 2;
  folder_.write("q.bin", quantised);
  expect_error(norma({"generate", "q.bin"}), 1, {"q.bin", "version", "2 (int8 weights)"});

  folder_.write("alone/model.bin", model_.legacy());
  expect_error(norma({"generate", "alone/model.bin"}), 1,
               {"no tok*.bin or tokenizer.json beside alone/model.bin", "--tokenizer"});
  folder_.write("alone/tok1.bin", tokenizer_);
  expect_done(norma({"generate", "alone/model.bin", "--quiet"}));
  folder_.write("alone/tok2.bin", tokenizer_);
  expect_error(norma({"generate", "alone/model.bin"}), 1, {"tok1.bin, tok2.bin", "--tokenizer"});
  folder_.write("tok264.bin", tokenizer_.substr(0, tokenizer_.size() - 1));
  expect_error(norma({"generate", "model.bin"}), 1, {"tok264.bin", "it ends inside token 263"});
  expect_error(norma({"generate", "model.bin", "--tokenizer", "none"}), 1, {"none", "tok*.bin"});
}

TEST_F(GenerateLlama2c, WeightsThatAreNoNumbersAreNamed) {
  std::fill(model_.tensors["wo"].begin(), model_.tensors["wo"].end(), std::nanf(""));
  folder_.write("nan.bin", model_.legacy());
  expect_error(norma({"generate", "nan.bin", "--tokenizer", "tok264.bin"}), 1,
               {"nan.bin", "not finite (nan)", "another copy"});
}

// A folder of transformers: a tiny LLaMA and its tokenizer.json, or another one.
TEST_F(GenerateLlama2c, AFolderOfTransformers) {
  const std::string folder = std::string(NORMA_SOURCE_DIR) + "/tests/parity/llama";
  const Words words = {"generate", folder, "--prompt", "the small cat", "--steps", "12",
                       "--seed", "3", "--quiet"};
  const ProcessEnd end = norma(words);
  expect_done(end);
  EXPECT_THAT(end.out, StartsWith("the small cat"));
  EXPECT_GT(end.out.size(), 14u);
  const ProcessEnd other = norma(words + Words{"--tokenizer", folder + "/metaspace.json"});
  expect_done(other);
  EXPECT_EQ(other.out, end.out);
  // Byte-level: whatever is typed is known. Its 339 ids need a vocabulary as large.
  const std::string bytes = std::string(NORMA_SOURCE_DIR) + "/tests/parity/byte_level/gpt2.json";
  expect_error(norma(words + Words{"--tokenizer", bytes}), 1,
               {"gpt2.json is no tokenizer of this model", "vocab_size=330"});
  expect_error(norma(words + Words{"--tokenizer", folder + "/config.json"}), 1,
               {"config.json is no tokenizer of this model", "\"BPE\""});
  folder_.write("gpt/config.json", "{\"model_type\": \"gpt_bigcode\"}");
  folder_.write("gpt/model.safetensors", read_text(folder + "/model.safetensors"));
  expect_error(norma({"generate", "gpt"}), 1, {"gpt/config.json", "\"gpt_bigcode\"", "llama"});
}

// What is near a model and is none: the answer says what to give.
TEST_F(GenerateLlama2c, WhatToGiveInstead) {
  const std::string llama = std::string(NORMA_SOURCE_DIR) + "/tests/parity/llama/";
  folder_.write("hf/config.json", read_text(llama + "config.json"));
  folder_.write("hf/model.safetensors", read_text(llama + "model.safetensors"));
  for (const std::string command : {"generate", "inspect"}) {
    expect_error(norma({command, "hf/config.json"}), 1,
                 {"hf/config.json describes a model and is none", "Give its folder, hf."});
    expect_error(norma({command, "hf/model.safetensors"}), 1, {"Give the folder, hf."});
    expect_error(norma({command, "."}), 1, {". has no model", "Give a file in it: ./model.bin."});
    folder_.write("empty/tok264.bin", tokenizer_);
    expect_error(norma({command, "empty"}), 1,
                 {"empty has no model", "the checkpoint.safetensors of a run", "or a .bin"});
    folder_.write("bare/config.json", read_text(llama + "config.json"));
    expect_error(norma({command, "bare"}), 1, {"bare has a config.json but no weights"});
  }
}

class Stories260K : public Program {
 protected:
  void SetUp() override { NORMA_SKIP_IF_ABSENT(shared_data_path("stories260k")); }
  static std::string file(const std::string& name) {
    return shared_data_path("stories260k/" + name);
  }
  void expect_text(const std::string& name, const Words& words) const {
    for (const std::string model : {"stories260K.bin", "stories260K_v1.bin"}) {
      const ProcessEnd end =
          norma(Words{"generate", file(model), "--rng", "llama2c", "--quiet"} + words);
      expect_done(end);
      EXPECT_EQ(end.out, read_text(file(name))) << model;
    }
  }
};

// The texts that llama2.c's author and a port publish, byte for byte.
TEST_F(Stories260K, PublishedTexts) {
  const Words greedy = {"--temperature", "0", "--steps"};
  expect_text("expected_t0_n200.txt", greedy + Words{"200"});
  expect_text("expected_t0_n256.txt", greedy + Words{"256"});
  const Words seed_42 = {"--temperature", "1", "--seed", "42", "--steps", "200", "--top-p"};
  expect_text("expected_t1_p1_s42_n200.txt", seed_42 + Words{"1"});
  expect_text("expected_t1_p095_s42_n200.txt", seed_42 + Words{"0.95"});
  expect_text("expected_t1_p095_s42_n200_prompt.txt",
              seed_42 + Words{"0.95", "--prompt", "There was a big"});
  expect_text("expected_t1_p09_s133742.txt", {"--temperature", "1", "--seed", "133742", "--steps",
                                              "256", "--top-p", "0.9"});
}

// The default sampler tells a story of its own, the same for a seed.
TEST_F(Stories260K, TheDefaultSampler) {
  const Words words = {"generate", file("stories260K.bin"), "--prompt", "Once upon a time",
                       "--quiet", "--seed"};
  const ProcessEnd end = norma(words + Words{"5"});
  expect_done(end);
  EXPECT_THAT(end.out, StartsWith("Once upon a time"));
  EXPECT_EQ(norma(words + Words{"5"}).out, end.out);
  EXPECT_NE(norma(words + Words{"6"}).out, end.out);
}

}  // namespace
}  // namespace norma::test
