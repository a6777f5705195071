// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// RmsNorm over f32 rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/rms_norm.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/norm_tables.h"
#include "core/cpu/rms_norm-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

NormKernels RmsNormKernels() { return KernelsOfNorm<RmsNorm, float>(); }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE(NormKernels, rms_norm_kernels, RmsNormKernels)
}  // namespace norma::cpu
#endif
