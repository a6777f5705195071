// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The rows that are measured: families that each are hard in another way, in every type. The same
// numbers on every machine: no function of libm is called, whose last bits are a machine's own.
#pragma once

#include <cstdint>
#include <vector>

#include "core/norm_spec.h"

namespace norma::accuracy {

enum class Family { kNormal, kMean1e3, kMean1e6, kTiny, kHuge, kOutlier, kNoise, kWide };
inline constexpr Family kFamilies[] = {Family::kNormal, Family::kMean1e3, Family::kMean1e6,
                                       Family::kTiny,   Family::kHuge,    Family::kOutlier,
                                       Family::kNoise,  Family::kWide};

const char* name_of(Family family);

// 16-bit rows hold nothing but a constant where the mean is 1e6 deviations away.
bool exists(Family family, DType dtype);

struct Inputs {
  NormSpec spec;
  DType dtype = DType::kF32;       // of the rows
  DType parameters = DType::kF32;  // of weight, bias and their gradients
  int64_t rows = 0, cols = 0;
  std::vector<float> x, dy;           // dense
  std::vector<float> weight, bias;    // a bias: LayerNorm's alone
  std::vector<float> residual, dsum;  // empty: no residual
  float residual_scale = 1;
};

struct Variant {
  const char* name;
  bool f32_parameters = false, weight_plus_one = false, round_before_weight = false;
  bool residual = false;
  EpsMode eps_mode = EpsMode::kDefault;
  double eps = 0;  // not 0: where the family has one, this
  int part = 0;    // not 0: statistics of so many of the columns, rounded up
};

// The first has weight and bias of the rows' type and no more.
std::vector<Variant> variants_of(NormKind kind, DType dtype);

// Every value is one that its type holds. The seed is a function of the shape and the family.
Inputs make_inputs(NormKind kind, DType dtype, const Variant& variant, Family family, int64_t rows,
                   int64_t cols);

}  // namespace norma::accuracy
