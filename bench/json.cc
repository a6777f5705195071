// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "bench/bench.h"

namespace norma::bench {
namespace {

double to_parts(double value, double parts) { return std::round(value * parts) / parts; }

// Four digits, whatever the size: a ratio may be 0.02 and is multiplied with others.
double to_four_digits(double ratio) {
  if (!(ratio > 0)) return ratio;
  return to_parts(ratio, std::pow(10., std::max(3 - std::floor(std::log10(ratio)), 0.)));
}

}  // namespace

Report rounded(Report report) {
  for (Record& r : report.records) {
    r.median_ns = to_parts(r.median_ns, 10);
    r.min_ns = to_parts(r.min_ns, 10);
    r.gb_s = to_parts(r.gb_s, 1000);
    for (auto& [other, ratio] : r.ratios) ratio = to_four_digits(ratio);
  }
  return report;
}

Status write_json(const Report& given, const std::string& path) {
  const Report report = rounded(given);
  std::string lines;
  for (const Record& r : report.records) {
    nlohmann::ordered_json line = {{"task", r.task},
                                   {"dtype", r.dtype},
                                   {"rows", r.rows},
                                   {"cols", r.cols},
                                   {"threads", r.threads},
                                   {"impl", r.impl},
                                   {"cache", r.cache},
                                   {"median_ns", r.median_ns},
                                   {"min_ns", r.min_ns},
                                   {"gb_s", r.gb_s}};
    // Of a text, each row is a token.
    if (r.task.starts_with("generation")) {
      line["tokens_s"] = to_parts(static_cast<double>(r.rows) / r.median_ns * 1e9, 10);
    }
    for (const auto& [other, ratio] : r.ratios) line["ratio_to_" + other] = ratio;
    line["samples"] = r.samples;
    line["bytes"] = r.bytes;
    line["commit"] = report.commit;
    line["machine"] = report.machine;
    line["date"] = report.date;
    const CacheSizes& caches = report.caches;
    if (caches.last_level > 0) line["caches"] = {caches.l1, caches.l2, caches.last_level};
    for (const auto& [impl, version] : report.versions) {
      if (impl == r.impl) line["version"] = version;
    }
    lines += line.dump() + "\n";
  }
  return write_file_atomically(path, {lines});
}

}  // namespace norma::bench
