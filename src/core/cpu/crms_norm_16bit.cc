// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// CrmsNorm over bf16 and f16 rows: a file of its own, so that two processors can compile.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/crms_norm_16bit.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/crms_norm-inl.h"
#include "core/cpu/norm_tables.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

NormKernels CrmsNormBf16Kernels() { return KernelsOfNorm<CrmsNorm, BFloat16>(); }
NormKernels CrmsNormF16Kernels() { return KernelsOfNorm<CrmsNorm, Float16>(); }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(NormKernels, crms_norm_bf16_kernels, CrmsNormBf16Kernels)
NORMA_DEFINE_TARGET_TABLE(NormKernels, crms_norm_f16_kernels, CrmsNormF16Kernels)
}  // namespace norma::cpu
#endif
