// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How BatchNorm's work is cut: sums by chunks of rows and strips of columns, whose f64 values are
// nodes of section 5's tree; what is written, by rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/executor.h"
#include "core/cpu/channel_kernels.h"
#include "core/cpu/channel_arrays.h"
#include "core/cpu/column_strip.h"
#include "core/cpu/group_cut.h"

namespace norma::cpu {

constexpr int64_t kStripColumns = 64;

class BatchCut {
 public:
  BatchCut(const Executor& executor, int64_t rows, int64_t cols, int64_t grain)
      : executor_(executor), rows_(rows), cols_(cols), grain_(grain) {}

  static int64_t chunks(int64_t rows) { return rows / kChunkRows + (rows % kChunkRows != 0); }

  // body(rows, cols, chunk) for every chunk of rows and strip of columns.
  template <typename Body>
  void chunks_and_strips(const Body& body) const {
    const int64_t all = chunks(rows_), strips = strips_of_cols();
    deal(executor_, all * strips, parts(), [&](int64_t, Range units) {
      for (int64_t u = units.begin; u < units.end; ++u) {
        const int64_t chunk = u / strips, first = chunk * kChunkRows;
        body(Range{first, std::min(rows_, first + kChunkRows)}, strip(u % strips), chunk);
      }
    });
  }
  // body(cols) for every strip.
  template <typename Body>
  void strips(const Body& body) const {
    deal(executor_, strips_of_cols(), parts(), [&](int64_t, Range some) {
      for (int64_t s = some.begin; s < some.end; ++s) body(strip(s));
    });
  }
  // body(rows, counts) for runs of rows that all count or all do not.
  template <typename Body>
  void runs(const uint8_t* mask, const Body& body) const {
    deal(executor_, rows_, parts(), [&](int64_t, Range some) {
      for (int64_t r = some.begin; r < some.end;) {
        const bool counts = mask == nullptr || mask[r] != 0;
        int64_t end = mask == nullptr ? some.end : r + 1;
        while (end < some.end && (mask[end] != 0) == counts) ++end;
        body(Range{r, end}, counts);
        r = end;
      }
    });
  }

 private:
  int64_t parts() const { return worthwhile_parts(rows_, grain_, executor_); }
  int64_t strips_of_cols() const { return (cols_ + kStripColumns - 1) / kStripColumns; }
  Range strip(int64_t s) const {
    return {s * kStripColumns, std::min(cols_, (s + 1) * kStripColumns)};
  }

  const Executor& executor_;
  const int64_t rows_, cols_, grain_;
};

// Two sums of every column, as the chunks of rows leave them.
struct ChunkSums {
  ChunkSums() = default;
  ChunkSums(Scratch& scratch, int64_t rows, int64_t cols_)
      : chunks(BatchCut::chunks(rows)),
        cols(cols_),
        a(scratch.take<double>(chunks * cols_)),
        b(scratch.take<double>(chunks * cols_)) {}

  // Of the columns from `first` on, as many as a strip of the tree holds.
  void total(int64_t first, double* sum_a, double* sum_b) const {
    add_nodes(a + first, chunks, cols, cols - first, sum_a);
    add_nodes(b + first, chunks, cols, cols - first, sum_b);
  }

  int64_t chunks = 0, cols = 0;
  double *a = nullptr, *b = nullptr;
};

inline int64_t count_rows(const uint8_t* mask, int64_t rows) {
  return mask == nullptr ? rows : rows - std::count(mask, mask + rows, uint8_t{0});
}

// A zero is all bits 0 in every type.
inline void clear_rows(const RowsView& view, Range rows) {
  const size_t bytes = static_cast<size_t>(view.cols) * size_of(view.dtype);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    std::memset(element(view.data, view.dtype, r * view.stride), 0, bytes);
  }
}

}  // namespace norma::cpu
