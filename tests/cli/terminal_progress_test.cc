// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The line of progress that a person at a terminal sees, and nobody else.

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/cli/program.h"

namespace norma::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kOver[] = "\r\033[K";  // what the next line begins with to take the place of this

class TerminalProgress : public Program {
 protected:
  // All that the program writes to a terminal of 100 columns, which both outputs are.
  std::string shown(const Words& words) const {
    winsize size = {};
    size.ws_row = 24;
    size.ws_col = 100;
    int terminal = -1;
    const Process p = process(words);
    std::vector<char*> arguments;
    for (const std::string& word : p.command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (pid == 0) {
      if (::chdir(p.folder.c_str()) == 0) ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    std::string text;
    char buffer[4096];
    // A terminal whose last user has gone reads as an error.
    for (ssize_t n; (n = ::read(terminal, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    ::close(terminal);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << text;
    return text;
  }
};

TEST_F(TerminalProgress, OfATrainingMakesWayForTheResult) {
  const std::string text =
      shown(Words{"train", "--data", "pairs.tsv", "--out", "run"} + tiny_training());
  for (const std::string step : {"4", "8", "12"}) {
    EXPECT_THAT(text, HasSubstr(kOver + ("step " + step) + "/12  loss "));
  }
  EXPECT_THAT(text, ContainsRegex("loss [0-9.]+  [0-9]+ tokens/s  [0-9]+ s left"));
  const size_t result = text.find("validation loss");
  ASSERT_NE(result, std::string::npos);
  const std::string before = text.substr(0, text.rfind("pre-layernorm", result));
  EXPECT_THAT(before, EndsWith(kOver)) << "nothing of the line is left";
  EXPECT_THAT(text, EndsWith("\r\nrun\r\n"));
}

TEST_F(TerminalProgress, OfAComparisonSaysHowManyRunsAreDone) {
  folder_.write("recipe.toml",
                "name = \"tiny\"\n[data]\nname = \"pairs.tsv\"\nvalid_percent = 20\n"
                "vocab_size = 80\n[model]\nd_model = 16\nheads = 2\nffn = 32\n"
                "encoder_layers = 1\ndecoder_layers = 1\n[train]\nsteps = 6\nbatch_size = 8\n"
                "[compare]\nseed = [1, 2]\njobs = 1\nprobe = false\ntiming = false\n");
  const std::string text = shown({"compare", "recipe.toml", "--out", "out"});
  EXPECT_THAT(text, HasSubstr("1/2 pre-layernorm-warmup0-lr0.001-xavier-seed1: validation loss "));
  EXPECT_THAT(text, HasSubstr(std::string(kOver) + "1/2 runs, "));
  EXPECT_THAT(text, EndsWith("\r\nout/report.html\r\n"));
}

}  // namespace
}  // namespace norma::test
