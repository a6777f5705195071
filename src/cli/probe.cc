// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/probe.h"

#include <fmt/core.h>

#include <memory>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/recipe_flags.h"
#include "cli/terminal.h"

namespace norma::cli {
namespace {

struct Options {
  std::string recipe, json, data_root = default_data_root();
  RecipeFlags flags;
};

void print_profile(const char* title, const lab::Profile& profile) {
  for (const auto& [stack, values] : profile) {
    fmt::print("{}, {}:", title, stack);
    for (double value : values) fmt::print(" {:.3g}", value);
    if (values.size() > 1) fmt::print("   last/first {:.2f}", values.back() / values.front());
    fmt::print("\n");
  }
}

int run(const Options& options) {
  exit_on_interrupt();
  lab::TrainRecipe recipe;
  if (!options.recipe.empty()) {
    Result<lab::TrainRecipe> read = lab::read_train_recipe(options.recipe);
    if (!read.ok()) return fail(read.status(), kWrongUsage);
    recipe = read.value();
  }
  if (Status s = options.flags.apply(&recipe); !s.ok()) return fail(s, kWrongUsage);
  if (Status s = lab::validate(recipe); !s.ok()) return fail(s, kWrongUsage);
  // Told before the probe, not after it.
  if (Status s = options.json.empty() ? Status() : check_writable(options.json); !s.ok()) {
    return fail({s.code(), "--json: " + s.message()}, kWrongUsage);
  }
  Result<lab::Task> task = lab::load_task(recipe, options.data_root);
  if (!task.ok()) return fail(task.status());
  Result<lab::Probe> probe = lab::probe(recipe, task.value());
  if (!probe.ok()) return fail(probe.status());
  fmt::print("{} {}, init {}, seed {}, {} batches of {}\n", probe.value().placement,
             probe.value().norm, probe.value().init, probe.value().seed, lab::kProbeBatches,
             recipe.train.batch_size);
  print_profile("gradient norm by layer", probe.value().gradient_norm);
  print_profile("stream RMS by depth", probe.value().stream_rms);
  if (options.json.empty()) return kDone;
  const Status written = lab::write_json(options.json, lab::to_json(probe.value()));
  return written.ok() ? static_cast<int>(kDone) : fail(written);
}

}  // namespace

Command add_probe(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "probe", "Gradients by layer and activations by depth at initialisation");
  auto options = std::make_shared<Options>();
  app->add_option("--recipe", options->recipe, "TOML file; flags override it")->type_name("FILE");
  app->add_option("--json", options->json, "Write the numbers here too")->type_name("FILE");
  app->add_option("--data-root", options->data_root, "Folder of the known data sets")
      ->capture_default_str()
      ->type_name("FOLDER");
  options->flags.add_to(*app);
  app->footer("Example:\n  norma probe --placement post --init packed-xavier --max-words 8");
  return {app, [options] { return run(*options); }, "Use a smaller model or --batch-size."};
}

}  // namespace norma::cli
