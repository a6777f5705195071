// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The channel norms' kernels of each SIMD target, beside those of the row norms.
#pragma once

#include "core/cpu/channel_kernels.h"
#include "core/cpu/kernels.h"

namespace norma::cpu {

struct ChannelKernels {
  GroupNormKernels group_norm;
  BatchNormKernels batch_norm;
};

// Those of the target that `kernels` are of.
const ChannelKernels& channel_kernels(const Kernels& kernels);

}  // namespace norma::cpu
