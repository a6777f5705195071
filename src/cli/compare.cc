// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/compare.h"

#include <fmt/core.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/recipe_flags.h"
#include "cli/terminal.h"
#include "lab/report/report.h"

namespace norma::cli {
namespace {

struct Options {
  std::string recipe, out, data_root = default_data_root();
  int64_t jobs = 0;
  bool no_probe = false, no_timing = false;
  RecipeFlags flags;
};

Result<lab::CompareRecipe> wanted_recipe(const Options& options) {
  Result<lab::CompareRecipe> recipe = lab::read_compare_recipe(options.recipe);
  if (!recipe.ok()) return recipe;
  lab::CompareRecipe& r = recipe.value();
  NORMA_RETURN_IF_ERROR(options.flags.apply(&r));
  if (options.jobs > 0) r.jobs = options.jobs;
  if (options.no_probe) r.probe = false;
  if (options.no_timing) r.timing = false;
  if (r.base.name.empty()) r.base.name = std::filesystem::path(options.recipe).stem().string();
  Result<std::vector<lab::TrainRecipe>> members = lab::members_of(r);
  if (!members.ok()) return members.status();
  return recipe;
}

void say_bleu(const lab::Json& summary, const std::string& untranslated) {
  bool any = false;
  for (const lab::Json& member : summary["members"]) {
    const lab::Json bleu = member.value(lab::Json::json_pointer("/result/bleu"), lab::Json());
    if (!bleu.is_number()) continue;
    if (!any) fmt::print("BLEU on held-out sentences:\n");
    any = true;
    fmt::print("  {:6.2f}  {}\n", bleu.get<double>(), member["name"].get<std::string>());
  }
  if (!untranslated.empty()) fmt::print("{}\n", untranslated);
  if (any && summary.contains("bleu_note")) {
    fmt::print("{}\n", summary["bleu_note"].get<std::string>());
  }
}

// The last two lines are the verdict and the report's path.
int show(const lab::Json& summary, const std::string& folder) {
  const Status written = lab::report::write_report(folder);
  if (!written.ok()) return fail(written);
  Result<std::string> verdict = lab::report::verdict_line(folder);
  if (!verdict.ok()) return fail(verdict.status());
  Result<std::string> untranslated = lab::report::untranslated_line(folder);
  if (!untranslated.ok()) return fail(untranslated.status());
  say_bleu(summary, untranslated.value());
  fmt::print("{}\n{}\n", verdict.value(), lab::join_path(folder, "report.html"));
  return kDone;
}

// "2/6 runs, 3 min 05 s left, 22040 tokens/s | 120/300 loss 4.213 | 90/300 loss 4.598"
std::string look_text(const lab::CompareLook& look, const char* unit) {
  std::string text = fmt::format("{}/{} runs", look.done, look.total);
  if (look.seconds_left > 0) text += fmt::format(", {} left", duration_text(look.seconds_left));
  double tokens_per_s = 0;
  std::string runs;
  for (const lab::Progress& p : look.running) {
    tokens_per_s += p.tokens_per_s;
    runs += fmt::format(" | {}/{} loss {:.3f}", p.step, p.steps, p.loss);
  }
  if (tokens_per_s > 0) text += fmt::format(", {:.0f} {}/s", tokens_per_s, unit);
  return text + runs;
}

int run(Options options) {
  Result<lab::CompareRecipe> recipe = wanted_recipe(options);
  if (!recipe.ok()) return fail(recipe.status(), kWrongUsage);
  if (options.out.empty()) options.out = lab::join_path("runs", recipe.value().base.name);
  catch_interrupts();
  ProgressLine line;
  lab::CompareHooks hooks;
  hooks.stop = interrupted;
  hooks.progress = [&](const lab::CompareProgress& p) {
    line.clear();
    const std::string count = p.total > 0 ? fmt::format("{}/{} ", p.done, p.total) : "";
    if (!p.text.empty()) fmt::print(stderr, "{}{}\n", count, p.text);
    if (p.done < p.total && p.seconds_left > 0) {
      line.show(fmt::format("{}/{} runs, {} left", p.done, p.total, duration_text(p.seconds_left)));
    }
  };
  // Where it cannot be shown, nobody need look.
  if (line.on()) {
    const char* unit = recipe.value().base.model.family == "mlp" ? "pictures" : "tokens";
    hooks.watch = [&, unit](const lab::CompareLook& look) { line.show(look_text(look, unit)); };
  }
  const lab::CompareJob job = {recipe.value(), options.out, options.data_root, kThisProgram,
                               environment(recipe.value().base.train.threads)};
  Result<lab::Json> summary = lab::compare(job, hooks);
  line.clear();
  if (summary.ok()) return show(summary.value(), options.out);
  if (summary.status().code() == StatusCode::kInterrupted) {
    say_error("interrupted; what is done is kept. The same command goes on from here.");
    return kInterrupted;
  }
  return fail(summary.status());
}

}  // namespace

Command add_compare(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "compare", "Train the same model under different norms and write one report");
  auto options = std::make_shared<Options>();
  app->add_option("RECIPE", options->recipe, "TOML file with a [compare] section")->required();
  app->add_option("--out", options->out, "Run folder [runs/NAME]")->type_name("FOLDER");
  app->add_option("--data-root", options->data_root, "Folder of the known data sets")
      ->capture_default_str()
      ->type_name("FOLDER");
  app->add_option("--jobs", options->jobs, "Runs side by side [the recipe's]")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app->add_flag("--no-probe", options->no_probe, "Leave the probe at initialisation out");
  app->add_flag("--no-timing", options->no_timing, "Leave the timing of norms out");
  options->flags.add_to(*app);
  app->footer(
      "A comparison that was stopped goes on where it was when the command is given again.\n"
      "Examples:\n"
      "  norma compare recipes/demo.toml --out runs/demo\n"
      "  norma compare recipes/demo.toml --lr 1e-3,3e-3 --seed 1,2 --steps 100 --out runs/quick");
  return {app, [options] { return run(*options); },
          "Use a smaller model or --batch-size, or fewer --jobs."};
}

}  // namespace norma::cli
