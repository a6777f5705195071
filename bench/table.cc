// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/table.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
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

namespace {

std::string wished(const Target& t) {
  const char* const limit = t.limit == Target::Limit::kAtMost  ? "<="
                            : t.limit == Target::Limit::kBelow ? "<"
                                                               : ">=";
  return fmt::format("{} {:g}", limit, t.wished);
}

// Four digits or more, without an exponent.
std::string shown(double value) { return fmt::format("{:.{}f}", value, value < 100 ? 3 : 1); }

}  // namespace

void print_targets(std::ostream& out, const std::vector<Target>& targets) {
  constexpr const char* kLine = "{:<26} {:<22} {:<5} {:>3} {:>8} {:>8} {:>8} {:<14} {:>7}  {}\n";
  fmt::print(out, kLine, "wish", "task", "dtype", "thr", "wished", "reached", "worst",
             "at", "behind", "");
  int reached = 0, measured = 0;
  for (const Target& t : targets) {
    const bool is_there = t.cells > 0;
    reached += t.is_reached();
    measured += is_there;
    fmt::print(out, kLine, t.wish, t.task, t.dtype, t.threads, wished(t),
               is_there ? shown(t.reached) : "", is_there ? shown(t.worst) : "",
               is_there ? fmt::format("[{}, {}]", t.worst_rows, t.worst_cols) : "",
               is_there ? fmt::format("{}/{}", t.behind, t.cells) : "",
               !is_there         ? "not measured"
               : t.is_reached() ? "reached"
                                : "missed");
  }
  fmt::print(out, "reached: {} of {} that were measured\n", reached, measured);
}

void print_title(std::ostream& out, const Report& report, const std::vector<std::string>& dtypes,
                 int samples) {
  std::string types;
  for (const std::string& dtype : dtypes) types += dtype + ", ";
  fmt::print(out, "{}; {}; commit {}; {}{} paired samples\n", report.machine, report.date,
             report.commit, types, samples);
}

Status flushed(std::ostream& out) {
  if (out.flush()) return {};
  return {StatusCode::kIo,
          "[bench] cannot write the table. Free some space, or send it elsewhere."};
}

Status print_end(const Report& measured, std::ostream& table) {
  const Report report = rounded(measured);
  fmt::print(table, "\nnorma's time over that of others\n");
  print_verdicts(table, verdicts(report.records, report.caches));
  fmt::print(table, "\npeers:");
  for (const auto& [impl, version] : report.versions) fmt::print(table, " {} {};", impl, version);
  if (report.hash != 0) fmt::print(table, " hash of norma's answers: {:016x}", report.hash);
  fmt::print(table, "\n");
  for (const std::string& line : report.skipped) fmt::print(table, "skipped: {}\n", line);
  fmt::print(table, "\nwhat was wished and what is reached\n");
  print_targets(table, targets(report.records, report.caches));
  return flushed(table);
}

Status print_kept(Report report, std::ostream& table) {
  std::vector<std::string> dtypes;
  for (const Record& r : report.records) {
    if (std::find(dtypes.begin(), dtypes.end(), r.dtype) == dtypes.end()) dtypes.push_back(r.dtype);
  }
  print_title(table, report, dtypes, report.records.empty() ? 0 : report.records.front().samples);
  if (report.caches.last_level == 0) {
    report.caches = cache_sizes();
    const CacheSizes& c = report.caches;
    fmt::print(table,
               "caches: the result does not hold their sizes; taken are this machine's, {} KiB of "
               "L1, {} KiB of L2, {} MiB of the last level\n",
               c.l1 >> 10, c.l2 >> 10, c.last_level >> 20);
  }
  std::vector<std::string> tasks;
  for (const Record& r : report.records) {
    if (std::find(tasks.begin(), tasks.end(), r.task) == tasks.end()) tasks.push_back(r.task);
  }
  for (const std::string& task : tasks) print_grids(table, report.records, task);
  return print_end(report, table);
}

}  // namespace norma::bench
