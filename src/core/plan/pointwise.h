// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The one door to the pointwise functions: checks the arguments, then takes the SIMD kernels for
// f32, bf16 and f16, the scalar specification for f64 and where there are no kernels.
//
// Threads: every function may be called from several threads at once. Nothing is allocated but the
// message of a failure.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "base/status.h"
#include "core/pointwise_spec.h"

namespace norma {

Status pointwise_forward(const PointwiseSpec& spec, const PointwiseForward& args,
                         const Executor& executor);

// Bytes of scratch that the backward pass needs for these arguments and this executor; may be 0.
Status pointwise_backward_workspace_size(const PointwiseSpec& spec, const PointwiseBackward& args,
                                         const Executor& executor, size_t* bytes);

// REQUIRES: workspace is 64-byte aligned and has at least the bytes asked for above; null where
// that is 0.
Status pointwise_backward(const PointwiseSpec& spec, const PointwiseBackward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor);

}  // namespace norma
