// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/batch_norm.h"

#include <cmath>

#include "core/ref/channel_statistics.h"
#include "core/ref/order.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

// The rows of a call, and which of them count.
struct Rows {
  const uint8_t* mask;
  int64_t rows;

  bool counts(int64_t r) const { return mask == nullptr || mask[r] != 0; }
  int64_t count() const {
    int64_t n = 0;
    for (int64_t r = 0; r < rows; ++r) n += counts(r);
    return n;
  }
  // The row that counts as number j.
  int64_t counted(int64_t j) const {
    int64_t r = 0;
    for (; !counts(r) || j > 0; ++r) j -= counts(r);
    return r;
  }
  // Section 5 before the last rounding. A row that does not count adds +0 in its place.
  template <typename Work, typename Term>
  double sum(const Term& term) const {
    return pair_tree((rows + kRowBlock - 1) / kRowBlock, [&](int64_t block) {
      Work acc = 0;
      for (int64_t r = block * kRowBlock; r < rows && r < (block + 1) * kRowBlock; ++r) {
        if (counts(r)) acc = acc + term(r);
      }
      return static_cast<double>(acc);
    });
  }
};

// T is the type that a pass is worked in, as it is of statistics: double for f64 rows, else float.
template <typename T>
T at(const ConstRowsView& v, int64_t r, int64_t c) {
  return row<T>(v, r)[c];
}

template <typename T>
void store_gradient(const VectorView& to, int64_t c, T value) {
  if (to.data != nullptr) store(to.data, to.dtype, c, value);
}

// running = (1 - momentum) * running + momentum * value, in f64.
template <typename T>
void update(const BatchNormSpec& spec, const VectorView& running, int64_t c, double value) {
  if (running.data == nullptr) return;
  T& kept = static_cast<T*>(running.data)[c];
  const double old = (1 - spec.momentum) * static_cast<double>(kept);
  kept = static_cast<T>(old + spec.momentum * value);
}

template <typename T>
ChannelStatistics<T> trained(const BatchNormSpec& spec, const BatchNormForward& args, int64_t c) {
  const Rows rows{args.mask, args.x.rows};
  const int64_t n = rows.count();
  const auto value = [&](int64_t j) { return at<T>(args.x, rows.counted(j), c); };
  const auto sum = [&](auto work, const auto& term) {
    return rows.sum<decltype(work)>([&](int64_t r) { return term(at<T>(args.x, r, c)); });
  };
  const ChannelMoments<T, decltype(value), decltype(sum)> m(n, spec.eps, value, sum);
  const double unbiased = static_cast<double>(n) / static_cast<double>(n - 1);
  update<T>(spec, args.running_mean, c, m.mean());
  update<T>(spec, args.running_var, c, m.var() * unbiased);
  return m.saved();
}

template <typename T>
ChannelStatistics<T> given(const BatchNormSpec& spec, const BatchNormForward& args, int64_t c) {
  const T mean = static_cast<const T*>(args.running_mean.data)[c];
  const double var = static_cast<double>(static_cast<const T*>(args.running_var.data)[c]);
  return {mean, 0, rstd_of_redone<T>(var + effective_eps(spec.eps))};
}

template <typename T>
void forward(const BatchNormSpec& spec, const BatchNormForward& args) {
  const auto weight = elements<T>(args.weight), bias = elements<T>(args.bias);
  const Rows rows{args.mask, args.x.rows};
  for (int64_t c = 0; c < args.x.cols; ++c) {
    const ChannelStatistics<T> s =
        spec.training ? trained<T>(spec, args, c) : given<T>(spec, args, c);
    store_if_present<T>(args.statistics.mean_hi, c, s.mean_hi);
    store_if_present<T>(args.statistics.mean_lo, c, s.mean_lo);
    store_if_present<T>(args.statistics.rstd, c, s.rstd);
    for (int64_t r = 0; r < args.x.rows; ++r) {
      T y = 0;
      if (rows.counts(r)) {
        y = normalized(at<T>(args.x, r, c), s);
        if (weight) y = y * weight[c];
        if (bias) y = y + bias[c];
      }
      store(args.y, r, c, y);
    }
  }
}

template <typename T>
void backward(const BatchNormSpec& spec, const BatchNormBackward& args) {
  if (args.dy.cols == 0) return;  // its rows can be more than anyone could count
  const auto weight = elements<T>(args.weight);
  const Rows rows{args.mask, args.dy.rows};
  const double inv_n = 1.0 / static_cast<double>(rows.count());
  const bool with_dx = args.dx.data != nullptr;
  for (int64_t c = 0; c < args.dy.cols; ++c) {
    const auto dy = [&](int64_t r) { return at<T>(args.dy, r, c); };
    const auto saved = [&](const void* values) { return static_cast<const T*>(values)[c]; };
    ChannelStatistics<T> s{};
    if (with_dx || args.dweight.data != nullptr) {
      s = {saved(args.statistics.mean_hi), saved(args.statistics.mean_lo),
           saved(args.statistics.rstd)};
    }
    const auto xhat = [&](int64_t r) { return normalized(at<T>(args.x, r, c), s); };
    const bool means = with_dx && spec.training;
    double sum_b = 0, sum_w = 0;
    if (means || args.dbias.data != nullptr) sum_b = rows.sum<T>(dy);
    if (means || args.dweight.data != nullptr) {
      sum_w = rows.sum<T>([&](int64_t r) { return dy(r) * xhat(r); });
    }
    store_gradient(args.dbias, c, static_cast<T>(sum_b));
    store_gradient(args.dweight, c, static_cast<T>(sum_w));
    if (!with_dx) continue;
    const double w = weight ? static_cast<double>(weight[c]) : 1;
    const T a = static_cast<T>(sum_b * inv_n * w);
    const T h = static_cast<T>(sum_w * inv_n * w);
    for (int64_t r = 0; r < args.dy.rows; ++r) {
      T dx = 0;
      if (rows.counts(r)) {
        const T g = weight ? dy(r) * weight[c] : dy(r);
        dx = spec.training ? ((g - a) - xhat(r) * h) * s.rstd : g * s.rstd;
      }
      store(args.dx, r, c, dx);
    }
  }
}

}  // namespace

void batch_norm_forward(const BatchNormSpec& spec, const BatchNormForward& args) {
  args.x.dtype == DType::kF64 ? forward<double>(spec, args) : forward<float>(spec, args);
}

void batch_norm_backward(const BatchNormSpec& spec, const BatchNormBackward& args) {
  args.dy.dtype == DType::kF64 ? backward<double>(spec, args) : backward<float>(spec, args);
}

}  // namespace norma::ref
