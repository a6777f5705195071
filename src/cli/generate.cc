// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/train/checkpoint.h"
#include "lab/train/run_folder.h"
#include "models/decode.h"
#include "text/utf8.h"

namespace norma::cli {
namespace {

struct Options {
  std::string checkpoint, prompt;
  models::SampleOptions sampling;
};

int run(const Options& options) {
  exit_on_interrupt();
  std::string path = options.checkpoint;
  if (std::filesystem::is_directory(path)) path = lab::join_path(path, "checkpoint.safetensors");
  if (text::find_invalid_utf8(options.prompt) != std::string::npos) {
    say_error("--prompt is not UTF-8.");
    return kWrongUsage;
  }
  Result<lab::TrainedModel> trained = lab::load_model(path);
  if (!trained.ok()) return fail(trained.status());
  models::Model& model = *trained.value().model;
  if (model.config().family == "encdec") {
    say_error(path + " translates and cannot continue a text; use norma translate.");
    return kFailed;
  }
  catch_interrupts();
  const text::Tokenizer& tokenizer = trained.value().tokenizer;
  // Text that was trained on has no bos: an empty prompt starts with a line of its own.
  std::vector<int32_t> ids = tokenizer.encode(options.prompt.empty() ? "\n" : options.prompt);
  if (ids.empty()) ids.push_back(text::kUnkId);
  // A token's text may depend on the one before (spaces), so what is new is a difference of texts.
  // The prompt comes with the first token: a model that has none to offer leaves no output.
  std::string shown = options.prompt.empty() ? tokenizer.decode(ids) : "";
  std::vector<int32_t> all = ids;
  Status written;
  const auto show = [&] {
    const std::string text = tokenizer.decode(all);
    if (text.size() > shown.size()) fmt::print("{}", text.substr(shown.size()));
    written = flush_output();
    shown = text;
  };
  models::generate(model, ids, options.sampling, [&](int32_t id) {
    all.push_back(id);
    show();
    return written.ok() && !interrupted();
  });
  if (written.ok()) show();
  if (!written.ok()) return fail(written);
  fmt::print("\n");
  if (!interrupted()) return kDone;
  say_error(fmt::format("interrupted after {} new tokens.", all.size() - ids.size()));
  return kInterrupted;
}

}  // namespace

Command add_generate(CLI::App& program) {
  CLI::App* app = program.add_subcommand("generate", "Continue a text with a trained model");
  auto options = std::make_shared<Options>();
  app->add_option("CHECKPOINT", options->checkpoint, "checkpoint.safetensors, or a run folder")
      ->required();
  app->add_option("--prompt", options->prompt, "Text to continue");
  app->add_option("--steps", options->sampling.steps, "Most new tokens")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str()
      ->type_name("N");
  app->add_option("--temperature", options->sampling.temperature, "0 is greedy")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str()
      ->type_name("X");
  app->add_option("--top-p", options->sampling.top_p, "Share of probability that is sampled from")
      ->check(CLI::PositiveNumber)
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->type_name("X");
  app->add_option("--seed", options->sampling.seed, "Seed of the sampling")
      ->capture_default_str()
      ->type_name("N");
  app->footer("Example:\n  norma generate runs/bible --prompt 'In the beginning' --steps 300");
  return {app, [options] { return run(*options); }};
}

}  // namespace norma::cli
