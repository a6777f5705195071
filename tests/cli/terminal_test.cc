// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Ctrl-C ends a command with a line and 130, and what it has written is whole; an empty text, and
// output that is lost.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/program.h"

namespace norma::test {
namespace {

using ::testing::HasSubstr;

class Terminal : public Program {
 protected:
  int64_t lines_of(const std::string& name) const {
    const std::string text = read_text(path(name));
    return std::count(text.begin(), text.end(), '\n');
  }
  // norma, as a shell's `script` starts it.
  Process shell(const std::string& script) const {
    Process p;
    p.folder = folder_.path();
    p.command = {"/bin/sh", "-c", script};
    p.environment = {{"NORMA", NORMA_PROGRAM}};
    p.signal = SIGINT;
    return p;
  }
};

// The program reads a pipe that nobody writes to: that the pipe has a reader says that the program
// is at work, and there it stays until the signal comes.
TEST_F(Terminal, InterruptsWhateverIsRead) {
  std::filesystem::create_directories(path("run"));
  const std::vector<std::pair<Words, std::string>> commands = {
      {Words{"probe", "--data", "pipe.tsv"} + tiny_model(), "pipe.tsv"},
      {{"data", "pipe.tsv"}, "pipe.tsv"},
      {{"report", "run"}, "run/summary.json"}};
  ASSERT_EQ(::mkfifo(path("pipe.tsv").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo(path("run/summary.json").c_str(), 0600), 0);
  for (const auto& [words, pipe] : commands) {
    for (const int signal : {SIGINT, SIGTERM}) {
      int writer = -1;
      Process p = process(words);
      p.signal = signal;
      p.when = [&writer, file = path(pipe)] {
        if (writer < 0) writer = ::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        return writer >= 0;
      };
      expect_error(run_process(p), 130, {"interrupted"});
      ::close(writer);
    }
  }
}

TEST_F(Terminal, InterruptsTranslateThatWaitsForALine) {
  expect_done(train("run"));
  Process p = shell("mkfifo in; exec 3<>in; echo 'count one red cat' >&3; "
                    "exec \"$NORMA\" translate run <&3 >out");
  p.when = [this] { return lines_of("out") == 1; };
  expect_error(run_process(p), 130, {"interrupted"});
  EXPECT_EQ(lines_of("out"), 1);
}

TEST_F(Terminal, InterruptsGenerate) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i % 7) + " of a small text\n";
  folder_.write("text.txt", text);
  expect_done(norma(Words{"train", "--data", "text.txt", "--family", "gpt", "--init", "gpt2",
                          "--tokenizer", "characters", "--window", "32", "--out", "run"} +
                    tiny_training()));
  Process p = shell("exec \"$NORMA\" generate run --prompt line --steps 1000000 >out");
  p.when = [this] { return read_text(path("out")).size() > 10; };
  expect_error(run_process(p), 130, {"interrupted after ", " new tokens"});
  EXPECT_EQ(read_text(path("out")).back(), '\n');
  expect_error(norma({"generate", "run", "--top-p", "0"}), 2,
               {"--top-p", "must be above 0 and at most 1 but is 0", "norma generate --help"});
  expect_done(norma({"generate", "run", "--top-p", "1", "--steps", "2", "--quiet"}));
  expect_done(norma({"generate", "run", "--top-p", "0.01", "--steps", "2", "--quiet"}));
}

TEST_F(Terminal, BenchKeepsWhatItHasMeasured) {
  Process p = shell("exec \"$NORMA\" bench --suite toy --task rms_norm_forward --samples 3000 "
                    "--json out.jsonl >table");
  p.when = [this] { return lines_of("table") >= 3; };  // machine, head, a shape
  expect_error(run_process(p), 130, {"interrupted", "out.jsonl"});
  std::istringstream lines(read_text(path("out.jsonl")));
  int64_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(nlohmann::json::parse(line)["task"], "rms_norm_forward");
  }
  EXPECT_EQ(count, 3 * (lines_of("table") - 2)) << "three implementations a shape";
  EXPECT_LT(count, 3 * 8) << "it was not stopped";
}

TEST_F(Terminal, BenchThatMeasuredNothingLeavesTheFileAlone) {
  folder_.write("out.jsonl", "of yesterday\n");
  const Words bench = {"bench", "--suite", "toy", "--json"};
  expect_error(norma(bench + Words{"out.jsonl", "--rows", "0"}), 2, {"rows", "at least 1"});
  EXPECT_EQ(read_text(path("out.jsonl")), "of yesterday\n");
  std::filesystem::create_directories(path("folder"));
  expect_error(norma(bench + Words{"folder"}), 2, {"--json", "folder", "path of a file"});
  expect_error(norma(bench + Words{"/proc/out.jsonl"}), 2, {"--json", "/proc/out.jsonl"});
}

// At a terminal it would wait for a line that nobody means to write.
TEST_F(Terminal, AnEmptyTextIsNotStandardInput) {
  expect_done(train("run"));
  const ProcessEnd end = norma({"translate", "run", "--text", ""}, "count one red cat\n");
  expect_done(end);
  EXPECT_EQ(end.out, "");
}

// The input has no end, so only a check after each line ends it.
TEST_F(Terminal, TranslateStopsWhereItsOutputIsLost) {
  expect_done(train("run"));
  Process p = shell("yes 'count one red cat' | timeout 60 \"$NORMA\" translate run >/dev/full");
  expect_error(run_process(p), 1, {"standard output", "No space left", "Free some space"});
}

}  // namespace
}  // namespace norma::test
