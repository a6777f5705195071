// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/train/checkpoint.h"
#include "lab/train/run_folder.h"
#include "models/decode.h"
#include "text/utf8.h"

namespace norma::cli {
namespace {

// CLI11's own range would print the least positive number with 300 digits.
std::string is_share(const std::string& text) {
  double value = 0;
  const bool good = CLI::detail::lexical_cast(text, value) && value > 0 && value <= 1;
  return good ? "" : "must be above 0 and at most 1 but is " + text;
}

struct Options {
  std::string checkpoint, prompt;
  models::SampleOptions sampling;
};

// `"é" (U+00E9)`; only the number of what a terminal would not show as a sign.
std::string described(std::string_view character) {
  const char32_t point = text::code_point(character);
  const std::string number = fmt::format("U+{:04X}", static_cast<uint32_t>(point));
  const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  return control ? number : fmt::format("\"{}\" ({})", character, number);
}

// A token the model has not learned would stand for such characters, and the text would go on from
// another prompt than the user's.
Status check_prompt(const text::Tokenizer& tokenizer, const std::string& prompt) {
  constexpr size_t kNamed = 8;
  std::set<std::string_view> unknown;
  std::string names;
  for (std::string_view rest = prompt; !rest.empty();) {
    const std::string_view character = rest.substr(0, text::character_length(rest));
    rest.remove_prefix(character.size());
    const std::vector<int32_t> ids = tokenizer.encode(character);
    if (std::find(ids.begin(), ids.end(), text::kUnkId) == ids.end()) continue;
    if (!unknown.insert(character).second || unknown.size() > kNamed) continue;
    names += (names.empty() ? "" : ", ") + described(character);
  }
  if (unknown.size() > kNamed) names += fmt::format(" and {} more", unknown.size() - kNamed);
  if (!unknown.empty()) {
    return invalid_argument("--prompt has characters that the model's vocabulary lacks: " + names +
                            ". Leave them out, or train on a text that has them.");
  }
  if (!prompt.empty() && tokenizer.encode(prompt).empty()) {
    return invalid_argument(
        "--prompt has nothing but spaces, which the model's vocabulary does "
        "not keep. Give it a word, or leave it out.");
  }
  return Status();
}

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
  const text::Tokenizer& tokenizer = trained.value().tokenizer;
  if (const Status s = check_prompt(tokenizer, options.prompt); !s.ok()) {
    return fail(s, kWrongUsage);
  }
  catch_interrupts();
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
      ->check(is_share)
      ->capture_default_str()
      ->type_name("X");
  app->add_option("--seed", options->sampling.seed, "Seed of the sampling")
      ->capture_default_str()
      ->type_name("N");
  app->footer("Example:\n  norma generate runs/bible --prompt 'In the beginning' --steps 300");
  return {app, [options] { return run(*options); }, "Use a shorter --prompt or fewer --steps."};
}

}  // namespace norma::cli
