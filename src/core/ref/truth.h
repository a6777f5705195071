// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the norms should give, without the contract's formulas: mean and deviation in two centred
// passes, worked in long double. For accuracy tests; knows of no order, pivot or rounding.
#pragma once

#include <cstdint>
#include <vector>

#include "core/norm_spec.h"

namespace norma::ref {

struct TrueRow {
  long double mean = 0;      // but LayerNorm's 0
  long double variance = 0;  // of squares: RMSNorm's mean, L2 norm's sum, ..
  long double sum = 0;       // CRMSNorm's; else 0
  long double rstd = 0;
  std::vector<long double> centred, xhat;
};

// x[0, n) of f32 or f64, n >= 1, finite.
template <typename T>
TrueRow true_row(const NormSpec& spec, const T* x, int64_t n);

// dx of the same row; weight may be null.
template <typename T>
std::vector<long double> true_dx(const NormSpec& spec, const TrueRow& row, const T* dy,
                                 const T* weight);

}  // namespace norma::ref
