// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a user does with each command, from data to report.
// Spans: cli

#include <set>

#include "tests/cli/program.h"

namespace norma::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Commands : public Program {
 protected:
  // Characters of a text that repeats: 400 lines.
  void write_text(const std::string& name) const {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i % 7) + " of a small text\n";
    folder_.write(name, text);
  }
  static int64_t lines_of(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  }
};

TEST_F(Commands, TrainTranslateAndReport) {
  const ProcessEnd trained = train("run", {"--bleu-sentences", "5", "--norm", "rmsnorm"});
  expect_done(trained);
  EXPECT_THAT(trained.out, StartsWith("pre-rmsnorm-warmup0-lr0.01-xavier-seed1: validation loss "));
  EXPECT_THAT(trained.out, HasSubstr("BLEU "));
  EXPECT_THAT(trained.out, EndsWith("\nrun\n"));
  EXPECT_EQ(summary("run")["samples"].size(), 5u);
  for (const char* name : {"config.toml", "env.json", "metrics.jsonl", "summary.json",
                           "checkpoint.safetensors", "state.safetensors", "tokenizer.json"}) {
    EXPECT_TRUE(exists(std::string("run/") + name)) << name;
  }
  const nlohmann::json env = nlohmann::json::parse(read_text(path("run/env.json")));
  EXPECT_THAT(env["command"].get<std::string>(), HasSubstr(" train --data pairs.tsv --out run "));

  // A folder or a file, input or flag: the same model and the same text.
  const ProcessEnd piped =
      norma({"translate", "run"}, "count one red cat\n\ncount two blue dog\n");
  expect_done(piped);
  EXPECT_EQ(lines_of(piped.out), 3) << piped.out;
  EXPECT_THAT(piped.out, HasSubstr("\n\n")) << "an empty line stays one";
  const ProcessEnd flag = norma({"translate", "run/checkpoint.safetensors", "--text",
                                 "count one red cat"});
  expect_done(flag);
  EXPECT_EQ(flag.out, piped.out.substr(0, piped.out.find('\n') + 1));
  expect_done(norma({"translate", "run", "--beam", "3", "--text", "count one red cat"}));

  const ProcessEnd reported = norma({"report", "run"});
  expect_done(reported);
  EXPECT_THAT(reported.out, EndsWith("\nrun/report.html\n"));
  EXPECT_EQ(lines_of(reported.out), 2) << "the verdict and the path";
  EXPECT_THAT(read_text(path("run/report.html")), HasSubstr("pre-rmsnorm-warmup0"));
}

TEST_F(Commands, QuietSaysNothing) {
  const ProcessEnd end = train("run", {"--quiet"});
  expect_done(end);
  EXPECT_EQ(end.out, "");
}

TEST_F(Commands, TrainAndGenerate) {
  write_text("text.txt");
  const Words training = {"train", "--data", "text.txt", "--family", "gpt", "--init", "gpt2",
                          "--tokenizer", "characters", "--window", "32", "--out", "run"};
  expect_done(norma(training + tiny_training()));
  const Words generate = {"generate", "run", "--prompt", "line", "--steps", "20", "--quiet"};
  const ProcessEnd sampled = norma(generate + Words{"--seed", "5"});
  expect_done(sampled);
  EXPECT_THAT(sampled.out, StartsWith("line"));
  EXPECT_GT(sampled.out.size(), 10u);
  EXPECT_LE(sampled.out.size(), 20u + 1) << "a character a token, and a line end";
  EXPECT_EQ(norma(generate + Words{"--seed", "5"}).out, sampled.out) << "a seed is a text";
  EXPECT_NE(norma(generate + Words{"--seed", "6"}).out, sampled.out);
  const ProcessEnd short_text = norma({"generate", "run", "--steps", "5", "--temperature", "0"});
  EXPECT_EQ(short_text.exit_code, 0);
  EXPECT_THAT(short_text.err, HasSubstr(" tokens/s\n"));
  EXPECT_EQ(norma({"generate", "run", "--prompt", "line of", "--steps", "4", "--quiet"}).out,
            "line\n") << "the prompt's tokens count";
  expect_done(norma(generate + Words{"--rng", "llama2c"}));

  expect_error(norma({"generate", "run", "--tokenizer", "x"}), 2,
               {"run/checkpoint.safetensors", "--tokenizer"});
  expect_error(norma({"translate", "run", "--text", "x"}), 1,
               {"run/checkpoint.safetensors", "norma generate"});
}

// Each once, and a prompt of them alone is no prompt.
TEST_F(Commands, GenerateNamesCharactersThatTheModelDoesNotKnow) {
  write_text("text.txt");
  const Words training =
      Words{"train", "--data", "text.txt", "--family", "gpt", "--init", "gpt2", "--window", "32"} +
      tiny_training();
  expect_done(norma(training + Words{"--tokenizer", "characters", "--out", "run"}));
  const std::string lacks = "--prompt has characters that the model's vocabulary lacks: ";
  expect_error(norma({"generate", "run", "--prompt", "l\u00E9n\u00E9 Q\x1b"}), 2,
               {lacks + "\"\u00E9\" (U+00E9), \"Q\" (U+0051), U+001B. Leave them out"});
  expect_error(norma({"generate", "run", "--prompt", "ABCDEFGHIJ"}), 2,
               {lacks + "\"A\" (U+0041), ", "\"H\" (U+0048) and 2 more."});
  expect_done(norma(training + Words{"--out", "words"}));
  expect_error(norma({"generate", "words", "--prompt", "line Q"}), 2, {lacks + "\"Q\" (U+0051)."});
  expect_error(norma({"generate", "words", "--prompt", "  "}), 2, {"nothing but spaces"});
  expect_done(norma({"generate", "words", "--prompt", " line  of", "--steps", "30", "--quiet"}));
}

TEST_F(Commands, Probe) {
  const Words probe = Words{"probe", "--data", "pairs.tsv"} + tiny_model();
  const ProcessEnd end = norma(probe + Words{"--encoder-layers", "2", "--json", "probe.json"});
  expect_done(end);
  EXPECT_THAT(end.out, StartsWith("pre layernorm, init xavier, seed 1, 8 batches of 8\n"));
  EXPECT_THAT(end.out, HasSubstr("gradient norm by layer, encoder: "));
  EXPECT_THAT(end.out, HasSubstr("last/first "));
  EXPECT_THAT(end.out, HasSubstr("stream RMS by depth, decoder: "));
  const nlohmann::json json = nlohmann::json::parse(read_text(path("probe.json")));
  EXPECT_EQ(json["gradient_norm"]["encoder"].size(), 2u);
  EXPECT_EQ(json["gradient_norm"]["decoder"].size(), 1u);
  expect_error(norma(probe + Words{"--json", "no/such/probe.json"}), 2, {"--json", "no/such"});
}

TEST_F(Commands, DataChecksAFileOfTheUsers) {
  const ProcessEnd pairs = norma({"data", "pairs.tsv", "--max-words", "4"});
  expect_done(pairs);
  EXPECT_THAT(pairs.out, StartsWith("pairs.tsv: 300 pairs, 0 left out by length, "));
  EXPECT_THAT(pairs.out, HasSubstr("count one red cat | zaehle eins rot katze"));
  write_text("text.txt");
  const ProcessEnd text = norma({"data", "text.txt", "--text"});
  expect_done(text);
  EXPECT_THAT(text.out, StartsWith("text.txt: "));
}

TEST_F(Commands, DataListsWhatIsThereAndHowToGetTheRest) {
  const ProcessEnd absent = norma({"data", "--data-root", "sets"});
  expect_done(absent);
  EXPECT_THAT(absent.out, HasSubstr("absent: sets/en-de/en-de.tsv; fetch it with: make data"));
  std::filesystem::create_directories(path("sets/en-de"));
  write_tiny_pairs(path("sets/en-de/en-de.tsv"));
  Process p = process({"data"});
  p.environment = {{"NORMA_DATA", "sets"}};
  EXPECT_THAT(run_process(p).out, HasSubstr("present: sets/en-de/en-de.tsv (300 lines, "));
}

TEST_F(Commands, DoctorSaysWhatIsThereAndWhatIsOff) {
  const ProcessEnd end = norma({"doctor"});
  expect_done(end);
  for (const char* part : {"\nprocessor ", "\nkernels ", "cpu:", "\nthreads ", "\ntorch ",
                           "libgomp", "\nCUDA        off: ", "\ndata ", "make data"}) {
    EXPECT_THAT(end.out, HasSubstr(part));
  }
  EXPECT_THAT(end.out, Not(HasSubstr("warning"))) << "one OpenMP runtime";
}

// What runs is what NORMA_TARGET forces, and doctor says so.
TEST_F(Commands, DoctorNamesTheForcedTarget) {
  Process p = process({"doctor"});
  p.environment = {{"NORMA_TARGET", "sse4"}};
  EXPECT_THAT(run_process(p).out, HasSubstr("cpu:sse4"));
}

TEST_F(Commands, BenchWritesATableAndALineForEachImplementation) {
  const Words bench = {"bench", "--suite", "toy", "--task", "rms_norm_forward", "--rows", "8",
                       "--cols", "64", "--threads", "1", "--samples", "3", "--json"};
  const ProcessEnd end = norma(bench + Words{"out.jsonl"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_THAT(end.out, HasSubstr("rms_norm_forward"));
  std::istringstream lines(read_text(path("out.jsonl")));
  std::set<std::string> implementations;
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json json = nlohmann::json::parse(line);
    for (const char* key : {"task", "dtype", "rows", "cols", "threads", "impl", "median_ns",
                            "min_ns", "gb_s", "ratio_to_copy", "commit"}) {
      EXPECT_TRUE(json.contains(key)) << key;
    }
    implementations.insert(json["impl"]);
  }
  EXPECT_EQ(implementations, (std::set<std::string>{"copy", "norma", "torch"}));
  expect_error(norma(bench + Words{"no/such/out.jsonl"}), 2,
               {"--json", "no/such", "Make its folder"});
}

TEST_F(Commands, BenchRefusesWhatTheMachineDoesNotHave) {
  expect_error(norma({"bench", "--threads", "9999"}), 2, {"--threads must be 1 to ", "is 9999."});
  expect_error(norma({"bench", "--rows", "99999999999"}), 2,
               {"--rows 99999999999 and --cols 64 need ", "Give fewer rows or columns."});
}

// No time is judged: what is printed of a kept result is a function of it.
TEST_F(Commands, BenchPrintsVerdictsAndTargetsOfAKeptResult) {
  const std::string line =
      R"({"task":"rms_norm_forward","dtype":"f32","rows":1,"cols":4096,"threads":1,)"
      R"("impl":"norma","cache":"hot","median_ns":900.5,"min_ns":800,"gb_s":5.5,)"
      R"("ratio_to_copy":2.5,"ratio_to_torch":0.25,"samples":31,"bytes":49152,"commit":"c0ffee",)"
      R"("machine":"a machine","date":"2026-11-29T22:35:29Z","caches":[32768,1048576,33554432]})"
      "\n";
  folder_.write("kept.jsonl", line);
  folder_.write("wrong.jsonl", line + "{}\n");
  folder_.write("empty.jsonl", "");
  const Words from = {"bench", "--suite", "cpu", "--from"};
  const ProcessEnd end = norma(from + Words{"kept.jsonl"});
  expect_done(end);
  EXPECT_THAT(end.out, HasSubstr("a machine; 2026-11-29T22:35:29Z; commit c0ffee; f32, 31 paired"));
  EXPECT_THAT(end.out, HasSubstr("norma's time over that of others\n"));
  EXPECT_THAT(end.out, HasSubstr(">= 3    4.000    4.000 [1, 4096]          0/1  reached\n"));
  EXPECT_THAT(end.out, HasSubstr("< 1000    900.5    900.5 [1, 4096]          0/1  reached\n"));
  EXPECT_EQ(norma(from + Words{"-"}, line).out, end.out);

  expect_error(norma(from + Words{"wrong.jsonl"}), 2,
               {"[bench] wrong.jsonl line 2 has no \"task\"."});
  expect_error(norma(from + Words{"-"}, "{"), 2,
               {"[bench] standard input line 1 is not valid JSON"});
  expect_error(norma(from + Words{"empty.jsonl"}), 2, {"[bench] empty.jsonl is empty"});
  expect_error(norma(from + Words{"absent.jsonl"}), 1, {"[bench] cannot read absent.jsonl"});
  for (const auto& [option, value] :
       {std::pair<std::string, std::string>{"--json", "out.jsonl"}, {"--task", "rms_norm_forward"},
        {"--rows", "1"}, {"--cols", "1"}, {"--threads", "1"}, {"--samples", "31"}}) {
    expect_error(norma(from + Words{"kept.jsonl", option, value}), 2,
                 {"--from prints a result and measures nothing: leave " + option + " out."});
  }
  expect_error(norma({"bench", "--from", "kept.jsonl"}), 2, {"--suite cpu, but --suite is short."});
  expect_error(norma({"bench", "--suite", "cpu", "--from", ""}), 2, {"--from"});
  EXPECT_THAT(norma({"bench", "--help"}).out, HasSubstr("norma bench --suite cpu --from -"));
}

// A limit on memory stands for a small machine: weights of 40 GB.
TEST_F(Commands, WhereMemoryRunsOutEachCommandSaysWhatToAskLessOf) {
  const std::string huge = " --d-model 100000 --heads 1 --data pairs.tsv";
  folder_.write("huge.toml",
                "[data]\nname = \"pairs.tsv\"\nvocab_size = 80\n"
                "[model]\nd_model = 100000\nheads = 1\n[compare]\nseed = [1, 2]\n");
  Process p;
  p.folder = folder_.path();
  for (const auto& [words, remedy] :
       {std::pair<std::string, std::string>{"train --out run --vocab-size 80" + huge,
                                            "Use a smaller model or --batch-size."},
        {"compare huge.toml --out out", "Use a smaller model or --batch-size, or fewer --jobs."}}) {
    p.command = {"/bin/sh", "-c",
                 "ulimit -v 25000000; exec " + std::string(NORMA_PROGRAM) + " " + words};
    expect_error(run_process(p), 1, {"out of memory. " + remedy + "\n"});
  }
}

}  // namespace
}  // namespace norma::test
