// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A parameter's gradient, exactly: the sum of its terms, with what each of them allows an answer to
// be off.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/accuracy/judge.h"
#include "bench/accuracy/oracle.h"

namespace norma::accuracy {

class GradientSum {
 public:
  // size: of the term, as the excess counts it. |error| <= the sum of `room` and `lost`, which is
  // what underflow does.
  void add(Quad term, double size, double room, double lost);
  // column names the case: -1, a scalar has none.
  void judge(float got, DType dtype, int64_t column, Seen* seen) const;

 private:
  Quad sum_ = 0;
  double size_ = 0, room_ = 0, lost_ = 0;
};

// got[c] by sums[c].
void judge_columns(const std::vector<GradientSum>& sums, const std::vector<float>& got, DType dtype,
                   Seen* seen);

}  // namespace norma::accuracy
