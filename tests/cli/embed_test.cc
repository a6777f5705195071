// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Spans: cli/embed.cc, cli/sentence_encoder.cc
#include <cmath>
#include <filesystem>

#include "tests/cli/program.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;
using nlohmann::json;

// The tiny BERT of tests/parity/bert, with the tokenizer of the same vocabulary size.
class Embed : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    const std::string from = std::string(NORMA_SOURCE_DIR) + "/tests/parity/bert/";
    for (const char* name : {"config.json", "model.safetensors", "tokenizer.json"}) {
      std::filesystem::create_directory(path("bert"));
      std::filesystem::copy_file(from + name, path(std::string("bert/") + name));
    }
    std::filesystem::copy_file(from + "tokenizer.txt", path("words.txt"));
  }
  std::vector<json> lines(const Words& words) const {
    const ProcessEnd end = norma(Words{"embed", "bert"} + words);
    expect_done(end);
    std::istringstream out(end.out);
    std::vector<json> rows;
    for (std::string line; std::getline(out, line);) rows.push_back(json::parse(line));
    return rows;
  }
  static double length(const json& row) {
    double squares = 0;
    for (const double x : row) squares += x * x;
    return std::sqrt(squares);
  }
};

TEST_F(Embed, ALineASentence) {
  const std::vector<json> rows = lines({"The cat sat.", "No \"mat\"", "The cat sat."});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1]["text"], "No \"mat\"");
  EXPECT_EQ(rows[0]["tokens"], 6) << "[CLS] the cat sat . [SEP]";
  EXPECT_EQ(rows[0]["embedding"].size(), 16u);
  EXPECT_EQ(rows[0], rows[2]);
  EXPECT_NE(rows[0]["embedding"], rows[1]["embedding"]);
  folder_.write("lines.txt", "The cat sat.\n\nNo \"mat\"\n");
  const std::vector<json> from_file = lines({"--file", "lines.txt", "--tokenizer", "words.txt"});
  ASSERT_EQ(from_file.size(), 3u);
  EXPECT_EQ(from_file[0], rows[0]);
  EXPECT_EQ(from_file[1]["tokens"], 2);
  EXPECT_EQ(from_file[2], rows[1]);
}

TEST_F(Embed, PoolingIsTheMeanOrWhatIsAskedFor) {
  const json all = lines({"the cat sat", "--pooling", "none"})[0]["embedding"];
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(lines({"the cat sat", "--pooling", "cls"})[0]["embedding"], all[0]);
  const json mean = lines({"the cat sat"})[0]["embedding"];
  for (size_t c = 0; c < 16; ++c) {
    double sum = 0;
    for (const json& row : all) sum += row[c].get<double>();
    EXPECT_NEAR(mean[c].get<double>(), sum / 5, 1e-6) << "float32";
  }
  const json unit = lines({"the cat sat", "--normalize"})[0]["embedding"];
  EXPECT_NEAR(length(unit), 1, 1e-6);
  EXPECT_NEAR(unit[3].get<double>() * length(mean), mean[3].get<double>(), 1e-6);
  EXPECT_EQ(lines({"the cat sat", "--pooling", "pooler"})[0]["embedding"].size(), 16u);
}

TEST_F(Embed, FilesOfSentenceTransformersHold) {
  const json cls = lines({"the cat sat", "--pooling", "cls", "--normalize"})[0];
  folder_.write("bert/modules.json",
                R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
                    {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                    {"path": "2_N", "type": "sentence_transformers.models.Normalize"}])");
  std::filesystem::create_directory(path("bert/1_Pooling"));
  folder_.write("bert/1_Pooling/config.json",
                R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  EXPECT_EQ(lines({"the cat sat"})[0], cls);
  folder_.write("bert/sentence_bert_config.json", R"({"max_seq_length": 4})");
  const ProcessEnd end = norma({"embed", "bert", "the cat sat"});
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(json::parse(end.out)["tokens"], 4);
  EXPECT_EQ(end.err, "sentence 1 is cut: it has 1 tokens more than the model reads\n");
  folder_.write("bert/1_Pooling/config.json", R"({"pooling_mode_max_tokens": true})");
  expect_error(norma({"embed", "bert", "a"}), 1, {"1_Pooling/config.json", "mean or cls"});
  folder_.write("bert/modules.json", R"([{"path": "2", "type": "x.Dense"}])");
  expect_error(norma({"embed", "bert", "a"}), 1, {"modules.json", "Dense"});
  folder_.write("bert/modules.json", std::string(100000, '['));
  expect_error(norma({"embed", "bert", "a"}), 1, {"modules.json", "nested too deeply"});
  folder_.write("bert/modules.json", "[");
  expect_error(norma({"embed", "bert", "a"}), 1, {"modules.json", "not valid JSON"});
}

TEST_F(Embed, MistakesAreNamed) {
  expect_error(norma({"embed", "bert"}), 2, {"give sentences"});
  expect_error(norma({"embed", "bert", "a", "--pooling", "max"}), 2, {"max"});
  expect_error(norma({"embed", "bert", "caf\xe9"}), 2, {"sentence 1 is not UTF-8, at byte 3"});
  expect_error(norma({"embed", "bert", "--file", "absent.txt"}), 1, {"absent.txt cannot be read"});
  expect_error(norma({"embed", "absent", "a"}), 1, {"absent", "config.json"});
  expect_error(norma({"generate", "bert"}), 1, {"bert is an encoder"});
  std::filesystem::remove(path("bert/tokenizer.json"));
  expect_error(norma({"embed", "bert", "a"}), 1, {"no tokenizer.json or vocab.txt in bert"});
  const ProcessEnd shown = norma({"inspect", "bert"});
  expect_done(shown);
  EXPECT_THAT(shown.out, HasSubstr("width 16, 2 blocks, vocabulary 140\n"));
  EXPECT_THAT(shown.out, HasSubstr("encoder start embedding"));
}

// Every depth has a stream and scores, as of a text that a decoder reads.
void expect_depths(const ProcessEnd& end, const std::string& read) {
  expect_done(end);
  EXPECT_THAT(end.out, HasSubstr(read));
  EXPECT_THAT(end.out, ::testing::ContainsRegex("embedding +[0-9.]+ +[0-9.]+ +-\n"));
  EXPECT_THAT(end.out, ::testing::ContainsRegex("block 2 +[0-9.]+ +[0-9.]+ +-?[0-9.]+\n"));
}

TEST_F(Embed, InspectReadsATextWithAnEncoder) {
  folder_.write("text.txt", "The cat sat.");
  expect_depths(norma({"inspect", "bert", "--text", "text.txt"}),
                "12 bytes of text, 4 tokens, ");
}

TEST_F(Embed, TheLabTrainsAnEncoder) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i % 7) + " of a small text\n";
  folder_.write("text.txt", text);
  expect_done(norma({"train", "--data", "text.txt", "--tokenizer", "characters", "--window", "16",
                     "--family", "bert", "--placement", "post", "--d-model", "12", "--heads", "2",
                     "--ffn", "20", "--encoder-layers", "2", "--max-length", "16", "--steps", "800",
                     "--lr", "3e-3", "--batch-size", "8", "--out", "run"}));
  // The entropy of the text's characters, which needs no neighbours, is 2.55.
  EXPECT_LT(summary("run")["result"]["valid_loss"].get<double>(), 2.4);
  expect_error(norma({"generate", "run"}), 1, {"hidden tokens"});
  const ProcessEnd shown = norma({"inspect", "run"});
  expect_done(shown);
  EXPECT_THAT(shown.out, HasSubstr("bert: "));
  expect_depths(norma({"inspect", "run", "--text", "text.txt"}), " tokens, 16 at a time");

  const Words sentences = {"line 3", "a small text of a line", ""};
  const auto embedded = [&](const Words& words) {
    const ProcessEnd end = norma(Words{"embed"} + words);
    EXPECT_EQ(end.exit_code, 0);
    EXPECT_EQ(end.err, "sentence 2 is cut: it has 6 tokens more than the model reads\n");
    std::vector<json> rows;
    std::istringstream out(end.out);
    for (std::string line; std::getline(out, line);) rows.push_back(json::parse(line));
    return rows;
  };
  const std::vector<json> rows = embedded(Words{"run"} + sentences);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["tokens"], 6) << "a character each";
  EXPECT_EQ(rows[0]["embedding"].size(), 12u);
  EXPECT_EQ(rows[2]["tokens"], 1);
  EXPECT_EQ(rows, embedded(Words{"run/checkpoint.safetensors"} + sentences));
  const json each = embedded(Words{"run"} + sentences + Words{"--pooling", "none"})[0]["embedding"];
  double sum = 0;
  for (const json& token : each) sum += token[5].get<double>();
  EXPECT_NEAR(rows[0]["embedding"][5].get<double>(), sum / 6, 1e-6) << "float32";
  expect_error(norma({"embed", "run", "a", "--pooling", "pooler"}), 1, {"run has no pooler"});
  expect_error(norma({"embed", "run", "a", "--tokenizer", "words.txt"}), 2, {"--tokenizer"});
}

}  // namespace
}  // namespace norma::test
