// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/train/run_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <limits>

#include "base/atomic_file.h"
#include "base/io_error.h"
#include "json/json.h"

namespace norma::lab {
namespace {

constexpr char kOtherOut[] = "Choose another --out.";
constexpr int kMaxDepth = 16;

// "" where there is no text of that name: a user may have edited the file.
std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string join_path(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

Status make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Status(StatusCode::kIo, "cannot make folder " + folder + ": " + error.message() + ". " +
                                       kOtherOut);
  }
  return Status();
}

Json json_number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

MetricsFile::~MetricsFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status MetricsFile::open(const std::string& path, int64_t keep_bytes) {
  path_ = path;
  bytes_ = keep_bytes;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) return io_error("write", path, errno, kOtherOut);
  if (::lseek(fd_, 0, SEEK_END) < keep_bytes) {
    return Status(StatusCode::kDataLoss, path + " is shorter than at the checkpoint. Start the "
                                                "run again in another --out.");
  }
  if (::ftruncate(fd_, keep_bytes) != 0) return io_error("truncate", path, errno, kOtherOut);
  return Status();
}

Status MetricsFile::append(const Json& line) {
  const std::string text = line.dump() + "\n";
  const ssize_t written = ::write(fd_, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    const int error = written < 0 ? errno : ENOSPC;
    // Half a line would make the whole file unreadable.
    if (written > 0 && ::ftruncate(fd_, bytes_) != 0) {
      return io_error("truncate", path_, errno, kOtherOut);
    }
    return io_error("write", path_, error, kOtherOut);
  }
  bytes_ += written;
  return Status();
}

Status MetricsFile::sync() {
  if (::fsync(fd_) != 0) return io_error("write", path_, errno, kOtherOut);
  return Status();
}

Status write_json(const std::string& path, const Json& json) {
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return write_file_atomically(path, {text});
}

Result<Json> read_json(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text.ok()) return text.status();
  Result<Json> json = parse_json<Json>(text.value(), kMaxDepth);
  if (!json.ok() || !json.value().is_object()) {
    return Status(StatusCode::kDataLoss, path + " is no JSON object. Remove it and run again.");
  }
  return json;
}

Result<double> number_at(const Json& json, const std::string& key, const std::string& path) {
  std::string pointer = "/" + key;
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  const Json::json_pointer place(pointer);
  const Json value = json.contains(place) ? json.at(place) : Json();
  if (value.is_number()) return value.get<double>();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double special : {std::nan(""), kInfinity, -kInfinity}) {
    if (value == json_number(special)) return special;
  }
  return Status(
      StatusCode::kDataLoss,
      path + " must have a number " + key + " but has " +
          (value.is_null() ? "none" : value.dump(-1, ' ', false, Json::error_handler_t::replace)) +
          ". Remove it and run again.");
}

void describe_recipe(const TrainRecipe& recipe, const models::ModelConfig& model, Json* summary) {
  const TrainingRecipe& t = recipe.train;
  (*summary)["model"] = Json::parse(models::to_json(model));
  (*summary)["train"] = {{"optimizer", t.optimizer},
                         {"lr", t.lr},
                         {"warmup_steps", t.warmup_steps},
                         {"schedule", t.schedule},
                         {"steps", t.steps},
                         {"batch_size", t.batch_size},
                         {"label_smoothing", t.label_smoothing},
                         {"weight_decay", t.weight_decay},
                         {"clip", t.clip},
                         {"threads", t.threads}};
  (*summary)["seed"] = t.seed;
}

Result<std::optional<Json>> finished_summary(const std::string& folder,
                                             const TrainRecipe& recipe) {
  const std::string config_path = join_path(folder, "config.toml");
  if (!std::filesystem::exists(config_path)) return std::optional<Json>();
  Result<std::string> config = read_file(config_path);
  if (!config.ok()) return config.status();
  if (config.value() != to_toml(recipe)) {
    return invalid_argument(folder + " holds the run of another recipe. Choose another --out, or "
                                     "remove the folder.");
  }
  const std::string summary_path = join_path(folder, "summary.json");
  if (!std::filesystem::exists(summary_path)) return std::optional<Json>();
  Result<Json> summary = read_json(summary_path);
  if (!summary.ok()) return summary.status();
  const std::string status = text_at(summary.value(), "status");
  if (status != "done" && status != "diverged") return std::optional<Json>();
  return std::optional<Json>(summary.value());
}

}  // namespace norma::lab
