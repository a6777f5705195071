// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// norma convert on what the lab trains and on real weights: the same texts come out.
#include "tests/cli/program.h"
#include "tests/support/shared_data.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;

class Convert : public Program {
 protected:
  void train_gpt(const std::string& out, const Words& more = {}) const {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i % 7) + " of a small text\n";
    folder_.write("text.txt", text);
    expect_done(norma(Words{"train", "--data", "text.txt", "--tokenizer", "characters", "--window",
                            "16", "--model", "gpt", "--d-model", "12", "--heads", "2", "--ffn",
                            "20", "--decoder-layers", "2", "--max-length", "16", "--steps", "12",
                            "--lr", "1e-2", "--batch-size", "4", "--out", out} +
                      more));
  }
  std::string text_of(const std::string& model, const Words& more = {},
                      const std::string& steps = "14") const {
    const ProcessEnd end =
        norma(Words{"generate", model, "--temperature", "0", "--steps", steps, "--quiet"} + more);
    expect_done(end);
    return end.out;
  }
};

TEST_F(Convert, ATrainedLanguageModelGoesOnWithTheSameText) {
  train_gpt("run");
  const ProcessEnd end =
      norma({"convert", "run", "--to", "rmsnorm", "--fold-gains", "--out", "rms"});
  expect_done(end);
  EXPECT_THAT(end.out, HasSubstr("layernorm, placement pre: now rmsnorm, every gain 1\n"));
  EXPECT_THAT(end.out, HasSubstr("greatest difference of a logit: "));
  EXPECT_THAT(end.out, HasSubstr(" random tokens (allowed: 1e-04)\n"));
  EXPECT_THAT(end.out, HasSubstr("\nwritten: rms\n"));
  EXPECT_FALSE(exists("rms.partial"));
  const Words prompt = {"--prompt", "line"};
  EXPECT_EQ(text_of("rms", prompt), text_of("run", prompt));
  const ProcessEnd inside = norma({"inspect", "rms"});
  expect_done(inside);
  EXPECT_THAT(inside.out, HasSubstr("norm rmsnorm, eps 1e-05, placement pre"));
  EXPECT_THAT(inside.out, HasSubstr("decoder 1    self              1.0000    1.0000    1.0000"));
}

TEST_F(Convert, AnEncoderDecoderTranslatesTheSame) {
  expect_done(train("run", {"--placement", "pre"}));
  expect_done(norma({"convert", "run", "--to", "rmsnorm", "--out", "rms"}));
  const std::string input = "count one red cat\ncount two red cats\n";
  const ProcessEnd before = norma({"translate", "run"}, input);
  const ProcessEnd after = norma({"translate", "rms"}, input);
  expect_done(before);
  expect_done(after);
  EXPECT_EQ(after.out, before.out);
}

// GPT-2 in the form of transformers, and its vocabulary along with it.
TEST_F(Convert, Gpt2BecomesAFolderOfNorma) {
  const std::string root = std::string(NORMA_SOURCE_DIR) + "/tests/parity/";
  const ProcessEnd end =
      norma({"convert", root + "decoders/gpt2", "--to", "rmsnorm", "--tokenizer",
             root + "byte_level/gpt2.json", "--out", "rms"});
  expect_done(end);
  const Words prompt = {"--prompt", "the cat"};
  EXPECT_EQ(text_of("rms", prompt + Words{"--tokenizer", path("rms/gpt2.json")}),
            text_of(root + "decoders/gpt2",
                    prompt + Words{"--tokenizer", root + "byte_level/gpt2.json"}));
}

TEST_F(Convert, RealWeightsOfALlamaFoldAndTellTheSameStory) {
  const std::string model = shared_data_path("stories260k/stories260K.bin");
  NORMA_SKIP_IF_ABSENT(model);
  const ProcessEnd end = norma({"convert", model, "--fold-gains", "--out", "folded"});
  expect_done(end);
  EXPECT_THAT(end.out, HasSubstr("rmsnorm, placement pre: now rmsnorm, every gain 1\n"));
  EXPECT_TRUE(exists("folded/tok512.bin"));
  EXPECT_EQ(text_of("folded", {}, "200"), text_of(model, {}, "200"));
}

TEST_F(Convert, MistakesAreNamedAndNothingIsWritten) {
  train_gpt("post", {"--placement", "post"});
  expect_error(norma({"convert", "post", "--out", "new"}), 2, {"--to rmsnorm, --fold-gains"});
  expect_error(norma({"convert", "post", "--to", "rmsnorm"}), 2, {"--out"});
  expect_error(norma({"convert", "post", "--to", "layernorm", "--out", "new"}), 2, {"--to"});
  expect_error(norma({"convert", "post", "--to", "rmsnorm", "--out", "post"}), 2, {"post exists"});
  expect_error(norma({"convert", "post", "--to", "rmsnorm", "--out", "new"}), 1,
               {"placement is \"post\""});
  expect_error(norma({"convert", "absent", "--to", "rmsnorm", "--out", "new"}), 1, {"absent"});
  expect_error(norma({"convert", "post", "--to", "rmsnorm", "--tokenizer", "t", "--out", "new"}), 2,
               {"vocabulary in itself"});
  EXPECT_FALSE(exists("new"));
  EXPECT_FALSE(exists("new.partial"));
}

}  // namespace
}  // namespace norma::test
