// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A folder as transformers' save_pretrained() leaves it: config.json, and the weights in
// model.safetensors or in shards that model.safetensors.index.json lists. Hostile folders are
// refused with the reason.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "weights/safetensors.h"

namespace norma::weights {

// {tensor: shard of the folder} out of an index. kDataLoss says what is wrong, without its name.
Result<std::map<std::string, std::string>> parse_shard_index(std::string_view text);

// True where `path` is a folder with a config.json.
bool is_hugging_face_folder(const std::string& path);

class HuggingFaceFolder {
 public:
  // kNotFound names a file that is missing, a shard too; kDataLoss what is wrong with one. After
  // it each tensor of the index is in the shard that the index says.
  static Result<HuggingFaceFolder> open(const std::string& folder);

  const std::string& path() const { return path_; }
  const std::string& config_json() const { return config_; }
  // Of all shards, mapped; they last as long as this object or a copy of it.
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }

 private:
  std::string path_, config_;
  std::vector<SafetensorsFile> shards_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace norma::weights
