// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// at::native::LayerNormKernel and LayerNormBackwardKernel: what torch's operators call once their
// outputs exist.
#pragma once

// How many kernels a stub chooses from depends on the macros that the wheel was built with.
#ifdef __x86_64__
#define HAVE_AVX2_CPU_DEFINITION
#define HAVE_AVX512_CPU_DEFINITION
#endif

#include <ATen/native/layer_norm.h>
