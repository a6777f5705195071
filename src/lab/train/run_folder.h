// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The files of a run folder (docs/run-folder.md), but for the checkpoint.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/status.h"
#include "lab/recipes/recipe.h"

namespace norma::lab {

using Json = nlohmann::ordered_json;

std::string join_path(const std::string& folder, const std::string& name);
Status make_folder(const std::string& folder);

// JSON has no NaN: a number that is not finite becomes "nan", "inf" or "-inf".
Json json_number(double value);

// metrics.jsonl: one write a line, so that a kill leaves whole lines.
class MetricsFile {
 public:
  MetricsFile() = default;
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // Keeps the first `keep_bytes` of what is there: a resumed run writes the rest again.
  Status open(const std::string& path, int64_t keep_bytes);
  Status append(const Json& line);
  // What was appended is on disk after this.
  Status sync();
  int64_t bytes() const { return bytes_; }

 private:
  std::string path_;
  int fd_ = -1;
  int64_t bytes_ = 0;
};

Status write_json(const std::string& path, const Json& json);
Result<Json> read_json(const std::string& path);

// The number of `json`, which was read from `path`, at a key such as "result.valid_loss"; "nan",
// "inf" and "-inf" are numbers. An error names the file and the key: files of a run folder may be
// another program's.
Result<double> number_at(const Json& json, const std::string& key, const std::string& path);

// The sections "model" (without parameters) and "train" of a summary, and "seed".
void describe_recipe(const TrainRecipe& recipe, const models::ModelConfig& model, Json* summary);

// The summary of a run that is over (done or diverged) and was made from this very recipe; nothing
// where there is none yet. An error where the folder holds the run of another recipe.
Result<std::optional<Json>> finished_summary(const std::string& folder, const TrainRecipe& recipe);

}  // namespace norma::lab
