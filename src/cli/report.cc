// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/report.h"

#include <fmt/core.h>

#include <memory>

#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/train/run_folder.h"

namespace norma::cli {
namespace {

int run(const std::string& folder) {
  exit_on_interrupt();
  const Status written = lab::report::write_report(folder);
  if (!written.ok()) return fail(written);
  Result<std::string> verdict = lab::report::verdict_line(folder);
  if (!verdict.ok()) return fail(verdict.status());
  fmt::print("{}\n{}\n", verdict.value(), lab::join_path(folder, "report.html"));
  return kDone;
}

}  // namespace

Command add_report(CLI::App& program) {
  CLI::App* app = program.add_subcommand("report", "Write report.html of a run folder again");
  auto folder = std::make_shared<std::string>();
  app->add_option("FOLDER", *folder, "Folder of norma compare or norma train")->required();
  app->footer("Example:\n  norma report runs/demo");
  return {app, [folder] { return run(*folder); }};
}

}  // namespace norma::cli
