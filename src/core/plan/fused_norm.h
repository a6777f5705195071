// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The one door to the norms with what is fused to them: checks the arguments, then takes the SIMD
// kernels for f32, bf16 and f16, the scalar specification for f64 and where there are no kernels.
//
// Threads: every function may be called from several threads at once. Nothing is allocated but the
// message of a failure.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "base/status.h"
#include "core/fused_norm.h"

namespace norma {

Status gated_norm_forward(const NormSpec& spec, const GatedForward& args, const Executor& executor);
Status rope_norm_forward(const NormSpec& spec, const RopeForward& args, const Executor& executor);

// Bytes of scratch that a pass needs for these arguments and this executor; may be 0.
Status gated_norm_backward_workspace_size(const NormSpec& spec, const GatedBackward& args,
                                          const Executor& executor, size_t* bytes);
Status rope_norm_backward_workspace_size(const NormSpec& spec, const RopeBackward& args,
                                         const Executor& executor, size_t* bytes);
Status quantized_norm_forward_workspace_size(const NormSpec& spec, const QuantizedForward& args,
                                             const Executor& executor, size_t* bytes);

// REQUIRES, of all three: workspace is 64-byte aligned and has at least the bytes asked for above;
// null where that is 0.
Status gated_norm_backward(const NormSpec& spec, const GatedBackward& args, void* workspace,
                           size_t workspace_bytes, const Executor& executor);
Status rope_norm_backward(const NormSpec& spec, const RopeBackward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor);
Status quantized_norm_forward(const NormSpec& spec, const QuantizedForward& args, void* workspace,
                              size_t workspace_bytes, const Executor& executor);

}  // namespace norma
