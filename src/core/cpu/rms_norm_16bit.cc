// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// RmsNorm over bf16 and f16 rows: a file of its own, so that two processors can compile.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/rms_norm_16bit.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/norm_tables.h"
#include "core/cpu/rms_norm-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

NormKernels RmsNormBf16Kernels() { return KernelsOfNorm<RmsNorm, BFloat16>(); }
#if HWY_TARGET == HWY_AVX3
NormKernels RmsNormNativeBf16Kernels() { return KernelsOfNorm<RmsNorm, NativeBFloat16>(); }
#endif
NormKernels RmsNormF16Kernels() { return KernelsOfNorm<RmsNorm, Float16>(); }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE_BF16(NormKernels, rms_norm_bf16_kernels, RmsNormBf16Kernels,
                               RmsNormNativeBf16Kernels)
NORMA_DEFINE_TARGET_TABLE(NormKernels, rms_norm_f16_kernels, RmsNormF16Kernels)
}  // namespace norma::cpu
#endif
