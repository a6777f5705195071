// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/gradient_sum.h"

#include <cstddef>

namespace norma::accuracy {

void GradientSum::add(Quad term, double size, double room, double lost) {
  sum_ += term;
  size_ += size, room_ += room, lost_ += lost;
}

void GradientSum::judge(float got, DType dtype, int64_t column, Seen* seen) const {
  const double exact = static_cast<double>(magnitude(sum_));
  // A gradient of 16 bits has one such rounding more.
  const double store = dtype == DType::kF32 ? 0 : ulp_of(dtype, exact + room_ + lost_) / 2;
  Bound bound{store + lost_, size_, 0};
  if (size_ > 0) {
    bound.tau = room_ / size_;
  } else {
    bound.allowance += room_;
  }
  seen->add(got, sum_, dtype, bound, -1, column);
}

void judge_columns(const std::vector<GradientSum>& sums, const std::vector<float>& got, DType dtype,
                   Seen* seen) {
  for (size_t c = 0; c < sums.size(); ++c) {
    sums[c].judge(got[c], dtype, static_cast<int64_t>(c), seen);
  }
}

}  // namespace norma::accuracy
