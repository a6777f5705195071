// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Means with their spread, and paired differences. Small samples: intervals are Student's, never
// the normal's.
#pragma once

#include <cstddef>
#include <vector>

namespace norma::lab::report {

struct Summary {
  size_t n = 0;
  double mean = 0;           // 0 where n == 0
  double sd = 0;             // of the sample, n - 1 below; 0 where n < 2
  double low = 0, high = 0;  // smallest and largest value
};

Summary summarize(const std::vector<double>& values);

// Half the width of the 95 % interval of the mean: t(0.975, n - 1) sd / sqrt(n). Infinite where n
// < 2.
double interval_half_width(const Summary& summary);

// The 0.975 quantile of Student's t. REQUIRES: degrees_of_freedom >= 1.
double student_t_975(size_t degrees_of_freedom);

}  // namespace norma::lab::report
