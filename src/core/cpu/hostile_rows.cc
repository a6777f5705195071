// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/cpu/hostile_rows.h"

#include <algorithm>
#include <cmath>

#include "base/float16.h"

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

template <typename T>
Sums block_sums(const T* x, int64_t begin, int64_t end, double pivot) {
  Lanes lanes;
  for (int64_t i = begin; i < end; i += 8) {
    double e[8] = {};
    const int64_t count = std::min<int64_t>(8, end - i);
    for (int64_t j = 0; j < count; ++j) e[j] = static_cast<double>(to_f32(x[i + j])) - pivot;
    lanes.add_leaf((i % kChunk) / 8, e);
  }
  lanes.fold();
  return {lanes.s[0], lanes.q[0]};
}

// Blocks [first, first + width), width a power of two: a tree of adjacent pairs.
template <typename T>
Sums tree_sums(const T* x, int64_t n, int64_t first, int64_t width, double pivot) {
  if (first * kBlock >= n) return {0, 0};
  if (width == 1) {
    return block_sums(x, first * kBlock, std::min(n, (first + 1) * kBlock), pivot);
  }
  const Sums left = tree_sums(x, n, first, width / 2, pivot);
  const Sums right = tree_sums(x, n, first + width / 2, width / 2, pivot);
  return {left.s + right.s, left.q + right.q};
}

template <typename T>
Sums row_sums(const T* x, int64_t n, double pivot) {
  int64_t width = 1;
  while (width * kBlock < n) width *= 2;
  const Sums sums = tree_sums(x, n, 0, width, pivot);
  return {sums.s + 0.0, sums.q + 0.0};
}

float redone_rstd(double ebar, double t, const StatisticsRule& rule) {
  double var = t - ebar * ebar;
  if (var < 0) var = 0;
  const double v = var + rule.eps;
  if (rule.eps_mode != EpsMode::kInside) return rstd_beside(rule, v);
  return static_cast<float>(1.0 / std::sqrt(v));
}

}  // namespace

double sum_in_f64(const float* x, int64_t n) { return row_sums(x, n, 0.0).s; }

double share_of_deviation(const StatisticsRule& rule, float rstd) {
  if (rule.eps_mode == EpsMode::kClamp) {
    return rstd >= static_cast<float>(1.0 / rule.eps_beside) ? 0.0 : 1.0;
  }
  const double share = 1.0 - rule.eps_beside * static_cast<double>(rstd);
  return share < 0x1p-22 ? 0.0 : 1.0 / share;
}

template <typename T>
RowStatistics redo_layer_norm(const T* x, const StatisticsRule& rule) {
  const double pivot = static_cast<double>(to_f32(x[0]));
  const Sums sums = row_sums(x, rule.cols, pivot);
  const double inv_n = 1.0 / static_cast<double>(rule.divisor);
  const double ebar = sums.s * inv_n;
  const float hi = static_cast<float>(pivot + ebar);
  const float lo = static_cast<float>((pivot - static_cast<double>(hi)) + ebar);
  return {hi, lo, redone_rstd(ebar, sums.q * inv_n, rule)};
}

template <typename T>
RowStatistics redo_rms_norm(const T* x, const StatisticsRule& rule) {
  const double inv_n = 1.0 / static_cast<double>(rule.divisor);
  return {0, 0, redone_rstd(0, row_sums(x, rule.cols, 0.0).q * inv_n, rule)};
}

template <typename T>
RowStatistics redo_crms_norm(const T* x, const StatisticsRule& rule) {
  const Sums sums = row_sums(x, rule.cols, 0.0);
  const double inv_n = 1.0 / static_cast<double>(rule.divisor);
  const float rstd = redone_rstd(0, (sums.q + sums.s * sums.s) * inv_n, rule);
  return {static_cast<float>(sums.s * static_cast<double>(rstd)), 0, rstd};
}

namespace {

float halved_xhat(float x, const RowStatistics& s) {
  return ((x / 2 - s.mean_hi / 2) - s.mean_lo / 2) * (2 * s.rstd);
}

}  // namespace

template <typename T>
void normalize_halved(const ForwardArgs& args, int64_t row, const RowStatistics& s) {
  const T* x = static_cast<const T*>(args.x) + row * args.x_stride;
  T* y = static_cast<T*>(args.y) + row * args.y_stride;
  const auto parameter = [&](const void* values, int64_t i) {
    return args.f32_parameters ? static_cast<const float*>(values)[i]
                               : to_f32(static_cast<const T*>(values)[i]);
  };
  for (int64_t i = 0; i < args.cols; ++i) {
    float value = halved_xhat(to_f32(x[i]), s);
    if (args.weight != nullptr) {
      if (args.round_before_weight) value = to_f32(from_f32<T>(value));
      const float weight = parameter(args.weight, i);
      value = value * (args.weight_plus_one ? 1.0f + weight : weight);
    }
    if (args.bias != nullptr) value = value + parameter(args.bias, i);
    y[i] = from_f32<T>(value);
  }
}

template <typename T>
void sweep_halved(const BackwardArgs& args, int64_t row, Range cols, float g_mean, float gx_mean,
                  float* dweight, float* dbias) {
  const RowStatistics s{args.mean_hi[row], args.mean_lo[row], args.rstd[row]};
  const T* x = static_cast<const T*>(args.x) + row * args.x_stride;
  const T* dy = static_cast<const T*>(args.dy) + row * args.dy_stride;
  T* dx = args.dx == nullptr ? nullptr : static_cast<T*>(args.dx) + row * args.dx_stride;
  for (int64_t i = cols.begin; i < cols.end; ++i) {
    const float v = to_f32(dy[i]), xhat = halved_xhat(to_f32(x[i]), s);
    if (dx != nullptr) {
      const float g = args.weight != nullptr ? v * args.weight[i] : v;
      dx[i] = from_f32<T>(((g - g_mean) - xhat * gx_mean) * s.rstd);
    }
    if (dweight != nullptr) dweight[i] = dweight[i] + v * xhat;
    if (dbias != nullptr) dbias[i] = dbias[i] + v;
  }
}

#define NORMA_INSTANTIATE(T)                                                            \
  template RowStatistics redo_layer_norm(const T*, const StatisticsRule&);              \
  template RowStatistics redo_rms_norm(const T*, const StatisticsRule&);                \
  template RowStatistics redo_crms_norm(const T*, const StatisticsRule&);               \
  template void normalize_halved<T>(const ForwardArgs&, int64_t, const RowStatistics&); \
  template void sweep_halved<T>(const BackwardArgs&, int64_t, Range, float, float, float*, float*);
NORMA_INSTANTIATE(float)
NORMA_INSTANTIATE(BFloat16)
NORMA_INSTANTIATE(Float16)
#undef NORMA_INSTANTIATE

}  // namespace norma::cpu
