// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// One function a command: it adds itself to the program and returns what runs it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/status.h"

namespace norma::cli {

enum ExitCode : int { kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130 };

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;  // an ExitCode
  // What to ask less of where memory runs out, as a sentence.
  std::string to_save_memory = "Free some memory and try again.";
};

Command add_compare(CLI::App& program);
Command add_train(CLI::App& program);
Command add_probe(CLI::App& program);
Command add_translate(CLI::App& program);
Command add_generate(CLI::App& program);
Command add_convert(CLI::App& program);
Command add_report(CLI::App& program);
Command add_bench(CLI::App& program);
Command add_data(CLI::App& program);
Command add_embed(CLI::App& program);
Command add_inspect(CLI::App& program);
Command add_placements(CLI::App& program);
Command add_norms(CLI::App& program);
Command add_doctor(CLI::App& program);

// "norma: <message>" on standard error, one line.
void say_error(const std::string& message);
// Says what went wrong and returns its exit code: kInterrupted, or `otherwise`.
int fail(const Status& status, int otherwise = kFailed);
// Of what a command was told to read: what cannot be meant is wrong usage.
inline int fail_to_load(const Status& status) {
  return fail(status, status.code() == StatusCode::kInvalidArgument ? kWrongUsage : kFailed);
}

}  // namespace norma::cli
