// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "bench/bench.h"

namespace norma::bench {

Status write_json(const Report& report, const std::string& path) {
  std::string lines;
  for (const Record& r : report.records) {
    const auto tenths = [](double ns) { return std::round(ns * 10) / 10; };
    const auto thousandths = [](double ratio) { return std::round(ratio * 1000) / 1000; };
    nlohmann::ordered_json line = {{"task", r.task},
                                   {"dtype", r.dtype},
                                   {"rows", r.rows},
                                   {"cols", r.cols},
                                   {"threads", r.threads},
                                   {"impl", r.impl},
                                   {"cache", r.cache},
                                   {"median_ns", tenths(r.median_ns)},
                                   {"min_ns", tenths(r.min_ns)},
                                   {"gb_s", thousandths(r.gb_s)}};
    // Of a text, each row is a token.
    if (r.task.starts_with("generation")) {
      line["tokens_s"] = tenths(static_cast<double>(r.rows) / r.median_ns * 1e9);
    }
    for (const auto& [other, ratio] : r.ratios) line["ratio_to_" + other] = thousandths(ratio);
    line["samples"] = r.samples;
    line["bytes"] = r.bytes;
    line["commit"] = report.commit;
    line["machine"] = report.machine;
    line["date"] = report.date;
    for (const auto& [impl, version] : report.versions) {
      if (impl == r.impl) line["version"] = version;
    }
    lines += line.dump() + "\n";
  }
  return write_file_atomically(path, {lines});
}

}  // namespace norma::bench
