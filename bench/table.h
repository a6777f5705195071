// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How a report is printed.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/summary.h"
#include "bench/targets.h"

namespace norma::bench {

// The columns of print_line.
void print_header(std::ostream& out);
// One shape on one line: copy, norma and torch beside each other.
void print_line(std::ostream& out, const Record& copy, const Record& norma, const Record& torch);
// Geometric mean and worst ratio of norma to torch, hot, of each task and number of threads.
void print_torch_summary(std::ostream& out, const Report& report);

// A grid for each of a task's dtypes, threads and caches: a line a number of rows, a column a
// number of cols, in a cell norma's ratio to copy / its ratio to the fastest peer.
void print_grids(std::ostream& out, const std::vector<Record>& records, const std::string& task);
// A line a verdict.
void print_verdicts(std::ostream& out, const std::vector<Verdict>& verdicts);
// A line a target, and how many are reached.
void print_targets(std::ostream& out, const std::vector<Target>& targets);

// What was measured where and when: how a table begins.
void print_title(std::ostream& out, const Report& report, const std::vector<std::string>& dtypes,
                 int samples);
// kIo: the table is lost.
Status flushed(std::ostream& out);

}  // namespace norma::bench
