// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a residual adds to a backward pass, after dx.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/residual.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/norm_tables.h"
#include "core/cpu/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

template <class T>
void ResidualBackward(const ResidualArgs& args, Range rows, Range cols) {
  const V scale = hn::Set(kD, args.scale);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    T* dx = RowOf<T>(args.dx, args.dx_stride, r);
    const T* dsum = args.dsum == nullptr ? nullptr : RowOf<T>(args.dsum, args.dsum_stride, r);
    T* dresidual =
        args.dresidual == nullptr ? nullptr : RowOf<T>(args.dresidual, args.dresidual_stride, r);
    const auto columns = [&](int64_t i, const auto& load, const auto& store) HWY_ATTR {
      V sum = load(dx + i);
      if (dsum != nullptr) {
        sum = Rounded<T>(hn::Add(sum, load(dsum + i)));
        store(sum, dx + i);
      }
      if (dresidual != nullptr) store(hn::Mul(scale, sum), dresidual + i);
    };
    int64_t i = cols.begin;
    for (; i + kN <= cols.end; i += kN) {
      columns(
          i, [](const T* p) HWY_ATTR { return Load(p); }, [](V v, T* p) HWY_ATTR { Store(v, p); });
    }
    const int64_t left = cols.end - i;
    if (left > 0) {
      columns(
          i, [left](const T* p) HWY_ATTR { return LoadFirst(p, left); },
          [left](V v, T* p) HWY_ATTR { StoreFirst(v, p, left); });
    }
  }
}

ResidualTable Residual() {
  return {{ResidualBackward<float>, ResidualBackward<BFloat16>, ResidualBackward<Float16>}};
}

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(ResidualTable, residual_kernels, Residual)
}  // namespace norma::cpu
#endif
