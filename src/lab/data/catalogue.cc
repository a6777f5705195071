// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/catalogue.h"

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/nearest.h"
#include "lab/data/images.h"

namespace norma::lab {
namespace {

bool is_there(const DataSet& set, const std::string& path) {
  std::error_code error;
  if (set.kind != DataKind::kImages) return std::filesystem::is_regular_file(path, error);
  return std::all_of(image_files().begin(), image_files().end(), [&](const std::string& name) {
    return std::filesystem::is_regular_file(std::filesystem::path(path) / name, error);
  });
}

void inspect_images(DataSetState* state) {
  const Result<ImageSplit> split = load_images(state->path);
  if (!split.ok()) return;
  const Images &train = split.value().train, &valid = split.value().valid;
  state->present = true;
  state->lines = train.count + valid.count;
  // Heads and labels, and the pixels.
  state->bytes = 48 + state->lines +
                 static_cast<int64_t>(train.pixels.size() + valid.pixels.size());
}

}  // namespace

const std::vector<DataSet>& known_data_sets() {
  static const std::vector<DataSet> sets = {
      {"en-de", DataKind::kPairs, "en-de/en-de.tsv",
       "English-German sentence pairs from the help and the user interface of LibreOffice",
       "Debian packages libreoffice-help-en-us, libreoffice-help-de, libreoffice-l10n-de",
       "MPL-2.0", "make data"},
      {"kjv", DataKind::kText, "kjv/kjv.txt", "The King James Bible, one verse a line",
       "Debian packages bible-kjv, bible-kjv-text", "public domain", "make data"},
      {"fashion-mnist", DataKind::kImages, "fashion-mnist",
       "Pictures of clothes, 28 by 28 pixels, in ten classes: 60,000 and a test set of 10,000",
       "Debian package dataset-fashion-mnist", "MIT", "make data"}};
  return sets;
}

DataKind kind_of_family(const std::string& family) {
  if (family == "mlp") return DataKind::kImages;
  return family == "encdec" ? DataKind::kPairs : DataKind::kText;
}

const char* name_of(DataKind kind) {
  if (kind == DataKind::kImages) return "pictures";
  return kind == DataKind::kPairs ? "sentence pairs" : "running text";
}

DataSetState inspect_data_set(const DataSet& set, const std::string& root) {
  DataSetState state;
  state.path = (std::filesystem::path(root) / set.file).string();
  if (set.kind == DataKind::kImages) {
    inspect_images(&state);
    return state;
  }
  const Result<std::string> file = read_file(state.path);
  if (!file.ok()) return state;
  const std::string& text = file.value();
  state.present = true;
  state.bytes = static_cast<int64_t>(text.size());
  state.lines = std::count(text.begin(), text.end(), '\n');
  return state;
}

Result<std::string> resolve_data(const std::string& name_or_path, const std::string& root) {
  std::error_code error;
  std::vector<std::string> names;
  for (const DataSet& set : known_data_sets()) {
    names.push_back(set.name);
    if (set.name != name_or_path) continue;
    const std::string path = (std::filesystem::path(root) / set.file).string();
    if (is_there(set, path)) return path;
    return Status(StatusCode::kNotFound, "data set " + set.name + " is not at " + path +
                                             ". Fetch it with: " + set.how_to_get);
  }
  if (std::filesystem::exists(name_or_path, error)) return name_or_path;
  // What is written as a path is no misspelt name.
  if (name_or_path.find_first_of("/.") != std::string::npos) {
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    return Status(StatusCode::kNotFound, "there is no file \"" + name_or_path +
                                             "\". Give another path, or a data set: " + known +
                                             ".");
  }
  return Status(StatusCode::kNotFound, unknown_name("data set or file", name_or_path, names));
}

}  // namespace norma::lab
