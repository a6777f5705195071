// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/cpu/hostile_rows.h"

#include <algorithm>
#include <cmath>

namespace norma::cpu {
namespace {

constexpr int64_t kLanes = 32, kChunk = 256, kBlock = 1024;

// Both sums at once, lane by lane, so that the compiler can work lanes side by side.
struct Lanes {
  double s[kLanes] = {}, q[kLanes] = {};

  void add_leaf(int64_t lane, const double (&e)[8]) {
    s[lane] += ((e[0] + e[4]) + (e[2] + e[6])) + ((e[1] + e[5]) + (e[3] + e[7]));
    q[lane] += ((e[0] * e[0] + e[4] * e[4]) + (e[2] * e[2] + e[6] * e[6])) +
               ((e[1] * e[1] + e[5] * e[5]) + (e[3] * e[3] + e[7] * e[7]));
  }
  void fold() {
    for (int64_t k = kLanes / 2; k >= 1; k /= 2) {
      for (int64_t t = 0; t < k; ++t) {
        s[t] += s[t + k];
        q[t] += q[t + k];
      }
    }
  }
};

struct Sums {
  double s, q;
};

Sums block_sums(const float* x, int64_t begin, int64_t end, double pivot) {
  Lanes lanes;
  for (int64_t i = begin; i < end; i += 8) {
    double e[8] = {};
    const int64_t count = std::min<int64_t>(8, end - i);
    for (int64_t j = 0; j < count; ++j) e[j] = static_cast<double>(x[i + j]) - pivot;
    lanes.add_leaf((i % kChunk) / 8, e);
  }
  lanes.fold();
  return {lanes.s[0], lanes.q[0]};
}

// Blocks [first, first + width), width a power of two: a tree of adjacent pairs.
Sums tree_sums(const float* x, int64_t n, int64_t first, int64_t width, double pivot) {
  if (first * kBlock >= n) return {0, 0};
  if (width == 1) {
    return block_sums(x, first * kBlock, std::min(n, (first + 1) * kBlock), pivot);
  }
  const Sums left = tree_sums(x, n, first, width / 2, pivot);
  const Sums right = tree_sums(x, n, first + width / 2, width / 2, pivot);
  return {left.s + right.s, left.q + right.q};
}

Sums row_sums(const float* x, int64_t n, double pivot) {
  int64_t width = 1;
  while (width * kBlock < n) width *= 2;
  const Sums sums = tree_sums(x, n, 0, width, pivot);
  return {sums.s + 0.0, sums.q + 0.0};
}

float reciprocal_root(double ebar, double t, double eps) {
  double var = t - ebar * ebar;
  if (var < 0) var = 0;
  return static_cast<float>(1.0 / std::sqrt(var + eps));
}

}  // namespace

RowStatistics redo_layer_norm(const float* x, int64_t n, double eps) {
  const double inv_n = 1.0 / static_cast<double>(n);
  const double pivot = static_cast<double>(x[0]);
  const Sums sums = row_sums(x, n, pivot);
  const double ebar = sums.s * inv_n;
  const float hi = static_cast<float>(pivot + ebar);
  const float lo = static_cast<float>((pivot - static_cast<double>(hi)) + ebar);
  return {hi, lo, reciprocal_root(ebar, sums.q * inv_n, eps)};
}

RowStatistics redo_rms_norm(const float* x, int64_t n, double eps) {
  const Sums sums = row_sums(x, n, 0.0);
  return {0, 0, reciprocal_root(0, sums.q * (1.0 / static_cast<double>(n)), eps)};
}

namespace {

float halved_xhat(float x, const RowStatistics& s) {
  return ((x / 2 - s.mean_hi / 2) - s.mean_lo / 2) * (2 * s.rstd);
}

}  // namespace

void normalize_halved(const float* x, float* y, int64_t n, const float* weight, const float* bias,
                      const RowStatistics& s) {
  for (int64_t i = 0; i < n; ++i) {
    float value = halved_xhat(x[i], s);
    if (weight != nullptr) value = value * weight[i];
    if (bias != nullptr) value = value + bias[i];
    y[i] = value;
  }
}

void sweep_halved(const BackwardArgs& args, int64_t row, Range cols, float g_mean, float gx_mean,
                  float* dweight, float* dbias) {
  const RowStatistics s{args.mean_hi[row], args.mean_lo[row], args.rstd[row]};
  const float* x = args.x + row * args.x_stride;
  const float* dy = args.dy + row * args.dy_stride;
  for (int64_t i = cols.begin; i < cols.end; ++i) {
    const float v = dy[i], xhat = halved_xhat(x[i], s);
    if (args.dx != nullptr) {
      const float g = args.weight != nullptr ? v * args.weight[i] : v;
      args.dx[row * args.dx_stride + i] = ((g - g_mean) - xhat * gx_mean) * s.rstd;
    }
    if (dweight != nullptr) dweight[i] = dweight[i] + v * xhat;
    if (dbias != nullptr) dbias[i] = dbias[i] + v;
  }
}

}  // namespace norma::cpu
