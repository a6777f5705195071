// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// norma: which norm, where, and at what cost. Here are arguments, help and exit codes; everything
// else is below.
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <signal.h>
#include <torch/version.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <new>
#include <vector>

#include "base/commit.h"
#include "base/nearest.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/terminal.h"

namespace norma::cli {

void say_error(const std::string& message) {
  std::string line = message;
  std::replace(line.begin(), line.end(), '\n', ' ');
  fmt::print(stderr, "norma: {}\n", line);
}

int fail(const Status& status, int otherwise) {
  say_error(status.message());
  return status.code() == StatusCode::kInterrupted ? static_cast<int>(kInterrupted) : otherwise;
}

namespace {

std::vector<std::string> names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.app->get_name());
  return names;
}

// What was meant by the first argument that looks like an option and is none; "" where there is no
// such argument.
std::string unknown_option(const CLI::App& app) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  for (const std::string& word : app.remaining()) {
    const bool is_option = word.size() > 1 && word[0] == '-' && word != "--" &&
                           !std::isdigit(static_cast<unsigned char>(word[1]));
    if (!is_option) continue;
    const std::string name = word.substr(0, word.find('='));
    return fmt::format("unknown option {}; the nearest is {}.", name, nearest_name(name, known));
  }
  return "";
}

// Of the arguments of a command, or of the program where `app` is the program.
int wrong_usage(const CLI::App& app, const CLI::ParseError& error) {
  // A name that was mistyped is why something else is missing.
  std::string what = unknown_option(app);
  if (what.empty()) what = error.what();
  if (!what.ends_with('.')) what += '.';
  const bool is_command = app.get_parent() != nullptr;
  say_error(what + " See norma " + (is_command ? app.get_name() + " " : "") + "--help.");
  return kWrongUsage;
}

// torch says it in words alone.
bool is_out_of_memory(const c10::Error& error) {
  return std::strstr(error.what_without_backtrace(), "DefaultCPUAllocator") != nullptr;
}

int run(const Command& command) {
  const std::string out_of_memory = "out of memory. " + command.to_save_memory;
  try {
    return command.run();
  } catch (const c10::Error& error) {
    say_error(is_out_of_memory(error) ? out_of_memory
                                      : std::string("torch: ") + error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    say_error(out_of_memory);
  }
  return kFailed;
}

// A job that failed has said so already.
int flush(int code) {
  if (code != kDone) return code;
  const Status written = flush_output();
  return written.ok() ? code : fail(written);
}

int run(int argc, char** argv) {
  CLI::App program(
      "Trains the same model under different norms and placements, and says which to choose.",
      "norma");
  program.set_version_flag("--version",
                           fmt::format("norma {} (commit {}{}, torch {})", NORMA_VERSION, commit(),
                                       commit_is_modified() ? ", modified" : "", TORCH_VERSION));
  program.require_subcommand(1);
  program.footer(
      "Example:\n  norma compare recipes/demo.toml --out runs/demo\n"
      "Exit codes: 0 done, 1 the job failed, 2 wrong usage, 130 interrupted.");
  const std::vector<Command> commands = {
      add_compare(program), add_train(program), add_probe(program),
      add_translate(program), add_generate(program), add_report(program),
      add_bench(program), add_data(program), add_embed(program), add_inspect(program),
      add_convert(program),
      add_placements(program), add_norms(program),
      add_doctor(program)};
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
    const auto chosen = program.get_subcommands();
    if (chosen.empty() && argc > 1 && argv[1][0] != '-') {
      say_error(unknown_name("command", argv[1], names_of(commands)) + " See norma --help.");
      return kWrongUsage;
    }
    return wrong_usage(chosen.empty() ? program : *chosen.front(), error);
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return run(command);
  }
  return kWrongUsage;
}

}  // namespace
}  // namespace norma::cli

int main(int argc, char** argv) {
  using namespace norma::cli;
  // A full disk is then an error of write() and not the end of the process.
  ::signal(SIGXFSZ, SIG_IGN);
  exit_on_interrupt();
  set_command_line(argc, argv);
  try {
    return flush(run(argc, argv));
  } catch (const std::exception& error) {
    say_error(error.what());
  }
  return kFailed;
}
