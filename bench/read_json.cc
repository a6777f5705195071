// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A result that may have been kept for long, and edited by anybody.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bench/bench.h"
#include "json/json.h"

namespace norma::bench {
namespace {

using Json = nlohmann::ordered_json;  // ratios in the order in which they were written

// Some hundred times what a result has.
constexpr size_t kMostBytes = size_t{1} << 30, kMostOfALine = 1 << 14;
constexpr int64_t kMostElements = int64_t{1} << 40;
constexpr std::string_view kRatio = "ratio_to_";

// A predicate: what is wrong with a line.
struct Wrong {
  std::string what;
};

const Json& at(const Json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end()) throw Wrong{fmt::format("has no \"{}\"", key)};
  return *found;
}

[[noreturn]] void refuse(const std::string& key, const Json& value, const char* rule) {
  throw Wrong{fmt::format("has {} as \"{}\", which must be {}", json_shown(value), key, rule)};
}

std::string text(const Json& line, const char* key) {
  const Json& value = at(line, key);
  if (!value.is_string()) refuse(key, value, "a text");
  return value.get<std::string>();
}

std::string one_of(const Json& line, const char* key, const std::vector<std::string>& known) {
  const std::string value = text(line, key);
  if (std::find(known.begin(), known.end(), value) == known.end()) {
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    refuse(key, value, ("one of " + list).c_str());
  }
  return value;
}

int64_t whole(const std::string& key, const Json& value, int64_t least, int64_t most) {
  const bool is_whole = value.is_number_integer();
  // What does not fit an int64 is kept as unsigned.
  const bool fits = is_whole && !(value.is_number_unsigned() &&
                                  value.get<uint64_t>() > static_cast<uint64_t>(most));
  if (!fits || value.get<int64_t>() < least || value.get<int64_t>() > most) {
    refuse(key, value, fmt::format("a whole number, {} to {}", least, most).c_str());
  }
  return value.get<int64_t>();
}

int64_t whole(const Json& line, const char* key, int64_t most) {
  return whole(key, at(line, key), 1, most);
}

double number(const std::string& key, const Json& value) {
  const bool is_size = value.is_number() && value.get<double>() >= 0;
  if (!is_size || !std::isfinite(value.get<double>())) refuse(key, value, "a number of at least 0");
  return value.get<double>();
}

double time(const Json& line, const char* key) {
  const Json& value = at(line, key);
  const double ns = number(key, value);
  if (ns == 0) refuse(key, value, "above 0");
  return ns;
}

CacheSizes caches(const Json& line) {
  const auto found = line.find("caches");
  if (found == line.end()) return {};
  if (!found->is_array() || found->size() != 3) refuse("caches", *found, "three sizes");
  const auto size = [&](size_t i) { return whole("caches", (*found)[i], 0, kMostElements); };
  return {size(0), size(1), size(2)};
}

Record record(const Json& line) {
  Record r;
  r.task = one_of(line, "task", task_names());
  r.dtype = one_of(line, "dtype", {"f32", "bf16", "f16"});
  r.impl = text(line, "impl");
  r.cache = one_of(line, "cache", {"hot", "cold"});
  r.rows = whole(line, "rows", kMostElements);
  r.cols = whole(line, "cols", kMostElements / r.rows);
  r.threads = static_cast<int>(whole(line, "threads", 1 << 20));
  r.samples = static_cast<int>(whole(line, "samples", 1 << 30));
  r.bytes = whole(line, "bytes", kMostElements << 6);
  r.median_ns = time(line, "median_ns");
  r.min_ns = time(line, "min_ns");
  r.gb_s = number("gb_s", at(line, "gb_s"));
  for (const auto& [key, value] : line.items()) {
    // 0, where it was rounded away, is a ratio too.
    if (key.starts_with(kRatio)) {
      r.ratios.emplace_back(key.substr(kRatio.size()), number(key, value));
    }
  }
  return r;
}

void add(const Json& line, Report* report) {
  Record r = record(line);
  const Report of_line{.records = {},
                       .machine = text(line, "machine"),
                       .date = text(line, "date"),
                       .commit = text(line, "commit"),
                       .caches = caches(line),
                       .versions = {},
                       .skipped = {}};
  if (report->records.empty()) *report = of_line;
  if (of_line.machine != report->machine || of_line.date != report->date ||
      of_line.commit != report->commit || of_line.caches != report->caches) {
    throw Wrong{"is of another run than those before it"};
  }
  if (line.contains("version")) {
    const std::pair<std::string, std::string> version{r.impl, text(line, "version")};
    auto& all = report->versions;
    if (std::find(all.begin(), all.end(), version) == all.end()) all.push_back(version);
  }
  report->records.push_back(std::move(r));
}

// Up to the end of the line or of the file; false where it is longer than a line may be.
bool read_line(std::istream& in, std::string* line) {
  line->clear();
  for (int c; (c = in.get()) != std::istream::traits_type::eof() && c != '\n';) {
    if (line->size() == kMostOfALine) return false;
    line->push_back(static_cast<char>(c));
  }
  return true;
}

}  // namespace

Result<Report> read_json(std::istream& in, const std::string& name) {
  Report report;
  std::string line;
  size_t number = 0, bytes = 0;
  try {
    while (in.peek() != std::istream::traits_type::eof()) {
      ++number;
      if (!read_line(in, &line)) throw Wrong{"is too long"};
      bytes += line.size() + 1;
      if (bytes > kMostBytes) throw Wrong{"is beyond what a result may hold"};
      const Result<Json> json = parse_json<Json>(line, /*max_depth=*/2, JsonKeys::kUnique);
      if (!json.ok()) throw Wrong{json.status().message()};
      if (!json.value().is_object()) throw Wrong{"is no object of JSON"};
      add(json.value(), &report);
    }
  } catch (const Wrong& wrong) {
    return invalid_argument(fmt::format("[bench] {} line {} {}.", name, number, wrong.what));
  }
  if (in.bad()) return Status(StatusCode::kIo, fmt::format("[bench] cannot read {}.", name));
  if (report.records.empty()) {
    return invalid_argument(fmt::format("[bench] {} is empty: give what --json wrote.", name));
  }
  return report;
}

}  // namespace norma::bench
