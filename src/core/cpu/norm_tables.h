// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// How the files that Highway compiles once for each target hand their kernels out. Highway's own
// dispatch wants its compiled library, which a cross build does not have; a table of targets needs
// its headers only.
#pragma once

#include "core/cpu/kernels.h"

namespace norma::cpu {

// kAvx512Bf16 is kAvx512 but for LayerNorm's and RMSNorm's kernels of bf16.
enum class Target : int { kSse4 = 0, kAvx2 = 1, kAvx512 = 2, kNeon = 3, kAvx512Bf16 = 4 };
inline constexpr int kTargets = 5;

// Each: whether this build has kernels for the target; they are put into *kernels.
bool layer_norm_kernels(Target target, NormKernels* kernels);
bool layer_norm_bf16_kernels(Target target, NormKernels* kernels);
bool layer_norm_f16_kernels(Target target, NormKernels* kernels);
bool rms_norm_kernels(Target target, NormKernels* kernels);
bool rms_norm_bf16_kernels(Target target, NormKernels* kernels);
bool rms_norm_f16_kernels(Target target, NormKernels* kernels);
bool crms_norm_kernels(Target target, NormKernels* kernels);
bool crms_norm_bf16_kernels(Target target, NormKernels* kernels);
bool crms_norm_f16_kernels(Target target, NormKernels* kernels);
bool parameter_kernels(Target target, ParameterTable* kernels);
bool residual_kernels(Target target, ResidualTable* kernels);
bool column_kernels(Target target, ColumnKernels* kernels);
bool group_norm_kernels(Target target, GroupNormKernels* kernels);
bool batch_norm_kernels(Target target, BatchNormKernels* kernels);
bool dyt_kernels(Target target, PointwiseTable* kernels);
bool derf_kernels(Target target, PointwiseTable* kernels);
bool lstm_kernels(Target target, LstmKernels* kernels);

}  // namespace norma::cpu

#define NORMA_TARGET_CASE_(target, space, get) \
  case Target::target:                         \
    *kernels = space::get();                   \
    return true;

#if HWY_TARGETS & HWY_SSE4
#define NORMA_CASE_SSE4_(get) NORMA_TARGET_CASE_(kSse4, N_SSE4, get)
#else
#define NORMA_CASE_SSE4_(get)
#endif
#if HWY_TARGETS & HWY_AVX2
#define NORMA_CASE_AVX2_(get) NORMA_TARGET_CASE_(kAvx2, N_AVX2, get)
#else
#define NORMA_CASE_AVX2_(get)
#endif
#if HWY_TARGETS & HWY_AVX3
#define NORMA_CASE_AVX512_(get) NORMA_TARGET_CASE_(kAvx512, N_AVX3, get)
#define NORMA_CASE_AVX512_BF16_(get) NORMA_TARGET_CASE_(kAvx512Bf16, N_AVX3, get)
#else
#define NORMA_CASE_AVX512_(get)
#define NORMA_CASE_AVX512_BF16_(get)
#endif
#if HWY_TARGETS & HWY_NEON
#define NORMA_CASE_NEON_(get) NORMA_TARGET_CASE_(kNeon, N_NEON, get)
#else
#define NORMA_CASE_NEON_(get)
#endif

// Defines bool function(Target, Type*), which calls get() of the target's namespace.
#define NORMA_DEFINE_TARGET_TABLE(Type, function, get) \
  NORMA_DEFINE_TARGET_TABLE_BF16(Type, function, get, get)
// native_get() of kAvx512's namespace for kAvx512Bf16.
#define NORMA_DEFINE_TARGET_TABLE_BF16(Type, function, get, native_get) \
  bool function(Target target, Type* kernels) {                         \
    switch (target) {                                                   \
      NORMA_CASE_SSE4_(get)                                             \
      NORMA_CASE_AVX2_(get)                                             \
      NORMA_CASE_AVX512_(get)                                           \
      NORMA_CASE_AVX512_BF16_(native_get)                               \
      NORMA_CASE_NEON_(get)                                             \
      default:                                                          \
        return false;                                                   \
    }                                                                   \
  }
