// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/bench.h"

#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/terminal.h"

namespace norma::cli {
namespace {

struct Options {
  bench::Options bench;
  std::string json;
};

int run(Options options) {
  // Told now, not after the minutes that a bench takes.
  const std::filesystem::path folder = std::filesystem::path(options.json).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder)) {
    say_error("--json: there is no folder " + folder.string() + ". Make it first.");
    return kWrongUsage;
  }
  catch_interrupts();
  options.bench.interrupted = interrupted;
  Result<bench::Report> report = bench::run(options.bench, std::cout);
  if (!report.ok()) {
    const bool usage = report.status().code() == StatusCode::kInvalidArgument;
    return fail(report.status(), usage ? kWrongUsage : kFailed);
  }
  if (options.json.empty()) return kDone;
  const Status written = bench::write_json(report.value(), options.json);
  return written.ok() ? static_cast<int>(kDone) : fail(written);
}

}  // namespace

Command add_bench(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "bench", "Time the norm kernels against torch's and against a memcpy");
  auto options = std::make_shared<Options>();
  bench::Options& b = options->bench;
  std::string tasks = "Tasks:";
  for (const std::string& name : bench::task_names()) tasks += " " + name;
  app->add_option("--task", b.tasks, tasks + " [all]")->delimiter(',')->type_name("NAME,...");
  app->add_option("--rows", b.rows, "Rows [the suite's]")->delimiter(',')->type_name("N,...");
  app->add_option("--cols", b.cols, "Columns [the suite's]")->delimiter(',')->type_name("N,...");
  app->add_option("--threads", b.threads, "Threads, 0 is all cores [the suite's]")
      ->delimiter(',')
      ->type_name("N,...");
  app->add_option("--suite", b.suite, "Shapes")
      ->check(CLI::IsMember({"cpu", "toy"}))
      ->capture_default_str();
  app->add_option("--samples", b.samples, "Paired samples of each")
      ->capture_default_str()
      ->type_name("N");
  app->add_option("--json", options->json, "Write one JSON object a line here")->type_name("FILE");
  app->footer(
      "Example:\n  norma bench --task layer_norm_forward --rows 2048 --cols 768 --json out.jsonl");
  return {app, [options] { return run(*options); }};
}

}  // namespace norma::cli
