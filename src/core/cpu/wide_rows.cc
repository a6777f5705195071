// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/cpu/wide_rows.h"

#include <algorithm>
#include <bit>

#include "core/cpu/cost.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

// Parts of n columns: a power of two of blocks each, worth a thread, and no more of them than there
// are places for their sums.
class Parts {
 public:
  explicit Parts(int64_t n) : n_(n) {
    const int64_t blocks = (n + kSumBlock - 1) / kSumBlock;
    const int64_t least =
        std::max((blocks + kMostParts - 1) / kMostParts, column_grain() / kSumBlock);
    length_ = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(least))) * kSumBlock;
  }

  int64_t count() const { return (n_ + length_ - 1) / length_; }

  // body(part, its columns), on the threads.
  template <class Body>
  void deal(const Executor& executor, const Body& body) const {
    parallel_for(executor, count(), 1, [&](int64_t begin, int64_t end) {
      const DefaultFpEnvironment environment;
      for (int64_t p = begin; p < end; ++p) {
        body(p, Range{p * length_, std::min((p + 1) * length_, n_)});
      }
    });
  }

 private:
  int64_t n_, length_;
};

}  // namespace

bool splits_long_rows(int64_t rows, int64_t cols, const Executor& executor) {
  const int64_t parts = cols / column_grain();
  if (rows < 1 || parts < 2 || parts / 2 < rows) return false;
  return executor.threads(executor.self) / 2 >= rows;
}

void forward_wide(const WideRowKernels& kernels, const ForwardArgs& args, int64_t rows,
                  const Executor& executor) {
  const DefaultFpEnvironment environment;
  const Parts all(args.cols), summed(args.rule.cols);
  PartSums sums[kMostParts];
  for (int64_t row = 0; row < rows; ++row) {
    if (args.addend != nullptr) {
      all.deal(executor, [&](int64_t, Range cols) { kernels.add(args, row, cols); });
    }
    const float pivot = kernels.pivot(args, row);
    summed.deal(executor, [&](int64_t part, Range cols) {
      sums[part] = kernels.sums(args, row, pivot, cols);
    });
    const RowStatistics of_row = kernels.statistics(args, row, pivot, sums, summed.count());
    all.deal(executor,
             [&](int64_t, Range cols) { kernels.normalize(args, row, cols, of_row); });
  }
}

void backward_means_wide(const WideRowKernels& kernels, const BackwardArgs& args, int64_t row,
                         RowMeans means, const Executor& executor) {
  const Parts all(args.cols);
  PartSums sums[kMostParts];
  all.deal(executor, [&](int64_t part, Range cols) {
    sums[part] = kernels.backward_sums(args, row, cols);
  });
  kernels.backward_means(args, row, sums, all.count(), means);
}

}  // namespace norma::cpu
