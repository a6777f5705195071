// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/judge.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <utility>

namespace norma::accuracy {
namespace {

constexpr double kU = 0x1p-24;       // half an ulp of 1 in f32
constexpr double kLeast = 0x1p-149;  // the least f32: twice a rounding's error down there

double size(Quad v) { return static_cast<double>(magnitude(v)); }

double half_ulp(DType dtype, double value) { return ulp_of(dtype, value) / 2; }

class Judge {
 public:
  Judge(const Inputs& in, const Answer& answer, const NaiveAnswers& naive)
      : in_(in),
        answer_(answer),
        naive_(naive),
        layer_norm_(in.spec.kind == NormKind::kLayerNorm),
        divisor_(static_cast<double>(divisor_of_sums(in.spec, in.cols))),
        of_statistics_(columns_of_statistics(in.spec, in.cols)),
        cols_(static_cast<size_t>(in.cols)),
        dweight_(cols_),
        dbias_(cols_),
        dweight_scale_(cols_),
        dweight_floor_(cols_),
        dbias_scale_(cols_) {
    for (const float w : in.weight) gain_.push_back(Quad(in.spec.weight_plus_one ? 1 : 0) + w);
  }

  Report judge() {
    for (int64_t r = 0; r < in_.rows; ++r) row(r);
    for (size_t i = 0; i < cols_; ++i) {
      const auto column = static_cast<int64_t>(i);
      const auto add = [&](Seen* seen, float got, Quad want, double scale, double tau,
                           double floor) {
        const double store = stored(in_.parameters, size(want) + tau * scale + floor);
        seen->add(got, want, in_.parameters, {store + floor, scale, tau}, -1, column);
      };
      add(&report_.dweight, answer_.dweight[i], dweight_[i], dweight_scale_[i],
          layer_norm_ ? 0x1p-17 : 0x1p-18, dweight_floor_[i]);
      // Sums of subnormal numbers are exact: no floor.
      add(&report_.dbias, answer_.dbias[i], dbias_[i], dbias_scale_[i], 0x1p-19, 0);
    }
    return report_;
  }

 private:
  // What one rounding more costs a gradient, whose bound is that of its f32 value.
  static double stored(DType dtype, double value) {
    return dtype == DType::kF32 ? 0 : half_ulp(dtype, value);
  }

  // What a row has beside its elements.
  struct Row {
    ExactRow exact;
    double mean = 0;    // of |g| (1 + |z|), or of |g z|; z = (x - mean) / sigma
    double spread = 0;  // CRMSNorm's A; else 0
    double sum = 0;     // CRMSNorm's |S| / sigma
    double total = 0;   // CRMSNorm's sum of |z|
  };

  Bound y_bound(Quad y, Quad xhat, Quad w, double bias, const Row& of) const {
    const double product = size(w) * size(xhat), ulp = ulp_of(in_.dtype, y);
    const double lost = std::max(1.0, size(w)) * kLeast;
    Bound b;
    if (layer_norm_) {
      b = {ulp / 2, size(w) * (1 + size(xhat)) + std::abs(bias), 0x1p-17};
    } else if (in_.dtype == DType::kF32) {
      b = {lost, product, 11 * kU * (1 + of.spread)};
    } else {
      // Within the share of an ulp stands the same sum's error, but for CRMSNorm's own.
      b = {(in_.dtype == DType::kBF16 ? 0.501 : 0.502) * ulp + lost, product,
           11 * kU * of.spread};
    }
    if (in_.spec.round_before_weight && in_.dtype != DType::kF32) {
      // The contract has no number for it: another store, of xhat, which the weight multiplies.
      const double tau = layer_norm_ ? 0x1p-17 : 11 * kU;
      const double before = half_ulp(in_.dtype, size(xhat) + tau * (1 + size(xhat)));
      const double after = half_ulp(in_.dtype, size(y) + size(w) * before + tau * b.scale);
      b = {size(w) * before + after + lost, b.scale, tau};
    }
    return b;
  }

  // z: 0 past the columns of the statistics.
  Bound dx_bound(Quad total, Quad dx, double g, double z, const Row& of) const {
    const double rstd = size(of.exact.rstd), mean = of.mean;
    // g, a, h, each term of H and xhat * h are off by 2^-150 where they are subnormal, dx itself
    // by 2^-150 after the product with rstd; h and the terms of H weigh |xhat|.
    const double terms = std::max(1.0, static_cast<double>(in_.cols) / divisor_);
    const double floor = kLeast * (1 + rstd * (2 + z * terms));
    const double scale =
        layer_norm_ ? rstd * (g + (1 + z) * mean)
                    : rstd * ((1 + of.spread) * (g + (z + of.sum) * mean) + of.total * mean / 4);
    const double tau = layer_norm_ ? 0x1p-15 : 0x1p-18;
    const double error = floor + tau * scale;
    double allowance = floor + stored(in_.dtype, size(dx) + error);
    if (!in_.dsum.empty()) allowance += added(size(total) + error + allowance);
    return {allowance, scale, tau};
  }

  // A sum in f32, then its store.
  double added(double value) const {
    return half_ulp(DType::kF32, value) + stored(in_.dtype, value);
  }

  void row(int64_t r) {
    const size_t first = static_cast<size_t>(r) * cols_;
    const float* x = (answer_.sum.empty() ? in_.x : answer_.sum).data() + first;
    const float* dy = in_.dy.data() + first;
    Row of{.exact = exact_row(in_.spec, x, in_.cols)};
    const ExactRow& exact = of.exact;
    const std::vector<Quad> dx = exact_dx(in_.spec, exact, dy, gain_);
    statistics(r, exact);
    for (size_t i = 0; i < cols_; ++i) {
      const double z = size(exact.centred[i] / exact.sigma);
      of.mean += std::abs(dy[i]) * size(gain_[i]) * (layer_norm_ ? 1 + z : z);
      of.total += z;
    }
    of.mean /= divisor_;
    if (in_.spec.kind == NormKind::kCrmsNorm) {
      of.spread = of.total / std::sqrt(divisor_);
      of.sum = size(exact.sum / exact.sigma);
    } else {
      of.total = 0;
    }
    for (size_t i = 0; i < cols_; ++i) {
      element(r, static_cast<int64_t>(i), first + i, of, dx[i]);
    }
  }

  void statistics(int64_t r, const ExactRow& exact) {
    const size_t row = static_cast<size_t>(r);
    // Nothing is promised of them but what y and dx make of them; a mean's error matters in
    // deviations.
    report_.rstd.add(answer_.rstd[row], exact.rstd, DType::kF32, {0, size(exact.rstd)}, r, -1);
    if (layer_norm_) {
      report_.mean.add(answer_.mean[row], exact.mean, DType::kF32, {0, size(1 / exact.rstd)}, r,
                       -1);
    }
  }

  void element(int64_t r, int64_t column, size_t at, const Row& of, Quad dx) {
    const size_t i = static_cast<size_t>(column);
    const Quad xhat = of.exact.xhat[i], w = gain_[i];
    const double z =
        column < of_statistics_ ? size(of.exact.centred[i] / of.exact.sigma) : 0.0;
    const double xhat_size = size(xhat), dy = in_.dy[at];
    const float bias = in_.bias.empty() ? 0 : in_.bias[i];
    const Quad y = xhat * w + bias;
    const Bound bound = y_bound(y, xhat, w, bias, of);
    report_.y.add(answer_.y[at], y, in_.dtype, bound, r, column);
    if (!naive_.one_pass.empty()) {
      report_.one_pass.add(naive_.one_pass[at], y, in_.dtype, bound, r, column);
    }
    if (!naive_.two_passes.empty()) {
      report_.two_passes.add(naive_.two_passes[at], y, in_.dtype, bound, r, column);
    }
    if (!answer_.sum.empty()) {
      const Quad sum = in_.x[at] + static_cast<Quad>(in_.residual_scale) * in_.residual[at];
      // The product and the sum are rounded, then the store.
      const double product = size(in_.residual_scale * static_cast<Quad>(in_.residual[at]));
      const double before = half_ulp(DType::kF32, product);
      report_.sum.add(answer_.sum[at], sum, in_.dtype, {before + added(size(sum) + before), 0, 0},
                      r, column);
    }
    const Quad total = in_.dsum.empty() ? dx : dx + in_.dsum[at];
    report_.dx.add(answer_.dx[at], total, in_.dtype,
                   dx_bound(total, dx, std::abs(dy) * size(w), z, of), r, column);
    dweight_[i] += dy * xhat;
    dweight_scale_[i] += std::abs(dy) * (1 + xhat_size) * (1 + of.spread);
    // xhat and the product are off by 2^-150 each where they are subnormal.
    dweight_floor_[i] += kLeast * (1 + std::abs(dy)) / 2;
    dbias_[i] += dy;
    dbias_scale_[i] += std::abs(dy);
  }

  const Inputs& in_;
  const Answer& answer_;
  const NaiveAnswers& naive_;
  const bool layer_norm_;
  const double divisor_;         // of the statistics' sums
  const int64_t of_statistics_;  // columns
  const size_t cols_;
  std::vector<Quad> gain_, dweight_, dbias_;
  std::vector<double> dweight_scale_, dweight_floor_, dbias_scale_;
  Report report_;
};

}  // namespace

void Seen::add(double got, Quad want, DType dtype, const Bound& bound, int64_t row, int64_t col) {
  // What is not a number is as wrong as can be.
  const double error = std::isfinite(got) ? size(got - want) : HUGE_VAL;
  const double ulps = error / ulp_of(dtype, want);
  worst_ulps = std::max(worst_ulps, ulps);
  sum_ulps += ulps;
  ++count;
  above_one_ulp += ulps > 1;
  if (error == 0) return;
  const double excess = error - bound.allowance;
  if (excess > 0 && bound.scale > 0) worst_excess = std::max(worst_excess, excess / bound.scale);
  const double limit = bound.tau == 0 ? bound.allowance : bound.allowance + bound.tau * bound.scale;
  // A limit of 0 is met by equality alone.
  const double share = error / limit;
  worst_share = std::max(worst_share, share);
  if (share > 1 && broken.empty()) {
    char text[160];
    std::snprintf(text, sizeof text, "%a, exactly %a, %.3g of the bound", got,
                  static_cast<double>(want), share);
    if (row >= 0) broken = "row " + std::to_string(row) + " ";
    if (col >= 0) broken += "column " + std::to_string(col) + ": ";
    broken += text;
  }
}

void Seen::merge(const Seen& other) {
  worst_ulps = std::max(worst_ulps, other.worst_ulps);
  sum_ulps += other.sum_ulps;
  count += other.count;
  above_one_ulp += other.above_one_ulp;
  worst_excess = std::max(worst_excess, other.worst_excess);
  worst_share = std::max(worst_share, other.worst_share);
  if (broken.empty()) broken = other.broken;
}

void Report::merge(const Report& other) {
  for (Seen Report::*const each :
       {&Report::sum, &Report::y, &Report::mean, &Report::rstd, &Report::dx, &Report::dweight,
        &Report::dbias, &Report::one_pass, &Report::two_passes}) {
    (this->*each).merge(other.*each);
  }
}

std::string Report::broken() const {
  std::string text;
  for (const auto& [name, seen] : {std::pair("sum", &sum), std::pair("y", &y), std::pair("dx", &dx),
                                   std::pair("dweight", &dweight), std::pair("dbias", &dbias)}) {
    if (!seen->broken.empty()) text += std::string(name) + " " + seen->broken + "\n";
  }
  return text;
}

Report judge(const Inputs& inputs, const Answer& answer, const NaiveAnswers& naive) {
  return Judge(inputs, answer, naive).judge();
}

}  // namespace norma::accuracy
