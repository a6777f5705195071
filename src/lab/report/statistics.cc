// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace norma::lab::report {

Summary summarize(const std::vector<double>& values) {
  Summary s;
  s.n = values.size();
  if (s.n == 0) return s;
  for (const double v : values) s.mean += v;
  s.mean /= static_cast<double>(s.n);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  s.low = *low;
  s.high = *high;
  if (s.n < 2) return s;
  double squares = 0;
  for (const double v : values) squares += (v - s.mean) * (v - s.mean);
  s.sd = std::sqrt(squares / static_cast<double>(s.n - 1));
  return s;
}

double interval_half_width(const Summary& s) {
  if (s.n < 2) return std::numeric_limits<double>::infinity();
  return student_t_975(s.n - 1) * s.sd / std::sqrt(static_cast<double>(s.n));
}

double student_t_975(size_t degrees_of_freedom) {
  static constexpr std::array<double, 10> kTable = {12.706205, 4.302653, 3.182446, 2.776445,
                                                    2.570582,  2.446912, 2.364624, 2.306004,
                                                    2.262157,  2.228139};
  if (degrees_of_freedom <= kTable.size()) return kTable[degrees_of_freedom - 1];
  // Cornish-Fisher expansion about the normal quantile (Abramowitz and Stegun 26.7.5).
  const double z = 1.959963985, d = static_cast<double>(degrees_of_freedom);
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * d) + (5 * z5 + 16 * z3 + 3 * z) / (96 * d * d) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * d * d * d);
}

}  // namespace norma::lab::report
