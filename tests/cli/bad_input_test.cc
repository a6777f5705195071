// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Files that are not what they should be: one line that names the thing and the remedy.
// Spans: cli

#include <cmath>
#include <map>

#include "tests/cli/program.h"
#include "weights/safetensors.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;

class BadInput : public Program {
 protected:
  // With everything that reads sentence pairs.
  void expect_refused(const std::string& data, const Words& parts) {
    folder_.write("compare.toml", "[data]\nname = \"" + data + "\"\n[compare]\nseed = [1]\n");
    expect_error(norma({"data", data}), 1, parts);
    expect_error(norma(Words{"train", "--data", data, "--out", "run"} + tiny_training()), 1, parts);
    expect_error(norma(Words{"probe", "--data", data} + tiny_model()), 1, parts);
    expect_error(norma({"compare", "compare.toml", "--out", "compare"}), 1, parts);
    EXPECT_FALSE(exists("run")) << "a run that cannot begin leaves nothing behind";
    EXPECT_FALSE(exists("compare"));
  }
  // The checkpoint in `run` with other metadata.
  void rewrite(const std::function<void(std::map<std::string, std::string>*)>& change,
               const std::string& to) const {
    const auto file =
        weights::SafetensorsFile::open(path("run/checkpoint.safetensors")).value();
    auto metadata = file.metadata();
    change(&metadata);
    ASSERT_TRUE(weights::write_safetensors(path(to), file.tensors(), metadata).ok());
  }
};

TEST_F(BadInput, NoSuchFile) {
  expect_refused("absent.tsv", {"\"absent.tsv\"", "en-de"});
  expect_refused("en-de", {"en-de", "make data"});
}

TEST_F(BadInput, AnEmptyFile) {
  folder_.write("empty.tsv", "");
  expect_refused("empty.tsv", {"empty.tsv is empty", "Give a file"});
}

TEST_F(BadInput, ALineWithoutATab) {
  folder_.write("bad.tsv", "one\teins\ntwo zwei\n");
  expect_refused("bad.tsv", {"bad.tsv: line 2", "one tab", "Correct"});
}

TEST_F(BadInput, TextThatIsNotUtf8) {
  folder_.write("latin1.tsv", "one\teins\nfive\tf\xFCnf\n");
  expect_refused("latin1.tsv", {"latin1.tsv", "line 2, byte 7", "iconv"});
}

TEST_F(BadInput, TooFewPairs) {
  folder_.write("few.tsv", "one\teins\ntwo\tzwei\n");
  expect_refused("few.tsv", {"few.tsv", "2 of 2", "Give more pairs"});
}

TEST_F(BadInput, OutThatCannotBeAFolder) {
  folder_.write("taken", "");
  expect_error(train("taken"), 1, {"taken", "--out"});
  expect_error(train("taken/run"), 1, {"taken/run", "--out"});
}

TEST_F(BadInput, ARunIsNotOverwritten) {
  expect_done(train("run"));
  const std::string before = read_text(path("run/summary.json"));
  expect_error(train("run"), 1, {"run", "--resume", "--out"});
  expect_error(train("run", {"--resume", "--lr", "1"}), 1,
               {"run", "another recipe, which has `", "--out"});
  EXPECT_EQ(read_text(path("run/summary.json")), before);
}

TEST_F(BadInput, CheckpointsThatAreNone) {
  expect_error(norma({"translate", "absent"}), 1, {"absent", "safetensors"});
  expect_error(norma({"generate", "absent"}), 1, {"absent", "safetensors"});
  std::filesystem::create_directories(path("folder"));
  expect_error(norma({"translate", "folder"}), 1, {"folder/checkpoint.safetensors"});
  const Words remedy = {"x.safetensors", "Use another copy"};
  for (const std::string& bytes :
       {std::string(), std::string("no safetensors"), std::string(8, '\xFF') + "{}",
        std::string("\x02\0\0\0\0\0\0\0[]", 10), std::string("\x04\0\0\0\0\0\0\0{\"a\"", 12)}) {
    folder_.write("x.safetensors", bytes);
    expect_error(norma({"translate", "x.safetensors", "--text", "x"}), 1, remedy);
  }
}

TEST_F(BadInput, CheckpointsThatAreDamaged) {
  expect_done(train("run"));
  const std::string whole = read_text(path("run/checkpoint.safetensors"));
  const Words translate = {"translate", "x.safetensors", "--text", "count one red cat"};
  for (const size_t bytes : {size_t{4}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    folder_.write("x.safetensors", whole.substr(0, bytes));
    expect_error(norma(translate), 1, {"x.safetensors", "Use another copy"});
  }
  const auto describe = [&](const std::string& from, const std::string& to) {
    rewrite(
        [&](std::map<std::string, std::string>* metadata) {
          std::string& model = (*metadata)["model"];
          ASSERT_THAT(model, HasSubstr(from));
          model.replace(model.find(from), from.size(), to);
        },
        "x.safetensors");
  };
  const Words remedy = {"x.safetensors", "Use a checkpoint of this model"};
  describe("\"d_model\":16", "\"d_model\":8");
  expect_error(norma(translate), 1, remedy + Words{"the model needs F32 ["});
  describe("\"d_model\":16", "\"d_model\":4194304");
  expect_error(norma(translate), 1, remedy + Words{"larger than the file"});
  describe("\"heads\":2", "\"heads\":3");
  expect_error(norma(translate), 1, {"x.safetensors", "heads=3"});
  rewrite([](std::map<std::string, std::string>* m) { m->erase("tokenizer"); }, "x.safetensors");
  expect_error(norma(translate), 1, remedy + Words{"tokenizer"});
  expect_error(norma({"translate", "run/state.safetensors", "--text", "x"}), 1,
               {"run/state.safetensors", "norma-checkpoint-1"});
  expect_error(norma({"generate", "run"}), 1, {"run/checkpoint.safetensors", "norma translate"});
}

// As a training leaves them whose learning rate was too high.
TEST_F(BadInput, CheckpointsThatDiverged) {
  const auto diverge = [&](const std::string& run) {
    const auto file = weights::SafetensorsFile::open(path(run + "/checkpoint.safetensors")).value();
    auto tensors = file.tensors();
    std::vector<std::vector<float>> values;
    for (auto& [name, tensor] : tensors) {
      if (tensor.dtype != "F32") continue;
      values.emplace_back(tensor.bytes / sizeof(float), std::nanf(""));
      tensor.data = values.back().data();
    }
    ASSERT_TRUE(weights::write_safetensors(path("nan.safetensors"), tensors, file.metadata()).ok());
  };
  const Words parts = {"the model's outputs are not finite (nan)", "lower --lr"};
  expect_done(train("run"));
  diverge("run");
  for (const std::string beam : {"1", "4"}) {
    const Words words = {"translate", "nan.safetensors", "--beam", beam};
    expect_error(norma(words + Words{"--text", "count one red cat"}), 1, parts);
  }
  std::string text;
  for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i * 37) + " says little\n";
  folder_.write("text.txt", text);
  expect_done(norma(Words{"train", "--data", "text.txt", "--family", "gpt", "--init", "gpt2",
                          "--tokenizer", "characters", "--window", "32", "--out", "gpt"} +
                    tiny_training()));
  diverge("gpt");
  for (const std::string temperature : {"0", "1"}) {
    const Words words = {"generate", "nan.safetensors", "--temperature", temperature};
    expect_error(norma(words + Words{"--prompt", "line"}), 1, parts);
  }
}

TEST_F(BadInput, LinesToTranslate) {
  expect_done(train("run"));
  const ProcessEnd not_utf8 = norma({"translate", "run"}, "count one red cat\nf\xFCnf\n");
  EXPECT_EQ(not_utf8.exit_code, 1);
  EXPECT_EQ(std::count(not_utf8.out.begin(), not_utf8.out.end(), '\n'), 1) << "what came before";
  EXPECT_THAT(not_utf8.err, IsOneLineError());
  EXPECT_THAT(not_utf8.err, HasSubstr("line 2: byte 2 is not UTF-8"));
  std::string longer;
  for (int i = 0; i < 100; ++i) longer += "count ";
  expect_error(norma({"translate", "run", "--text", longer}), 1, {"max_length=64", "Split"});
  expect_error(norma({"generate", "run", "--prompt", "\xFF"}), 2, {"--prompt"});
}

TEST_F(BadInput, AStateThatIsDamagedStopsTheResume) {
  expect_done(train("run"));
  std::filesystem::remove(path("run/summary.json"));
  const std::string state = read_text(path("run/state.safetensors"));
  folder_.write("run/state.safetensors", state.substr(0, state.size() - 1));
  expect_error(norma({"train", "--resume", "--out", "run"}), 1,
               {"run/state.safetensors", "Use another copy"});
  folder_.write("run/state.safetensors", state);
  folder_.write("run/metrics.jsonl", "");
  expect_error(norma({"train", "--resume", "--out", "run"}), 1,
               {"run/metrics.jsonl is shorter", "--out"});
}

// As another program's, or a user's hand, leaves it.
TEST_F(BadInput, AFinishedRunWithoutItsNumbersIsNamed) {
  expect_done(train("run"));
  const std::string name = "run/summary.json must have a number ";
  for (const auto& [text, key] : {std::pair<const char*, const char*>{"", "result.valid_loss"},
                                  {", \"result\": 3", "result.valid_loss"},
                                  {", \"result\": {\"valid_loss\": 2}", "result.train_loss"}}) {
    folder_.write("run/summary.json", std::string("{\"status\": \"done\"") + text + "}");
    expect_error(norma({"train", "--resume", "--out", "run"}), 1,
                 {name + key + " but has none", "Remove it and run again"});
  }
  folder_.write("run/summary.json", "{\"status\": \"diverged\", \"diverged_at_step\": \"x\"}");
  expect_error(norma({"train", "--resume", "--out", "run"}), 1,
               {name + "diverged_at_step but has \"x\"."});
}

TEST_F(BadInput, AFinishedRunWithoutItsCheckpointIsNotToBeResumed) {
  expect_done(train("run"));
  std::filesystem::remove(path("run/checkpoint.safetensors"));
  expect_error(norma({"translate", "run", "--text", "x"}), 1,
               {"run/checkpoint.safetensors", "finished", "train again into another folder"});
}

TEST_F(BadInput, FoldersWithoutAReport) {
  expect_error(norma({"report", "absent"}), 1, {"absent", "not a run folder"});
  folder_.write("run/summary.json", "{\"schema\": 1, \"kind\":");
  expect_error(norma({"report", "run"}), 1, {"run/summary.json"});
  folder_.write("run/summary.json", "{\"schema\": 2, \"kind\": \"train\"}");
  expect_error(norma({"report", "run"}), 1, {"run/summary.json", "schema"});
  EXPECT_FALSE(exists("run/report.html"));
}

}  // namespace
}  // namespace norma::test
