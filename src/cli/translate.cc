// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/train/checkpoint.h"
#include "lab/train/evaluate.h"
#include "lab/train/run_folder.h"
#include "text/utf8.h"

namespace norma::cli {
namespace {

struct Options {
  std::string checkpoint, text;
  bool has_text = false;  // an empty one is no reason to wait for standard input
  lab::BleuRecipe decoding;
};

// One line of input, one of output, as they come: a pipe may be endless.
int translate_stream(const lab::TrainedModel& trained, const lab::BleuRecipe& decoding,
                     std::istream& input) {
  int64_t number = 0;
  for (std::string line; std::getline(input, line);) {
    ++number;
    const size_t bad = text::find_invalid_utf8(line);
    if (bad != std::string::npos) {
      say_error(fmt::format("line {}: byte {} is not UTF-8. Convert the text, for instance with "
                            "iconv -t UTF-8.", number, bad + 1));
      return kFailed;
    }
    const size_t tokens = trained.tokenizer->encode(line).size() + 1;
    if (static_cast<int64_t>(tokens) > trained.model->config().max_length) {
      say_error(fmt::format("line {}: {} tokens, but the model has max_length={} positions. Split "
                            "the sentence.", number, tokens, trained.model->config().max_length));
      return kFailed;
    }
    const auto out =
        line.empty() ? std::vector<std::string>{""}
                     : lab::translate_lines(*trained.model, *trained.tokenizer, {line}, decoding);
    fmt::print("{}\n", out[0]);
    if (const Status written = flush_output(); !written.ok()) return fail(written);
  }
  return kDone;
}

int run(const Options& options) {
  exit_on_interrupt();
  std::string path = options.checkpoint;
  if (std::filesystem::is_directory(path)) path = lab::join_path(path, "checkpoint.safetensors");
  Result<lab::TrainedModel> trained = lab::load_model(path);
  if (!trained.ok()) return fail(trained.status());
  if (trained.value().model->config().family != "encdec") {
    say_error(path + (trained.value().tokenizer ? " is a language model; use norma generate."
                                                : " tells pictures apart; it translates nothing."));
    return kFailed;
  }
  if (options.has_text) {
    std::istringstream input(options.text);
    return translate_stream(trained.value(), options.decoding, input);
  }
  return translate_stream(trained.value(), options.decoding, std::cin);
}

}  // namespace

Command add_translate(CLI::App& program) {
  CLI::App* app = program.add_subcommand("translate", "Translate lines with a trained model");
  auto options = std::make_shared<Options>();
  app->add_option("CHECKPOINT", options->checkpoint, "checkpoint.safetensors, or a run folder")
      ->required();
  app->add_option("--text", options->text, "Text to translate [standard input]");
  app->add_option("--beam", options->decoding.beam, "Beam width, 1 is greedy")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  app->add_option("--length-penalty", options->decoding.length_penalty, "Exponent of length")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str()
      ->type_name("X");
  app->add_option("--max-length", options->decoding.max_length, "Most tokens of a translation")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->type_name("N");
  app->footer("Example:\n  echo 'Click the OK button.' | norma translate runs/mine --beam 4");
  return {app,
          [app, options] {
            options->has_text = app->count("--text") > 0;
            return run(*options);
          },
          "Use a smaller --beam or --max-length."};
}

}  // namespace norma::cli
