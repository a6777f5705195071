// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// `norma convert`: the same function with less to compute, and the proof that it is the same.
#include "models/convert.h"

#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/load/language_model.h"
#include "lab/train/checkpoint.h"
#include "models/norma_folder.h"

namespace norma::cli {
namespace {

namespace fs = std::filesystem;

// What rounding leaves of an exact rewriting in float32.
constexpr double kMostDifference = 1e-4;
constexpr int64_t kTexts = 4, kLength = 64;

struct Options {
  std::string model, to, tokenizer, out;
  bool fold_gains = false;
};

Status copy_tokenizer(const Options& options, const lab::AnyModel& source, const fs::path& folder) {
  std::string path = options.tokenizer;
  if (path.empty()) {
    const Result<std::string> found =
        lab::find_tokenizer(source.weights, source.real->model->config().vocab_size);
    if (!found.ok()) return {};  // generate will ask for one
    path = found.value();
  }
  const Result<std::string> bytes = read_file(path, "Give another --tokenizer.");
  if (!bytes.ok()) return bytes.status();
  return write_file_atomically((folder / fs::path(path).filename()).string(), {bytes.value()});
}

Status write_into(const Options& options, const lab::AnyModel& source,
                  const std::shared_ptr<models::Model>& converted, const fs::path& folder) {
  if (source.trained) {
    return lab::save_model((folder / "checkpoint.safetensors").string(), *converted,
                           source.trained->tokenizer, source.trained->step);
  }
  const auto decoder = std::dynamic_pointer_cast<models::DecoderOnly>(converted);
  NORMA_RETURN_IF_ERROR(models::write_norma_folder(
      folder.string(), {decoder, source.real->bos, source.real->ends}));
  return copy_tokenizer(options, source, folder);
}

// The whole folder or none.
Status write(const Options& options, const lab::AnyModel& source,
             const std::shared_ptr<models::Model>& converted) {
  const fs::path partial = options.out + ".partial";
  std::error_code error;
  fs::remove_all(partial, error);
  if (!fs::create_directories(partial, error)) {
    return Status(StatusCode::kIo, partial.string() + " cannot be made: " + error.message() +
                                       ". Choose another --out.");
  }
  Status written = write_into(options, source, converted, partial);
  if (written.ok()) {
    fs::rename(partial, options.out, error);
    if (error) {
      written = Status(StatusCode::kIo, options.out + " cannot be made: " + error.message() +
                                            ". Choose another --out.");
    }
  }
  if (!written.ok()) fs::remove_all(partial, error);
  return written;
}

int64_t parameters_of(const models::Model& model) {
  int64_t count = 0;
  for (const torch::Tensor& p : model.parameters()) count += p.numel();
  return count;
}

int run(const Options& options) {
  exit_on_interrupt();
  if (options.to.empty() && !options.fold_gains) {
    say_error("say what to do: --to rmsnorm, --fold-gains, or both.");
    return kWrongUsage;
  }
  if (fs::exists(options.out)) {
    say_error(options.out + " exists and is not written over. Choose another --out.");
    return kWrongUsage;
  }
  Result<lab::AnyModel> loaded = lab::load_any_model(options.model);
  if (!loaded.ok()) return fail(loaded.status());
  lab::AnyModel& source = loaded.value();
  if (source.trained && !options.tokenizer.empty()) {
    say_error(options.model + " has its vocabulary in itself; leave --tokenizer out.");
    return kWrongUsage;
  }
  models::Conversion conversion;
  conversion.to_rmsnorm = options.to == "rmsnorm";
  conversion.fold_gains = options.fold_gains;
  const Result<std::shared_ptr<models::Model>> converted =
      models::convert(*source.model, conversion);
  if (!converted.ok()) return fail(converted.status());

  constexpr uint64_t kSeed = 1;
  const models::LogitDifference difference =
      models::compare_logits(*source.model, *converted.value(), kTexts, kLength, kSeed);
  fmt::print("{}, placement {}: now {}{}\n", source.model->config().norm,
             source.model->config().placement, converted.value()->config().norm,
             options.fold_gains ? ", every gain 1" : "");
  fmt::print("greatest difference of a logit: {:.2e}, of logits up to {:.1f}, at {} random tokens "
             "(allowed: {:.0e})\n", difference.greatest, difference.logit, difference.tokens,
             kMostDifference);
  if (!(difference.greatest <= kMostDifference)) {
    say_error(fmt::format("the converted model is not the same, and is not written: its logits "
                          "differ by {:.2e}. Its stream may be too far from 0 for float32.",
                          difference.greatest));
    return kFailed;
  }
  const Status written = write(options, source, converted.value());
  if (!written.ok()) return fail(written);
  fmt::print("{} parameters, were {}\nwritten: {}\n", parameters_of(*converted.value()),
             parameters_of(*source.model), options.out);
  return kDone;
}

}  // namespace

Command add_convert(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "convert", "Rewrite a Pre-LN model for RMSNorm, or fold its gains, and prove it the same");
  auto options = std::make_shared<Options>();
  app->add_option("MODEL", options->model,
                  "checkpoint.safetensors, a run folder, a folder of transformers, or a .bin of "
                  "llama2.c")
      ->required();
  app->add_option("--to", options->to,
                  "rmsnorm: LayerNorm becomes RMSNorm, with the means of all that writes to the "
                  "stream taken off and the shifts in the biases behind")
      ->check(CLI::IsMember({"rmsnorm"}))
      ->type_name("NORM");
  app->add_flag("--fold-gains", options->fold_gains,
                "Put each norm's gain into the matrices that read it");
  app->add_option("--out", options->out, "Folder to write, which must not be there")
      ->required()
      ->type_name("FOLDER");
  app->add_option("--tokenizer", options->tokenizer,
                  "Vocabulary of real weights, to be copied along [tok*.bin or tokenizer.json "
                  "beside them]")
      ->type_name("FILE");
  app->footer(
      "Example:\n  norma convert runs/gpt --to rmsnorm --fold-gains --out runs/gpt-rms\n"
      "The two models' logits are compared on random tokens first; where they differ by more than "
      "1e-4 nothing is written.");
  return {app, [options] { return run(*options); }, "Free some memory, or convert elsewhere."};
}

}  // namespace norma::cli
