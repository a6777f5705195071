// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/bench.h"

#include <iostream>
#include <memory>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace norma::cli {
namespace {

struct Options {
  bench::Options bench;
  std::string json;
};

int run(Options options) {
  const bool to_file = !options.json.empty();
  // Told before the minutes that a bench takes, not after them.
  if (const Status s = to_file ? check_writable(options.json) : Status(); !s.ok()) {
    return fail({s.code(), "--json: " + s.message()}, kWrongUsage);
  }
  catch_interrupts();
  options.bench.interrupted = interrupted;
  if (options.bench.suite == "cpu") options.bench.progress = &std::cerr;
  bench::Report report;
  const Status ran = bench::run(options.bench, std::cout, &report);
  const bool keeps = to_file && !report.records.empty();
  if (keeps) {
    if (const Status written = bench::write_json(report, options.json); !written.ok()) {
      return fail(written);
    }
  }
  if (ran.ok()) return kDone;
  const bool usage = ran.code() == StatusCode::kInvalidArgument;
  const std::string kept = " What was timed before is in " + options.json + ".";
  return fail({ran.code(), ran.message() + (keeps ? kept : "")}, usage ? kWrongUsage : kFailed);
}

}  // namespace

Command add_bench(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "bench", "Time the norm kernels against other libraries' and a memcpy");
  auto options = std::make_shared<Options>();
  bench::Options& b = options->bench;
  std::string tasks = "Tasks:";
  for (const std::string& name : bench::task_names()) tasks += " " + name;
  tasks += "; of the suite models:";
  for (const std::string& name : bench::model_task_names()) tasks += " " + name;
  tasks += "; of the suite operators:";
  for (const std::string& name : bench::operator_task_names()) tasks += " " + name;
  app->add_option("--task", b.tasks, tasks + " [all]")->delimiter(',')->type_name("NAME,...");
  app->add_option("--rows", b.rows, "Rows [the suite's]")->delimiter(',')->type_name("N,...");
  app->add_option("--cols", b.cols, "Columns [the suite's]")->delimiter(',')->type_name("N,...");
  app->add_option("--threads", b.threads, "Threads, 0 is all cores [the suite's]")
      ->delimiter(',')
      ->type_name("N,...");
  app->add_option("--suite", b.suite,
                  "Shapes and peers: short is torch, cpu is all; models: training and generation; "
                  "operators: the norms over channels and the fused ones")
      ->check(CLI::IsMember({"short", "cpu", "models", "operators", "toy"}))
      ->capture_default_str();
  app->add_option("--samples", b.samples, "Paired samples of each")
      ->capture_default_str()
      ->type_name("N");
  app->add_option("--json", options->json, "Write one JSON object a line here")->type_name("FILE");
  app->footer(
      "Example:\n  norma bench --task layer_norm_forward --rows 2048 --cols 768 --json out.jsonl");
  return {app, [options] { return run(*options); }, "Give fewer --rows or --cols."};
}

}  // namespace norma::cli
