// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "weights/hugging_face.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/mapped_file.h"

namespace norma::weights {
namespace {

using nlohmann::json;

constexpr char kWeights[] = "model.safetensors";
constexpr char kIndex[] = "model.safetensors.index.json";
constexpr int kMaxDepth = 4;  // of an index: metadata may hold objects

std::string shown(const std::string& text) {
  constexpr size_t kMaxShown = 80;
  std::string dump = json(text).dump(-1, ' ', true, json::error_handler_t::replace);
  if (dump.size() > kMaxShown) dump.replace(kMaxShown, std::string::npos, "...");
  return dump;
}

Status damaged(const std::string& path, const std::string& what) {
  return Status(StatusCode::kDataLoss, path + ": " + what + ". Use another copy.");
}

Result<std::string> read_whole(const std::string& path, const std::string& what) {
  const auto file = MappedFile::open(path, what);
  if (!file.ok()) return file.status();
  return std::string(file.value()->bytes());
}

struct TooDeep {};

// {tensor: file of this folder}
Result<std::map<std::string, std::string>> parse_index(const std::string& path,
                                                       const std::string& text) {
  json root;
  try {
    root = json::parse(text, [](int depth, json::parse_event_t, json&) {
      if (depth > kMaxDepth) throw TooDeep();
      return true;
    });
  } catch (const json::exception&) {
    return damaged(path, "it is not valid JSON");
  } catch (const TooDeep&) {
    return damaged(path, "it is nested too deeply");
  }
  const auto found = root.is_object() ? root.find("weight_map") : root.end();
  if (!root.is_object() || found == root.end() || !found->is_object()) {
    return damaged(path, "it has no \"weight_map\"");
  }
  std::map<std::string, std::string> map;
  for (const auto& [tensor, file] : found->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    // A path out of the folder would read what the user did not name.
    if (name.empty() || name.find('/') != std::string::npos || !name.ends_with(".safetensors") ||
        name.find('\0') != std::string::npos) {
      return damaged(path, "tensor " + shown(tensor) + " must be in a .safetensors file of this "
                           "folder but is in " + shown(name));
    }
    map[tensor] = name;
  }
  return map;
}

}  // namespace

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
    Result<SafetensorsFile> file = SafetensorsFile::open(folder + "/" + kWeights);
    if (!file.ok()) return file.status();
    result.tensors_ = file.value().tensors();
    result.shards_.push_back(std::move(file.value()));
    return result;
  }
  const Result<std::string> index = read_whole(index_path, "folder of transformers");
  if (!index.ok()) return index.status();
  const auto map = parse_index(index_path, index.value());
  if (!map.ok()) return map.status();
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
      return damaged(index_path, "tensor " + shown(tensor) + " must be in " + name +
                                     ", which does not have it");
    }
    result.tensors_.insert(*found);
  }
  return result;
}

}  // namespace norma::weights
