// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// CrmsNorm over f32 rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/crms_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/crms_norm-inl.h"
#include "core/cpu/norm_tables.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

NormKernels CrmsNormKernels() { return KernelsOfNorm<CrmsNorm, float>(); }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(NormKernels, crms_norm_kernels, CrmsNormKernels)
}  // namespace norma::cpu
#endif
