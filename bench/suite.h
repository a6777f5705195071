// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a suite times.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/harness/problem.h"

namespace norma::bench {

// Of the rows that one call touches, in bytes where they are f32; 16 bits have half of it, so that
// every type has the same shapes. 0: none.
struct Cap {
  int64_t bytes = 0;
  // Of calls with at most so many rows: models have long rows, and not so many of them.
  int64_t few_rows = 0, bytes_of_few_rows = 0;

  int64_t of(DType dtype, int64_t rows) const {
    return (rows <= few_rows ? bytes_of_few_rows : bytes) /
           static_cast<int64_t>(sizeof(float) / size_of(dtype));
  }
};

struct Suite {
  std::string name;
  std::vector<std::string> tasks;  // empty: all
  std::vector<int64_t> rows, cols;
  std::vector<int> threads;  // 0 means all cores
  std::vector<DType> dtypes = {DType::kF32};
  int least_samples = 31;
  bool cold = true;        // calls on cold buffers are timed too
  bool all_peers = false;  // and not torch alone
  bool models = false;     // tasks of harness/model_contest.h, which have a size of their own
  Cap cap = {};
};

// Null where there is none of this name.
const Suite* find_suite(const std::string& name);
std::vector<std::string> suite_names();

struct Shape {
  int64_t rows = 0, cols = 0;
  bool operator==(const Shape&) const = default;
};

// All pairs, rows by rows, but those whose call would touch more than the cap.
struct Shapes {
  std::vector<Shape> fit, left_out;
};
Shapes shapes_of(const Task& task, DType dtype, const std::vector<int64_t>& rows,
                 const std::vector<int64_t>& cols, const Cap& cap);

}  // namespace norma::bench
