// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Few and long rows: each is cut into parts of its columns, which threads take.
#pragma once

#include <cstdint>

#include "base/executor.h"
#include "core/cpu/kernels.h"

namespace norma::cpu {

bool splits_long_rows(int64_t rows, int64_t cols, const Executor& executor);
// Whether that keeps more threads busy than to deal the rows. Of most calls the first question is
// all that is asked.
inline bool splits_rows(int64_t rows, int64_t cols, const Executor& executor) {
  return cols >= 2 * kSumBlock && splits_long_rows(rows, cols, executor);
}

// Forward pass. REQUIRES: splits_rows(..).
void forward_wide(const WideRowKernels& kernels, const ForwardArgs& args, int64_t rows,
                  const Executor& executor);
// The means of a row of the backward pass. REQUIRES: splits_rows(..).
void backward_means_wide(const WideRowKernels& kernels, const BackwardArgs& args, int64_t row,
                         RowMeans means, const Executor& executor);

}  // namespace norma::cpu
