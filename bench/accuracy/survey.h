// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Every operator, type, dialect, family of rows and length, measured.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/accuracy/inputs.h"
#include "bench/accuracy/judge.h"

namespace norma::accuracy {

// What was measured in one cell of the survey.
struct Entry {
  NormKind kind;
  DType dtype;
  std::string variant;  // "plain", ...
  Family family;
  int64_t cols;
  Report report;
};

struct Extent {
  std::vector<int64_t> plain_cols, variant_cols;
  int64_t plain_elements, variant_elements;  // of one family at one length: at least a row
};

inline const Extent kWhole = {{64, 300, 768, 1024, 4096, 16384}, {64, 300, 4096}, 1 << 17, 1 << 15};
// The same cells, a few rows each: for a test.
inline const Extent kQuick = {{64, 300}, {64}, 640, 128};

// An error where a kernel refuses a call; what is out of bounds stands in the reports.
Result<std::vector<Entry>> survey(const Extent& extent);

// The merged reports of the entries that `chosen` takes.
Report merged(const std::vector<Entry>& entries, const std::function<bool(const Entry&)>& chosen);

}  // namespace norma::accuracy
