// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// `norma inspect` on what the lab trains and on real weights.
#include <tuple>

#include "tests/cli/program.h"
#include "tests/support/shared_data.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Inspect : public Program {
 protected:
  void write_text() const {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i % 7) + " of a small text\n";
    folder_.write("text.txt", text);
  }
};

TEST_F(Inspect, ATrainedLanguageModelWithAText) {
  write_text();
  expect_done(norma({"train", "--data", "text.txt", "--tokenizer", "characters", "--window", "16",
                     "--family", "gpt", "--placement", "peri", "--qk-norm", "head", "--d-model",
                     "12", "--heads", "2", "--ffn", "20", "--decoder-layers", "2", "--max-length",
                     "16", "--steps", "4", "--batch-size", "4", "--out", "run"}));
  const ProcessEnd plain = norma({"inspect", "run"});
  expect_done(plain);
  EXPECT_THAT(plain.out, HasSubstr("gpt: "));
  EXPECT_THAT(plain.out, HasSubstr("norm layernorm, eps 1e-05, placement peri, QK-norm head: "
                                   "x = x + N(f(N(x))); at the end N(x)\n"));
  EXPECT_THAT(plain.out, HasSubstr("decoder 1    self_out"));
  EXPECT_THAT(plain.out, HasSubstr("decoder 2    self_q"));
  EXPECT_THAT(plain.out, HasSubstr("decoder end  final"));
  EXPECT_THAT(plain.out, Not(HasSubstr("attention logit")));
  const ProcessEnd with_text = norma({"inspect", "run", "--text", "text.txt"});
  expect_done(with_text);
  EXPECT_THAT(with_text.out, HasSubstr("9200 bytes of text, 9200 tokens, 16 at a time\n"));
  for (const char* line : {"\nembedding ", "\nblock 1 ", "\nblock 2 ", "\nfinal norm "}) {
    EXPECT_THAT(with_text.out, HasSubstr(line));
  }
}

TEST_F(Inspect, AnEncoderDecoderAndARecurrentNet) {
  expect_done(train("run"));
  const ProcessEnd pairs = norma({"inspect", "run"});
  expect_done(pairs);
  EXPECT_THAT(pairs.out, HasSubstr("encdec: "));
  EXPECT_THAT(pairs.out, HasSubstr("decoder 1    cross"));
  folder_.write("words.txt", "count one red cat\n");
  const ProcessEnd own = norma({"inspect", "run", "--text", "words.txt"});
  expect_done(own);
  EXPECT_THAT(own.out, HasSubstr("18 bytes of text, 1 sentences, 1 of them translated by the "));
  folder_.write("pairs.txt", "count one red cat\tzähle eine rote Katze\n\nred cat\trote Katze\r\n");
  const ProcessEnd both = norma({"inspect", "run", "--text", "pairs.txt"});
  expect_done(both);
  EXPECT_THAT(both.out, HasSubstr(" of text, 2 sentences, 0 of them translated"));
  size_t at = 0;
  for (const char* line : {"\nencoder embedding ", "\nencoder block 1 ", "\nencoder final norm ",
                           "\ndecoder embedding ", "\ndecoder block 1 ", "\ndecoder final norm "}) {
    const size_t found = both.out.find(line, at);
    ASSERT_NE(found, std::string::npos) << line << both.out;
    at = found;
  }
  folder_.write("blank.txt", "\n\tKatze\n");
  expect_error(norma({"inspect", "run", "--text", "blank.txt"}), 1, {"blank.txt has no sentence"});
  std::string endless;
  for (int i = 0; i < 3000; ++i) endless += "cat ";
  folder_.write("long.txt", "cat\nred\t" + endless + "\n");
  expect_error(norma({"inspect", "run", "--text", "long.txt"}), 1,
               {"long.txt, line 2: its target has ", " tokens, but the model has max_length"});
  write_text();
  const ProcessEnd trained =
      norma({"train", "--data", "text.txt", "--tokenizer", "characters", "--window", "16",
             "--family", "lstm", "--placement", "gates", "--d-model", "12", "--decoder-layers", "1",
             "--steps", "2", "--batch-size", "4", "--out", "lstm"});
  expect_done(trained);
  EXPECT_THAT(trained.out, HasSubstr("; recurrent layers fused\n"));
  const ProcessEnd cell = norma({"inspect", "lstm", "--text", "text.txt"});
  expect_done(cell);
  EXPECT_THAT(cell.out, HasSubstr("decoder 1    h  "));
  EXPECT_THAT(cell.out, HasSubstr("\nblock 1 "));
}

// What has no norm operator says so, a placement's own parameters are shown, and each family of
// recurrent nets has its own drawing.
TEST_F(Inspect, WhatAModelHasAndNoMore) {
  expect_done(train("rezero", {"--placement", "rezero"}));
  const ProcessEnd rezero = norma({"inspect", "rezero"});
  expect_done(rezero);
  EXPECT_THAT(rezero.out, HasSubstr("\nno norm operator, placement rezero: x = x + a f(x)\n"));
  EXPECT_THAT(rezero.out, HasSubstr("\ndecoder 1    cross_scale "));
  write_text();
  for (const auto& [family, drawn, other] :
       {std::tuple("rnn", "RNN   x ─ W_x ┐", "LSTM  x"), {"gru", "GRU   x ─ W_x ─ N ┐", "RNN   x"},
        {"lstm", "LSTM  x ─ W_x ─ N ┐", "GRU   x"}}) {
    expect_done(norma({"train", "--data", "text.txt", "--tokenizer", "characters", "--window", "16",
                       "--family", family, "--placement", "gates", "--d-model", "12",
                       "--decoder-layers", "1", "--steps", "1", "--batch-size", "4", "--out",
                       family}));
    const ProcessEnd end = norma({"inspect", family});
    expect_done(end);
    EXPECT_THAT(end.out, HasSubstr(drawn));
    EXPECT_THAT(end.out, Not(HasSubstr(other)));
  }
}

// Folders of transformers (tests/parity/decoders): each shows its norms, and GPT-2 with a
// tokenizer goes on with a text.
TEST_F(Inspect, DecodersOfOtherHouses) {
  const std::string root = std::string(NORMA_SOURCE_DIR) + "/tests/parity/";
  const Words rows[] = {
      {"gpt2", "gpt2: ", "norm layernorm, eps 1e-05, placement pre: ", "decoder end  final"},
      {"olmo2", "olmo2: ", "placement olmo2, QK-norm full: x = x + N(f(x))", "decoder 1    self_q"},
      {"qwen3", "qwen3: ", "placement pre, QK-norm head: ", "decoder 2    self_k"},
      {"gemma2", "gemma2: ", "norm rmsnorm, eps 1e-06, placement peri: ", "decoder 2    ffn_out"},
      {"gemma3", "gemma3_text: ", "placement peri, QK-norm head: ", "decoder 1    self_out"},
      {"gemma3_seeing", "gemma3: ", "placement peri, QK-norm head: ", "decoder 1    self_out"}};
  for (const Words& row : rows) {
    const ProcessEnd end = norma({"inspect", root + "decoders/" + row[0]});
    expect_done(end);
    for (size_t i = 1; i < row.size(); ++i) EXPECT_THAT(end.out, HasSubstr(row[i])) << row[0];
  }
  const Words generate = {"generate", root + "decoders/gpt2", "--tokenizer",
                          root + "byte_level/gpt2.json", "--prompt", "the cat", "--steps", "20",
                          "--quiet"};
  const ProcessEnd text = norma(generate);
  expect_done(text);
  EXPECT_EQ(text.out.rfind("the cat", 0), 0u) << text.out;
  EXPECT_GT(text.out.size(), 10u);
  EXPECT_EQ(norma(generate).out, text.out);
}

TEST_F(Inspect, MistakesAreNamed) {
  write_text();
  expect_done(norma({"train", "--data", "text.txt", "--tokenizer", "characters", "--window", "16",
                     "--family", "gpt", "--d-model", "12", "--heads", "2", "--decoder-layers", "1",
                     "--max-length", "16", "--steps", "1", "--batch-size", "4", "--out", "run"}));
  expect_error(norma({"inspect", "nothing"}), 1, {"nothing"});
  expect_error(norma({"inspect", "run", "--text", "absent.txt"}), 1,
               {"absent.txt cannot be read"});
  folder_.write("empty.txt", "");
  expect_error(norma({"inspect", "run", "--text", "empty.txt"}), 1, {"empty.txt is empty"});
  folder_.write("latin.txt", "caf\xe9\n");
  expect_error(norma({"inspect", "run", "--text", "latin.txt"}), 1,
               {"latin.txt is not UTF-8, at byte 3"});
  folder_.write("greek.txt", "\xce\xb1\n");
  expect_error(norma({"inspect", "run", "--text", "greek.txt"}), 1,
               {"--text has characters that the model's vocabulary lacks"});
  expect_error(norma({"inspect", "run", "--tokenizer", "x.json"}), 2, {"--tokenizer is for"});
}

TEST_F(Inspect, RealWeights) {
  const std::string model = shared_data_path("stories260k/stories260K.bin");
  NORMA_SKIP_IF_ABSENT(model);
  folder_.write("story.txt", "Once upon a time, there was a little girl named Lily.\n");
  const ProcessEnd end = norma({"inspect", model, "--text", "story.txt"});
  expect_done(end);
  EXPECT_THAT(end.out, HasSubstr("llama: 260032 parameters, width 64, 5 blocks, vocabulary 512\n"));
  EXPECT_THAT(end.out, HasSubstr("8 heads, 4 of keys and values, feed-forward width 172, 512 "
                                 "positions\n"));
  EXPECT_THAT(end.out, HasSubstr("norm rmsnorm, eps 1e-05, placement pre: x = x + f(N(x))"));
  EXPECT_THAT(end.out, HasSubstr("decoder 5    ffn"));
  EXPECT_THAT(end.out, HasSubstr("\nblock 5 "));
}

}  // namespace
}  // namespace norma::test
