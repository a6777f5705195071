// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <ATen/Parallel.h>
#include <fmt/core.h>
#include <torch/version.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/commit.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/recipe_flags.h"
#include "core/plan/plan.h"
#include "lab/data/catalogue.h"

namespace norma::cli {
namespace {

void say(const char* what, const std::string& text) { fmt::print("{:<12}{}\n", what, text); }

// Every line of the plan's answer: what runs, and why nothing better does.
void say_kernels() {
  float x[8] = {}, y[8] = {};
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    NormSpec spec;
    spec.kind = kind;
    NormForward args;
    args.x = ConstRowsView(x, DType::kF32, 1, 8, 8);
    args.y.data = y;
    args.y.rows = 1;
    args.y.cols = args.y.stride = 8;
    std::string lines = explain_forward(spec, args);
    for (size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; ++at) {
      lines.replace(at, 1, "\n            ");
    }
    say("kernels", lines);
  }
}

// The OpenMP runtimes in this process; with two, torch and norma would have a pool each.
void say_openmp() {
  std::set<std::string> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t slash = line.find('/');
    if (slash != std::string::npos && line.find("gomp", slash) != std::string::npos) {
      found.insert(line.substr(slash));
    }
  }
  for (const std::string& path : found) say("OpenMP", path);
  if (found.empty()) say("OpenMP", "off: no libgomp in this process, norms run on one thread");
  if (found.size() > 1) say("", "warning: more than one; torch and norma do not share a pool");
}

int run(const std::string& data_root) {
  say("norma", fmt::format("{}, commit {}{}", NORMA_VERSION, commit(),
                           commit_is_modified() ? ", modified" : ""));
  say("processor", processor_name());
  say_kernels();
  say("threads", fmt::format("{} of {} cores (norma train uses the recipe's)",
                             at::get_num_threads(), std::thread::hardware_concurrency()));
  say("torch", TORCH_VERSION);
  say_openmp();
  say("CUDA", "off: this version of norma has no CUDA kernels (no_cuda stubs are linked)");
  for (const lab::DataSet& set : lab::known_data_sets()) {
    const lab::DataSetState state = lab::inspect_data_set(set, data_root);
    say("data", state.present
                    ? fmt::format("{}: {}, {} lines", set.name, state.path, state.lines)
                    : fmt::format("{}: absent ({}); fetch it with: {}", set.name, state.path,
                                  set.how_to_get));
  }
  return kDone;
}

}  // namespace

Command add_doctor(CLI::App& program) {
  CLI::App* app =
      program.add_subcommand("doctor", "Say what was found on this machine, what is off and why");
  auto data_root = std::make_shared<std::string>(default_data_root());
  app->add_option("--data-root", *data_root, "Folder of the known data sets")
      ->capture_default_str()
      ->type_name("FOLDER");
  app->footer("Example:\n  norma doctor");
  return {app, [data_root] { return run(*data_root); }};
}

}  // namespace norma::cli
