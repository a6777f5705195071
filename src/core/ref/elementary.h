// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Elementary functions with the bits that docs/numerics.md fixes: f32 products, sums and quotients
// in the written order, no function of the C library, so that every machine has the same.
#pragma once

namespace norma::ref {

// A function of one argument and its derivative.
template <typename T>
struct Slope {
  T value, slope;
};

// tanh(x) and 1 - tanh(x)^2.
Slope<float> tanh_and_slope(float x);
// 1 / (1 + exp(-x)), the logistic function.
float sigmoid(float x);
// erf(x) and 2 / sqrt(pi) * exp(-x^2).
Slope<float> erf_and_slope(float x);

// By the C library, for checking: its bits are the machine's.
Slope<double> tanh_and_slope(double x);
double sigmoid(double x);
Slope<double> erf_and_slope(double x);

}  // namespace norma::ref
