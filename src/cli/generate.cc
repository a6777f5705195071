// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "base/nearest.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/load/language_model.h"
#include "models/decode.h"
#include "models/not_finite.h"
#include "text/utf8.h"

namespace norma::cli {
namespace {

// CLI11's own range would print the least positive number with 300 digits.
std::string is_share(const std::string& text) {
  double value = 0;
  const bool good = CLI::detail::lexical_cast(text, value) && value > 0 && value <= 1;
  return good ? "" : "must be above 0 and at most 1 but is " + text;
}

// The same, which lets nan pass.
std::string is_temperature(const std::string& text) {
  double value = 0;
  const bool good = CLI::detail::lexical_cast(text, value) && value >= 0 && value <= 100;
  return good ? "" : "must be from 0 to 100 but is " + text;
}

std::string is_known_rng(const std::string& text) {
  const std::vector<std::string> known = {"torch", "llama2c"};
  const bool good = std::find(known.begin(), known.end(), text) != known.end();
  return good ? "" : unknown_name("random number generator", text, known);
}

struct Options {
  std::string model, tokenizer, prompt, rng = "torch";
  models::SampleOptions sampling;  // steps: of the whole text
  int threads = 0;
  bool quiet = false;
};

// A model may draw any byte, and some of them make a terminal do things; no text has them: control
// characters, U+0080 to U+009F too, whose two bytes may come one by one.
class Printable {
 public:
  std::string of(std::string_view text) {
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::exchange(held_, false)) {
        if (byte >= 0x80 && byte < 0xa0) continue;
        out += kLead;
      }
      if (c == kLead) {
        held_ = true;
      } else if (text::is_ascii_space(c) || (byte >= 0x20 && byte != 0x7f)) {
        out += c;
      }
    }
    return out;
  }

 private:
  static constexpr char kLead = static_cast<char>(0xc2);
  bool held_ = false;  // a lead byte, until what follows is known
};

// Shows a text as it grows.
class Stream {
 public:
  Stream(const lab::LanguageModel& model, const lab::PromptIds& prompt)
      : next_text_(model.decoder()) {
    for (const int32_t id : prompt.start) next_text_(id);
    for (const int32_t id : prompt.text) unseen_ += next_text_(id);
  }

  Status add(int32_t id) {
    ++added_;
    unseen_ += next_text_(id);
    return show();
  }
  // What the prompt alone has left.
  Status show() {
    fmt::print("{}", printable_.of(unseen_));
    unseen_.clear();
    return flush_output();
  }
  int64_t added() const { return added_; }

 private:
  const text::NextText next_text_;
  std::string unseen_;
  int64_t added_ = 0;
  Printable printable_;
};

// Makes the options those of this model and prompt; the prompt is cut to the steps.
models::SampleOptions sampling_of(const Options& options, const lab::LanguageModel& model,
                                  lab::PromptIds* prompt) {
  models::SampleOptions sampling = options.sampling;
  sampling.sampler = options.rng == "llama2c" ? models::Sampler::kLlama2c : models::Sampler::kNorma;
  sampling.never = model.never;
  sampling.ends = model.ends;
  if (model.ends_with_positions) {
    sampling.steps = std::min(sampling.steps, model.model->config().max_length);
  }
  const auto length = static_cast<int64_t>(prompt->text.size());
  if (length >= sampling.steps && !options.quiet) {
    fmt::print(stderr, "the prompt has {} tokens and the text at most {}: nothing is added\n",
               length, sampling.steps);
  }
  if (length > sampling.steps) prompt->text.resize(static_cast<size_t>(sampling.steps));
  sampling.steps -= static_cast<int64_t>(prompt->text.size());
  return sampling;
}

int run(const Options& options) {
  exit_on_interrupt();
  if (text::find_invalid_utf8(options.prompt) != std::string::npos) {
    say_error("--prompt is not UTF-8.");
    return kWrongUsage;
  }
  if (options.rng == "llama2c" && options.sampling.seed == 0) {
    say_error("--seed must not be 0 with --rng llama2c, whose generator would stay at 0.");
    return kWrongUsage;
  }
  if (options.threads > 0) at::set_num_threads(options.threads);
  const Result<lab::LanguageModel> loaded =
      lab::load_language_model(options.model, options.tokenizer);
  if (!loaded.ok()) return fail_to_load(loaded.status());
  const lab::LanguageModel& model = loaded.value();
  Result<lab::PromptIds> encoded = model.encode(options.prompt);
  if (!encoded.ok()) return fail(encoded.status(), kWrongUsage);
  lab::PromptIds& prompt = encoded.value();
  const models::SampleOptions sampling = sampling_of(options, model, &prompt);
  catch_interrupts();
  Stream stream(model, prompt);
  std::vector<int32_t> before = prompt.start;
  before.insert(before.end(), prompt.text.begin(), prompt.text.end());
  // The prompt comes with the first token: a model that has none to offer leaves no output.
  Status written;
  const auto start = std::chrono::steady_clock::now();
  try {
    models::generate(*model.model, before, sampling, [&](int32_t id) {
      written = stream.add(id);
      return written.ok() && !interrupted();
    });
  } catch (const models::NotFinite&) {
    say_error(model.path + ": the model's outputs are not finite (nan). " + model.if_not_finite);
    return kFailed;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (written.ok()) written = stream.show();
  if (!written.ok()) return fail(written);
  fmt::print("\n");
  const int64_t tokens = stream.added();
  if (interrupted()) {
    say_error(fmt::format("interrupted after {} new tokens.", tokens));
    return kInterrupted;
  }
  if (!options.quiet && tokens > 0) {
    fmt::print(stderr, "{} new tokens in {:.2f} s: {:.1f} tokens/s\n", tokens, seconds.count(),
               static_cast<double>(tokens) / seconds.count());
  }
  return kDone;
}

}  // namespace

Command add_generate(CLI::App& program) {
  CLI::App* app = program.add_subcommand("generate", "Continue a text with a trained model");
  auto options = std::make_shared<Options>();
  app->add_option("MODEL", options->model,
                  "checkpoint.safetensors, a run folder, a folder of transformers, or a .bin of "
                  "llama2.c")
      ->required();
  app->add_option("--tokenizer", options->tokenizer,
                  "Vocabulary of real weights [tok*.bin or tokenizer.json beside them]")
      ->type_name("FILE");
  app->add_option("--prompt", options->prompt, "Text to continue");
  app->add_option("--steps", options->sampling.steps,
                  "Most tokens of the text, the prompt's too; real weights end with their "
                  "positions")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str()
      ->type_name("N");
  app->add_option("--temperature", options->sampling.temperature, "0 is greedy")
      ->check(is_temperature)
      ->capture_default_str()
      ->type_name("X");
  app->add_option("--top-p", options->sampling.top_p, "Share of probability that is sampled from")
      ->check(is_share)
      ->capture_default_str()
      ->type_name("X");
  app->add_option("--seed", options->sampling.seed, "Seed of the sampling")
      ->capture_default_str()
      ->type_name("N");
  app->add_option("--rng", options->rng,
                  "How tokens are drawn: torch, in float64, or llama2c, bit for bit as llama2.c")
      ->check(is_known_rng)
      ->capture_default_str()
      ->type_name("NAME");
  app->add_option("--threads", options->threads, "Threads [all cores]")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  app->add_flag("--quiet", options->quiet, "Nothing on standard error but errors");
  app->footer(
      "Examples:\n  norma generate runs/bible --prompt 'In the beginning' --steps 300\n"
      "  norma generate stories260K.bin --temperature 1 --top-p 0.9 --seed 42 --rng llama2c");
  return {app, [options] { return run(*options); }, "Use a shorter --prompt or fewer --steps."};
}

}  // namespace norma::cli
