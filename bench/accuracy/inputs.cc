// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/inputs.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/ref/rows.h"

namespace norma::accuracy {
namespace {

class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}

  // Mean 0, deviation 1: twelve uniform numbers added. The division leaves no zeros at the end,
  // with which sums would be exact.
  double bell() {
    int64_t sum = 0;
    for (int i = 0; i < 3; ++i) {
      for (uint64_t bits = bits_(), j = 0; j < 4; ++j, bits >>= 16) sum += bits & 0xffff;
    }
    return static_cast<double>(sum) / 65535.0 - 6;
  }
  double uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  int64_t below(int64_t n) { return static_cast<int64_t>(bits_() % static_cast<uint64_t>(n)); }

 private:
  std::mt19937_64 bits_;
};

// The deviations that a type can show: f16 ends at 65504 and 2^-24.
double scale_of(Family family, DType dtype) {
  const bool f16 = dtype == DType::kF16;
  if (family == Family::kTiny) return f16 ? 0x1p-10 : 1e-20;
  if (family == Family::kHuge) return f16 ? 4096 : 1e30;
  return 1;
}

// So that dx and the columns' sums stay in the type's range.
double dy_scale_of(Family family, DType dtype) {
  if (family == Family::kTiny) return dtype == DType::kF16 ? 0x1p-6 : 1e-20;
  if (family == Family::kHuge && dtype == DType::kF16) return 64;
  return 1;
}

double eps_of(Family family) {
  return family == Family::kTiny || family == Family::kNoise ? 0 : 1e-5;
}

void fill_row(Family family, DType dtype, Random* random, float* x, int64_t n) {
  const bool f16 = dtype == DType::kF16;
  const double scale = scale_of(family, dtype);
  double mean = 0;
  if (family == Family::kMean1e3) mean = 1e3 * (1 + random->uniform());
  if (family == Family::kMean1e6) mean = 1e6 * (1 + random->uniform());
  const double step = dtype == DType::kF32 ? 0x1p-22 : dtype == DType::kBF16 ? 0x1p-6 : 0x1p-9;
  for (int64_t i = 0; i < n; ++i) {
    double v = mean + scale * random->bell();
    if (family == Family::kNoise) v = 3 + step * static_cast<double>(random->below(3));
    if (family == Family::kWide) {
      const int reach = f16 ? 10 : 20;
      v = std::ldexp(1 + random->uniform(), static_cast<int>(random->below(2 * reach)) - reach);
      if (random->below(2)) v = -v;
    }
    x[i] = ref::rounded(static_cast<float>(v), dtype);
  }
  if (family == Family::kOutlier) {
    x[random->below(n)] = ref::rounded(f16 ? 30000.0f : 1e6f, dtype);
  }
}

std::vector<float> bells(int64_t count, DType dtype, double mean, double scale, Random* random) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) {
    v = ref::rounded(static_cast<float>(mean + scale * random->bell()), dtype);
  }
  return values;
}

}  // namespace

const char* name_of(Family family) {
  switch (family) {
    case Family::kNormal:
      return "normal";
    case Family::kMean1e3:
      return "mean 1e3";
    case Family::kMean1e6:
      return "mean 1e6";
    case Family::kTiny:
      return "tiny";
    case Family::kHuge:
      return "huge";
    case Family::kOutlier:
      return "one outlier";
    case Family::kNoise:
      return "constant + noise";
    case Family::kWide:
      return "wide";
  }
  return "unknown";
}

bool exists(Family family, DType dtype) {
  return family != Family::kMean1e6 || dtype == DType::kF32;
}

std::vector<Variant> variants_of(NormKind kind, DType dtype) {
  std::vector<Variant> all = {{.name = "plain"}};
  const Variant outside{.name = "eps outside", .eps_mode = EpsMode::kOutside, .eps = 0.5};
  if (kind == NormKind::kL2Norm || kind == NormKind::kCrmsNorm) {
    all.push_back(outside);
    return all;
  }
  if (dtype != DType::kF32) all.push_back({.name = "f32 parameters", .f32_parameters = true});
  all.push_back({.name = "weight_plus_one", .weight_plus_one = true});
  // f32 rows have nothing to round.
  if (dtype != DType::kF32) {
    all.push_back({.name = "round_before_weight", .round_before_weight = true});
  }
  all.push_back({.name = "residual", .residual = true});
  all.push_back(outside);
  // About half of the normal rows are below it.
  all.push_back({.name = "eps clamp", .eps_mode = EpsMode::kClamp, .eps = 1});
  if (kind == NormKind::kRmsNorm) all.push_back({.name = "first quarter", .part = 4});
  return all;
}

Inputs make_inputs(NormKind kind, DType dtype, const Variant& variant, Family family, int64_t rows,
                   int64_t cols) {
  Random random(static_cast<uint64_t>(cols) * 64 + static_cast<uint64_t>(family) * 4 +
                static_cast<uint64_t>(dtype));
  Inputs in;
  in.spec = {kind, eps_of(family), variant.weight_plus_one, variant.round_before_weight,
             variant.eps_mode};
  if (in.spec.eps != 0 && variant.eps != 0) in.spec.eps = variant.eps;
  if (variant.part != 0) in.spec.statistic_cols = (cols + variant.part - 1) / variant.part;
  in.dtype = dtype;
  in.parameters = variant.f32_parameters ? DType::kF32 : dtype;
  in.rows = rows;
  in.cols = cols;
  in.weight = bells(cols, in.parameters, variant.weight_plus_one ? 0 : 1, 0.5, &random);
  if (kind == NormKind::kLayerNorm) in.bias = bells(cols, in.parameters, 0, 1, &random);
  in.dy = bells(rows * cols, dtype, 0, dy_scale_of(family, dtype), &random);
  const auto family_rows = [&] {
    std::vector<float> values(static_cast<size_t>(rows * cols));
    for (int64_t r = 0; r < rows; ++r) {
      fill_row(family, dtype, &random, values.data() + r * cols, cols);
    }
    return values;
  };
  in.x = family_rows();
  if (variant.residual) {
    in.residual = family_rows();
    in.dsum = bells(rows * cols, dtype, 0, 1, &random);
    in.residual_scale = 0.5f;
  }
  return in;
}

}  // namespace norma::accuracy
