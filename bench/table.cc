// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/table.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <map>
#include <set>
#include <tuple>

namespace norma::bench {

void print_header(std::ostream& out) {
  fmt::print(out,
             "{:<20} {:>5} {:>5} {:>3} {:>4} | {:>11} {:>6} | {:>11} {:>6} {:>6} | {:>11} | "
             "{:>7}\n",
             "task", "rows", "cols", "thr", "", "copy ns", "GB/s", "norma ns", "GB/s", "/copy",
             "torch ns", "/torch");
}

void print_line(std::ostream& out, const Record& copy, const Record& norma, const Record& torch) {
  fmt::print(out,
             "{:<20} {:>5} {:>5} {:>3} {:>4} | {:>11.0f} {:>6.1f} | {:>11.0f} {:>6.1f} "
             "{:>6.2f} | {:>11.0f} | {:>7.3f}\n",
             norma.task, norma.rows, norma.cols, norma.threads, norma.cache, copy.median_ns,
             copy.gb_s, norma.median_ns, norma.gb_s, norma.ratio_to("copy"), torch.median_ns,
             norma.ratio_to("torch"));
}

void print_torch_summary(std::ostream& out, const Report& report) {
  fmt::print(out, "\nnorma's time over torch's, hot: geometric mean and worst shape\n");
  for (const Verdict& v : verdicts(report.records, {})) {
    if (v.place != "hot" || v.against != "torch") continue;
    fmt::print(out, "{:<20} {:>2} threads: {:.3f}, worst {:.3f} at [{}, {}], {} of {} above {}\n",
               v.task, v.threads, v.geomean, v.worst, v.worst_rows, v.worst_cols, v.behind,
               v.shapes, kBehind);
  }
  fmt::print(out, "hash of norma's answers: {:016x}\n", report.hash);
}

void print_grids(std::ostream& out, const std::vector<Record>& records, const std::string& task) {
  using Cells = std::map<std::pair<int64_t, int64_t>, const Record*>;
  // Hot before cold, few threads before many.
  std::map<std::tuple<std::string, bool, int>, Cells> grids;
  for (const Record& r : records) {
    if (r.task != task || r.impl != "norma") continue;
    grids[{r.dtype, r.cache != "hot", r.threads}][{r.rows, r.cols}] = &r;
  }
  for (const auto& [name, cells] : grids) {
    const auto& [dtype, cold, threads] = name;
    fmt::print(out, "\n{}, {}, {}, {} threads\n{:>8}", task, dtype, cold ? "cold" : "hot", threads,
               "rows");
    std::set<int64_t> rows, cols;
    for (const auto& [shape, record] : cells) rows.insert(shape.first), cols.insert(shape.second);
    for (const int64_t c : cols) fmt::print(out, " {:>11}", c);
    for (const int64_t r : rows) {
      fmt::print(out, "\n{:>8}", r);
      for (const int64_t c : cols) {
        const auto cell = cells.find({r, c});
        const Record* found = cell == cells.end() ? nullptr : cell->second;
        const std::string text =
            found ? fmt::format("{:.2f}/{:.2f}", found->ratio_to("copy"), ratio_to_best(*found))
                  : "";
        fmt::print(out, " {:>11}", text);
      }
    }
    fmt::print(out, "\n");
  }
}

void print_verdicts(std::ostream& out, const std::vector<Verdict>& verdicts) {
  fmt::print(out, "{:<20} {:<5} {:>3} {:<6} {:<12} {:>6} {:>8} {:>8} {:<14} {:>6}\n", "task",
             "dtype", "thr", "place", "against", "shapes", "geomean", "worst", "at", "behind");
  for (const Verdict& v : verdicts) {
    const std::string behind = v.against == "copy" ? "" : std::to_string(v.behind);
    fmt::print(out, "{:<20} {:<5} {:>3} {:<6} {:<12} {:>6} {:>8.3f} {:>8.3f} {:<14} {:>6}\n",
               v.task, v.dtype, v.threads, v.place, v.against, v.shapes, v.geomean, v.worst,
               fmt::format("[{}, {}]", v.worst_rows, v.worst_cols), behind);
  }
}

}  // namespace norma::bench
