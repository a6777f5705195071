// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Vectors of parameters from their type to f32 and back.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/parameters.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/norm_tables.h"
#include "core/cpu/widen-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

template <class T>
void ToF32(const void* data, float* HWY_RESTRICT result, int64_t n) {
  Convert(static_cast<const T*>(data), result, n);
}

template <class T>
void FromF32(const float* HWY_RESTRICT values, void* data, int64_t n) {
  Convert(values, static_cast<T*>(data), n);
}

template <class T>
ParameterKernels Of() {
  return {ToF32<T>, FromF32<T>};
}

ParameterTable Parameters() { return {{Of<float>(), Of<BFloat16>(), Of<Float16>()}}; }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(ParameterTable, parameter_kernels, Parameters)
}  // namespace norma::cpu
#endif
