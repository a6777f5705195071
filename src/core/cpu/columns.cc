// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The f64 part of the column sums: contract norma-1, section 5.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/columns.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/kernels.h"
#include "core/cpu/norm_tables.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::ScalableTag<double> kD64{};
constexpr hn::Rebind<float, hn::ScalableTag<double>> kF32{};
constexpr int64_t kN64 = HWY_LANES(double);

// Whole vectors of columns by vector(i), the rest by scalar(i).
template <class Vector, class Scalar>
HWY_INLINE void ForColumns(int64_t n, const Vector& vector, const Scalar& scalar) {
  int64_t i = 0;
  for (; i + kN64 <= n; i += kN64) vector(i);
  for (; i < n; ++i) scalar(i);
}

void ToNode(const float* HWY_RESTRICT block, double* HWY_RESTRICT node, int64_t n) {
  ForColumns(
      n,
      [=](int64_t i)
          HWY_ATTR { hn::StoreU(hn::PromoteTo(kD64, hn::LoadU(kF32, block + i)), kD64, node + i); },
      [=](int64_t i) { node[i] = static_cast<double>(block[i]); });
}

void AddBlock(double* HWY_RESTRICT node, const float* HWY_RESTRICT block, int64_t n) {
  ForColumns(
      n,
      [=](int64_t i) HWY_ATTR {
        const auto right = hn::PromoteTo(kD64, hn::LoadU(kF32, block + i));
        hn::StoreU(hn::Add(hn::LoadU(kD64, node + i), right), kD64, node + i);
      },
      [=](int64_t i) { node[i] = node[i] + static_cast<double>(block[i]); });
}

void AddNode(double* HWY_RESTRICT node, const double* HWY_RESTRICT right, int64_t n) {
  ForColumns(
      n,
      [=](int64_t i) HWY_ATTR {
        const auto sum = hn::Add(hn::LoadU(kD64, node + i), hn::LoadU(kD64, right + i));
        hn::StoreU(sum, kD64, node + i);
      },
      [=](int64_t i) { node[i] = node[i] + right[i]; });
}

void ToResult(const double* HWY_RESTRICT node, float* HWY_RESTRICT result, int64_t n) {
  ForColumns(
      n,
      [=](int64_t i) HWY_ATTR {
        const auto sum = hn::Add(hn::LoadU(kD64, node + i), hn::Zero(kD64));
        hn::StoreU(hn::DemoteTo(kF32, sum), kF32, result + i);
      },
      [=](int64_t i) { result[i] = static_cast<float>(node[i] + 0.0); });
}

ColumnKernels Columns() { return {ToNode, AddBlock, AddNode, ToResult}; }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(ColumnKernels, column_kernels, Columns)
}  // namespace norma::cpu
#endif
