// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Times the norm kernels against those of other libraries and against a parallel memcpy.
//
// Every peer computes the same task on the same buffers with outputs allocated beforehand. Its
// answer is checked against a float64 reference first: a wrong answer is never timed. The peers are
// timed in turn, sample by sample, so that a ratio compares two times taken side by side. ONNX
// Runtime alone is timed in a process of its own (harness/onnxruntime.h), where its samples
// alternate with norma's.
//
//   bench::Options options;                        // the short suite
//   options.tasks = {"layer_norm_forward"};        // or a part of it
//   bench::Report report;
//   Status ran = bench::run(options, std::cout, &report);
//   Status saved = bench::write_json(report, "result.jsonl");
//   Result<Report> kept = bench::read_json(file, "result.jsonl");  // and back
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "bench/harness/machine.h"

namespace norma::bench {

// Where a list is empty, the suite's own is taken.
struct Options {
  // "short": against torch; "cpu": many more shapes, against all peers; "models": tasks of
  // a model's size, each with its own; "operators": those beside the row norms, likewise; "toy":
  // small enough for a test.
  std::string suite = "short";
  std::vector<std::string> tasks;  // of task_names()
  std::vector<int64_t> rows, cols;
  std::vector<int> threads;  // at most as many as there are processors; 0 means all
  int samples = 31;          // paired samples, at least 31, but for "models" 5, for "toy" 1
  uint64_t seed = 1;
  std::function<bool()> interrupted;  // asked between samples; true ends the run with kInterrupted
  std::ostream* progress = nullptr;   // where the suite "cpu" tells how far it is
  std::string python;  // that has the ONNX Runtime wheel; empty: the one known when this was built
};

// What one implementation needed for one task on one shape.
struct Record {
  std::string task, dtype;
  std::string impl;   // "norma_beside_onnxruntime" is norma in ONNX Runtime's process
  std::string cache;  // "hot": the same buffers on every call; "cold": buffers left the cache
  int64_t rows = 0, cols = 0;
  int threads = 0, samples = 0;
  int64_t bytes = 0;  // that the task must move at least; copy: that it moves
  double median_ns = 0, min_ns = 0, gb_s = 0;
  // Medians of the ratios of paired samples, to every implementation timed beside this one. norma's
  // to onnxruntime is of the samples in that process, and onnxruntime's to copy follows from it.
  std::vector<std::pair<std::string, double>> ratios;

  double ratio_to(const std::string& other) const;  // 0 where the other was not timed
};

struct Report {
  std::vector<Record> records;
  uint64_t hash = 0;  // of the answers of "norma": the same on every machine (contract norma-1)
  std::string machine, date, commit;
  CacheSizes caches;  // of that machine; last_level 0: not known
  std::vector<std::pair<std::string, std::string>> versions;  // of the peers that were timed
  std::vector<std::string> skipped;  // a line for each peer that was to be timed and is not there
};

std::vector<std::string> task_names();
std::vector<std::string> model_task_names();     // of the suite "models"
std::vector<std::string> operator_task_names();  // of the suite "operators"

// Options that cannot be meant, and shapes that the machine's memory does not hold, are
// kInvalidArgument before anything is timed. Prints the table of the suite: "short" and "toy" a
// line for each shape as it is done, then for each task the geometric mean and the worst ratio of
// norma to torch; "cpu" what table.h says. Sets the number of threads of torch and puts it back.
// kInternal: a wrong answer; kIo: the table could not be written. Whatever the status, `report` has
// the shapes that were timed before.
Status run(const Options& options, std::ostream& table, Report* report);

// One JSON object a line: task, dtype, rows, cols, threads, impl, median_ns, min_ns, gb_s,
// ratio_to_copy, commit, and ratio_to_torch (_onednn, _onednn3, _onnxruntime), cache, samples,
// bytes, machine, date, caches (bytes of L1, L2, the last level), and version and tokens_s where
// there are such.
Status write_json(const Report& report, const std::string& path);

// What write_json keeps of a report's numbers. A table of these is that of the file read back.
Report rounded(Report report);

// The result of a run of the suite "cpu", of one whole file; `name` is the file's, for messages.
// kInvalidArgument: what is not such a result, "[bench] NAME line N ...". The hash and what was
// skipped stay empty: a file does not hold them.
Result<Report> read_json(std::istream& in, const std::string& name);

// The end of a table of "cpu": verdicts (summary.h), peers, targets (targets.h).
Status print_end(const Report& report, std::ostream& table);
// All of such a table: what was measured and when, the grids, and that end. Where the report does
// not know the caches, this machine's are taken, with a word.
Status print_kept(Report report, std::ostream& table);

}  // namespace norma::bench
