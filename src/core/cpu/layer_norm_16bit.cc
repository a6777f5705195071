// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// LayerNorm over bf16 and f16 rows: a file of its own, so that two processors can compile.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/layer_norm_16bit.cc"
#include "hwy/foreach_target.h"
// foreach_target.h comes first.
#include "core/cpu/layer_norm-inl.h"
#include "core/cpu/norm_tables.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace norma::cpu {
namespace HWY_NAMESPACE {

NormKernels LayerNormBf16Kernels() { return KernelsOfNorm<LayerNorm, BFloat16>(); }
#if HWY_TARGET == HWY_AVX3
NormKernels LayerNormNativeBf16Kernels() { return KernelsOfNorm<LayerNorm, NativeBFloat16>(); }
#endif
NormKernels LayerNormF16Kernels() { return KernelsOfNorm<LayerNorm, Float16>(); }

}  // namespace HWY_NAMESPACE
}  // namespace norma::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace norma::cpu {
NORMA_DEFINE_TARGET_TABLE_BF16(NormKernels, layer_norm_bf16_kernels, LayerNormBf16Kernels,
                               LayerNormNativeBf16Kernels)
NORMA_DEFINE_TARGET_TABLE(NormKernels, layer_norm_f16_kernels, LayerNormF16Kernels)
}  // namespace norma::cpu
#endif
