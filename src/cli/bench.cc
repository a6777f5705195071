// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/bench.h"

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace norma::cli {
namespace {

struct Options {
  bench::Options bench;
  std::string json;
  std::optional<std::string> from;
  std::vector<const CLI::Option*> of_a_run;  // that a kept result has no use for
};

// Prints the end of the table again, out of what --json wrote.
int print(const Options& options) {
  for (const CLI::Option* option : options.of_a_run) {
    if (option->count() == 0) continue;
    return fail(invalid_argument("[bench] --from prints a result and measures nothing: leave " +
                                 option->get_name() + " out."),
                kWrongUsage);
  }
  if (options.bench.suite != "cpu") {
    return fail(invalid_argument("[bench] --from reads results of --suite cpu, but --suite is " +
                                 options.bench.suite + "."),
                kWrongUsage);
  }
  const std::string& path = *options.from;
  if (path.empty()) return fail(invalid_argument("[bench] --from has no FILE."), kWrongUsage);
  const bool from_input = path == "-";
  std::ifstream file;
  if (!from_input) {
    file.open(path);
    if (!file) {
      return fail({StatusCode::kNotFound, "[bench] cannot read " + path + ". Check the path."});
    }
  }
  const Result<bench::Report> report =
      bench::read_json(from_input ? std::cin : file, from_input ? "standard input" : path);
  if (!report.ok()) return fail_to_load(report.status());
  const Status printed = bench::print_kept(report.value(), std::cout);
  return printed.ok() ? kDone : fail(printed);
}

int run(Options options) {
  if (options.from) return print(options);
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
  std::vector<const CLI::Option*>& of_a_run = options->of_a_run;
  const auto list = [&](const std::string& name, auto& to, const std::string& what,
                        const std::string& type) {
    of_a_run.push_back(app->add_option(name, to, what)->delimiter(',')->type_name(type));
  };
  list("--task", b.tasks, tasks + " [all]", "NAME,...");
  list("--rows", b.rows, "Rows [the suite's]", "N,...");
  list("--cols", b.cols, "Columns [the suite's]", "N,...");
  list("--threads", b.threads, "Threads, 0 is all cores [the suite's]", "N,...");
  app->add_option("--suite", b.suite,
                  "Shapes and peers: short is torch, cpu is all; models: training and generation; "
                  "operators: the norms over channels and the fused ones")
      ->check(CLI::IsMember({"short", "cpu", "models", "operators", "toy"}))
      ->capture_default_str();
  of_a_run.push_back(app->add_option("--samples", b.samples, "Paired samples of each")
                         ->capture_default_str()
                         ->type_name("N"));
  of_a_run.push_back(app->add_option("--json", options->json, "Write one JSON object a line here")
                         ->type_name("FILE"));
  app->add_option("--from", options->from,
                  "Measure nothing: with --suite cpu, print the tables of what --json "
                  "wrote here; - is standard input")
      ->type_name("FILE");
  app->footer(
      "Examples:\n"
      "  norma bench --task layer_norm_forward --rows 2048 --cols 768 --json out.jsonl\n"
      "  zcat result.jsonl.gz | norma bench --suite cpu --from -");
  return {app, [options] { return run(*options); }, "Give fewer --rows or --cols."};
}

}  // namespace norma::cli
