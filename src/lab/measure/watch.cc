// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/measure/watch.h"

#include <algorithm>
#include <fstream>

#include "json/json.h"
#include "lab/train/run_folder.h"

namespace norma::lab {
namespace {

// Long enough for many lines: those of validations stand between those of training.
constexpr std::streamoff kTail = 4096;
constexpr int kMaxDepth = 16;

std::string tail_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  if (size <= 0) return "";
  file.seekg(std::max<std::streamoff>(0, size - kTail));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<Progress> progress_of(const std::string& line, int64_t steps) {
  const Result<Json> parsed = parse_json<Json>(line, kMaxDepth);
  const Json json = parsed.ok() ? parsed.value() : Json();
  if (!json.is_object() || json.value("kind", Json()) != Json("train")) return std::nullopt;
  for (const char* key : {"step", "loss", "tokens", "seconds"}) {
    if (!json.contains(key) || !json[key].is_number()) return std::nullopt;
  }
  const double seconds = json["seconds"];
  const int64_t step = json["step"];
  if (step <= 0 || seconds <= 0) return std::nullopt;
  return Progress{step, steps, json["loss"], json["tokens"].get<double>() / seconds,
                  seconds / static_cast<double>(step) * static_cast<double>(steps - step)};
}

}  // namespace

std::optional<Progress> last_progress(const std::string& folder, int64_t steps) {
  std::string text = tail_of(join_path(folder, "metrics.jsonl"));
  size_t end = text.rfind('\n');
  while (end != std::string::npos) {
    const size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
    const size_t begin = before == std::string::npos ? 0 : before + 1;
    if (auto found = progress_of(text.substr(begin, end - begin), steps)) return found;
    end = before;
  }
  return std::nullopt;
}

double seconds_left(const std::vector<Progress>& running, int64_t waiting, int64_t side_by_side,
                    double a_run) {
  double sum = 0, longest = 0, whole = 0, known = 0;
  for (const Progress& p : running) {
    sum += p.seconds_left;
    longest = std::max(longest, p.seconds_left);
    // One that is past its last step translates, and says nothing of how long it took.
    if (p.step >= p.steps) continue;
    const auto steps = static_cast<double>(p.steps), left = static_cast<double>(p.steps - p.step);
    whole += p.seconds_left * steps / left;
    known += 1;
  }
  if (a_run <= 0 && known > 0) a_run = whole / known;
  return std::max(longest, (sum + static_cast<double>(waiting) * a_run) /
                               static_cast<double>(side_by_side));
}

}  // namespace norma::lab
