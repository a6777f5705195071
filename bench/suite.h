// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a suite times.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/harness/problem.h"

namespace norma::bench {

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
  // Of the rows that one call touches, where they are f32; 0: no cap. Every type has the same
  // shapes.
  int64_t cap_bytes = 0;

  int64_t cap_of(DType dtype) const {
    return cap_bytes / static_cast<int64_t>(sizeof(float) / size_of(dtype));
  }
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
                 const std::vector<int64_t>& cols, int64_t cap_bytes);

}  // namespace norma::bench
