// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/train.h"

#include <fmt/core.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/recipe_flags.h"
#include "cli/terminal.h"
#include "models/placement_info.h"

namespace norma::cli {
namespace {

struct Options {
  std::string recipe, out, data_root = default_data_root();
  bool resume = false, quiet = false;
  RecipeFlags flags;
};

// The recipe that the arguments ask for; a resumed run without one asks for its own again. Where a
// run was killed before it had a recipe, flags say what it was to be.
Result<lab::TrainRecipe> wanted_recipe(const Options& options) {
  std::string file = options.recipe;
  if (file.empty() && options.resume) {
    file = lab::join_path(options.out, "config.toml");
    if (!std::filesystem::exists(file)) {
      if (!options.flags.any()) {
        return invalid_argument("there is no run in " + options.out + " to go on with. Correct " +
                                "--out, or start one without --resume.");
      }
      file.clear();
    }
  }
  lab::TrainRecipe recipe;
  if (!file.empty()) {
    Result<lab::TrainRecipe> read = lab::read_train_recipe(file);
    if (!read.ok()) return read.status();
    recipe = read.value();
  }
  NORMA_RETURN_IF_ERROR(options.flags.apply(&recipe));
  NORMA_RETURN_IF_ERROR(lab::validate(recipe));
  if (recipe.name.empty()) recipe.name = lab::run_name(recipe);
  return recipe;
}

// Of a run that is over, whose summary may have been in the folder before.
Result<std::string> result_text(const lab::Json& summary, const std::string& path) {
  if (summary.value("status", lab::Json()) == "diverged") {
    Result<double> step = lab::number_at(summary, "diverged_at_step", path);
    if (!step.ok()) return step.status();
    return fmt::format("diverged at step {:.0f}", step.value());
  }
  Result<double> valid = lab::number_at(summary, "result.valid_loss", path);
  if (!valid.ok()) return valid.status();
  Result<double> train = lab::number_at(summary, "result.train_loss", path);
  if (!train.ok()) return train.status();
  std::string text =
      fmt::format("validation loss {:.4f}, training loss {:.4f}", valid.value(), train.value());
  // Not every run translates.
  Result<double> bleu = lab::number_at(summary, "result.bleu", path);
  if (bleu.ok()) text += fmt::format(", BLEU {:.2f}", bleu.value());
  Result<double> accuracy = lab::number_at(summary, "result.accuracy", path);
  if (accuracy.ok()) text += fmt::format(", accuracy {:.2f} %", 100 * accuracy.value());
  if (summary.contains("model") && summary["model"].contains("recurrent")) {
    text += "; recurrent layers " + summary["model"]["recurrent"].get<std::string>();
  }
  return text;
}

int run(Options options) {
  Result<lab::TrainRecipe> recipe = wanted_recipe(options);
  if (!recipe.ok()) return fail(recipe.status(), kWrongUsage);
  if (options.out.empty()) options.out = lab::join_path("runs", recipe.value().name);
  catch_interrupts();
  ProgressLine line;
  lab::TrainHooks hooks;
  hooks.stop = interrupted;
  hooks.progress = [&](const lab::Progress& p) {
    const char* unit = recipe.value().model.family == "mlp" ? "pictures" : "tokens";
    line.show(fmt::format("step {}/{}  loss {:.4f}  {:.0f} {}/s  {} left", p.step, p.steps, p.loss,
                          p.tokens_per_s, unit, duration_text(p.seconds_left)));
  };
  const lab::TrainJob job = {recipe.value(), options.out, options.data_root,
                             environment(recipe.value().train.threads), options.resume};
  Result<lab::Json> summary = lab::train(job, hooks);
  line.clear();
  if (!summary.ok()) return fail(summary.status());
  if (summary.value()["status"] == "interrupted") {
    say_error(fmt::format("interrupted at step {}. Go on with: norma train --resume --out {}",
                          summary.value()["result"]["step"].get<int64_t>(), options.out));
    return kInterrupted;
  }
  if (options.quiet) return kDone;
  const Result<std::string> text =
      result_text(summary.value(), lab::join_path(options.out, "summary.json"));
  if (!text.ok()) return fail(text.status());
  const models::ModelConfig& model = recipe.value().model;
  fmt::print("{}: {}{}\n{}\n", recipe.value().name, text.value(),
             models::applies_norm(model)
                 ? ""
                 : fmt::format("; placement {} applies no norm, {} is not used", model.placement,
                               model.norm),
             options.out);
  return kDone;
}

}  // namespace

Command add_train(CLI::App& program) {
  CLI::App* app = program.add_subcommand("train", "Train one model");
  auto options = std::make_shared<Options>();
  app->add_option("--recipe", options->recipe, "TOML file; flags override it")->type_name("FILE");
  app->add_option("--out", options->out, "Run folder [runs/NAME]")->type_name("FOLDER");
  app->add_option("--data-root", options->data_root, "Folder of the known data sets")
      ->capture_default_str()
      ->type_name("FOLDER");
  app->add_flag("--resume", options->resume, "Go on from the last checkpoint in --out");
  app->add_flag("--quiet", options->quiet, "No result on standard output");
  options->flags.add_to(*app);
  app->footer(
      "Examples:\n"
      "  norma train --data pairs.tsv --placement pre --norm rmsnorm --steps 1000 --out runs/mine\n"
      "  norma train --resume --out runs/mine");
  return {app,
          [options] {
            if (options->resume && options->out.empty()) {
              say_error("--resume needs --out: the folder of the run to go on with.");
              return static_cast<int>(kWrongUsage);
            }
            return run(*options);
          },
          "Use a smaller model or --batch-size."};
}

}  // namespace norma::cli
