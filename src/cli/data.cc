// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/recipe_flags.h"
#include "cli/terminal.h"
#include "lab/data/catalogue.h"
#include "lab/data/images.h"
#include "lab/data/language.h"
#include "lab/data/pairs.h"

namespace norma::cli {
namespace {

struct Options {
  std::string name, data_root = default_data_root();
  lab::PairOptions pairs;
  bool text = false;
};

int list(const std::string& root) {
  for (const lab::DataSet& set : lab::known_data_sets()) {
    const lab::DataSetState state = lab::inspect_data_set(set, root);
    fmt::print("{}: {}\n  licence {}, from {}\n", set.name, set.description, set.licence,
               set.source);
    if (state.present) {
      fmt::print("  present: {} ({} {}, {} bytes)\n", state.path, state.lines,
                 set.kind == lab::DataKind::kImages ? "pictures" : "lines", state.bytes);
    } else {
      fmt::print("  absent: {}; fetch it with: {}\n", state.path, set.how_to_get);
    }
  }
  return kDone;
}

int check_pairs(const std::string& path, const lab::PairOptions& options) {
  Result<lab::PairSplit> split = lab::load_pairs(path, options);
  if (!split.ok()) return fail(split.status());
  const lab::PairSplit& s = split.value();
  fmt::print("{}: {} pairs, {} left out by length, {} to train on, {} held out\n", path, s.lines,
             s.left_out, s.train.size(), s.valid.size());
  fmt::print("first: {} | {}\n", s.train[0].source, s.train[0].target);
  return kDone;
}

int check_text(const std::string& path) {
  Result<lab::TextSplit> split = lab::load_text(path);
  if (!split.ok()) return fail(split.status());
  fmt::print("{}: {} bytes to train on, {} held out\n", path, split.value().train.size(),
             split.value().valid.size());
  return kDone;
}

int check_images(const std::string& path) {
  Result<lab::ImageSplit> split = lab::load_images(path);
  if (!split.ok()) return fail(split.status());
  const lab::ImageSplit& s = split.value();
  fmt::print("{}: {} pictures of {} pixels to train on, {} held out, {} classes\n", path,
             s.train.count, s.train.features, s.valid.count, s.classes);
  return kDone;
}

int run(const Options& options) {
  exit_on_interrupt();
  if (options.name.empty()) return list(options.data_root);
  Result<std::string> path = lab::resolve_data(options.name, options.data_root);
  if (!path.ok()) return fail(path.status());
  lab::DataKind kind = options.text ? lab::DataKind::kText : lab::DataKind::kPairs;
  if (std::filesystem::is_directory(path.value())) kind = lab::DataKind::kImages;
  for (const lab::DataSet& set : lab::known_data_sets()) {
    if (set.name == options.name) kind = set.kind;
  }
  if (kind == lab::DataKind::kImages) return check_images(path.value());
  return kind == lab::DataKind::kText ? check_text(path.value())
                                      : check_pairs(path.value(), options.pairs);
}

}  // namespace

Command add_data(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "data", "List the known data sets, or check one or a file of your own");
  auto options = std::make_shared<Options>();
  app->add_option("NAME", options->name,
                  "Known data set, a TSV or text file, or a folder of pictures [list all]");
  app->add_flag("--text", options->text, "The file is running text, not source<TAB>target lines");
  app->add_option("--max-words", options->pairs.max_words, "Pairs: most words a side, 0 is any")
      ->check(CLI::Range(0, 1000000000))
      ->capture_default_str()
      ->type_name("N");
  app->add_option("--data-root", options->data_root, "Folder of the known data sets")
      ->capture_default_str()
      ->type_name("FOLDER");
  app->footer("Examples:\n  norma data\n  norma data en-de --max-words 8\n  norma data mine.tsv");
  return {app, [options] { return run(*options); }};
}

}  // namespace norma::cli
