// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/hugging_face.h"

#include <filesystem>

#include "base/mapped_file.h"
#include "json/json.h"

namespace norma::weights {
namespace {

using nlohmann::json;

constexpr char kWeights[] = "model.safetensors";
constexpr char kIndex[] = "model.safetensors.index.json";
constexpr int kMaxDepth = 4;  // of an index: metadata may hold objects

Status damaged(const std::string& path, const std::string& what) {
  return Status(StatusCode::kDataLoss, path + ": " + what + ". Use another copy.");
}

Result<std::string> read_whole(const std::string& path, const std::string& what) {
  const auto file = MappedFile::open(path, what);
  if (!file.ok()) return file.status();
  return std::string(file.value()->bytes());
}

}  // namespace

Result<std::map<std::string, std::string>> parse_shard_index(std::string_view text) {
  const auto refuse = [](const std::string& what) {
    return Status(StatusCode::kDataLoss, "it " + what);
  };
  const Result<json> root = parse_json(text, kMaxDepth);
  if (!root.ok()) return refuse(root.status().message());
  const json& files = json_at(root.value(), "weight_map");
  if (!files.is_object()) return refuse("has no \"weight_map\"");
  std::map<std::string, std::string> map;
  for (const auto& [tensor, file] : files.items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    // A path out of the folder would read what the user did not name.
    if (name.find('/') != std::string::npos || !name.ends_with(".safetensors") ||
        name.find('\0') != std::string::npos) {
      return refuse("puts tensor " + json_shown(tensor) + " in " + json_shown(name) +
                    ", which must be a .safetensors file of this folder");
    }
    map[tensor] = name;
  }
  return map;
}

bool is_hugging_face_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path + "/config.json", ignored);
}

Result<HuggingFaceFolder> HuggingFaceFolder::open(const std::string& folder) {
  HuggingFaceFolder result;
  result.path_ = folder;
  Result<std::string> config = read_whole(folder + "/config.json", "folder of transformers");
  if (!config.ok()) return config.status();
  result.config_ = std::move(config.value());
  const std::string index_path = folder + "/" + kIndex;
  std::error_code ignored;
  if (!std::filesystem::exists(index_path, ignored)) {
    const std::string path = folder + "/" + kWeights;
    if (!std::filesystem::exists(path, ignored)) {
      const bool pickled = std::filesystem::exists(folder + "/pytorch_model.bin", ignored);
      return Status(StatusCode::kNotFound,
                    folder + " has a config.json but no weights, which are in " + kWeights +
                        ", or in shards with " + kIndex + ". " +
                        (pickled ? "Save those of its pytorch_model.bin so with transformers."
                                 : "Put them there, or give another folder."));
    }
    Result<SafetensorsFile> file = SafetensorsFile::open(path);
    if (!file.ok()) return file.status();
    result.tensors_ = file.value().tensors();
    result.shards_.push_back(std::move(file.value()));
    return result;
  }
  const Result<std::string> index = read_whole(index_path, "folder of transformers");
  if (!index.ok()) return index.status();
  const auto map = parse_shard_index(index.value());
  if (!map.ok()) return damaged(index_path, map.status().message());
  std::map<std::string, size_t> shards;
  for (const auto& [tensor, name] : map.value()) {
    const auto [at, added] = shards.emplace(name, result.shards_.size());
    if (added) {
      Result<SafetensorsFile> file = SafetensorsFile::open(folder + "/" + name);
      if (!file.ok()) return file.status();
      result.shards_.push_back(std::move(file.value()));
    }
    const auto& tensors = result.shards_[at->second].tensors();
    const auto found = tensors.find(tensor);
    if (found == tensors.end()) {
      return damaged(index_path, "tensor " + json_shown(tensor) + " must be in " + name +
                                     ", which does not have it");
    }
    result.tensors_.insert(*found);
  }
  return result;
}

}  // namespace norma::weights
