// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The one door to SeeDNorm: checks the arguments, then takes the SIMD kernels for f32, bf16 and
// f16, the scalar specification for f64 and where there are no kernels.
//
// Threads: every function may be called from several threads at once. Nothing is allocated but the
// message of a failure.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "base/status.h"
#include "core/seed_norm.h"

namespace norma {

Status seed_norm_forward(const SeedNormForward& args, const Executor& executor);

// Bytes of scratch that the backward pass needs for these arguments and this executor; may be 0.
Status seed_norm_backward_workspace_size(const SeedNormBackward& args, const Executor& executor,
                                         size_t* bytes);

// REQUIRES: workspace is 64-byte aligned and has at least the bytes asked for above; null where
// that is 0.
Status seed_norm_backward(const SeedNormBackward& args, void* workspace, size_t workspace_bytes,
                          const Executor& executor);

}  // namespace norma
