// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The one door to the channel norms: checks the arguments, then takes the best implementation that
// accepts them: the SIMD kernels for f32, bf16 and f16, the scalar specification for f64 and where
// there are no kernels.
//
// Threads: every function may be called from several threads at once. Nothing is allocated but the
// message of a failure.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "base/status.h"
#include "core/channel_norm.h"

namespace norma {

// Bytes of scratch that the pass needs for these arguments and this executor; may be 0.
Status group_norm_forward_workspace_size(const GroupNormSpec& spec, const GroupNormForward& args,
                                         const Executor& executor, size_t* bytes);
Status group_norm_backward_workspace_size(const GroupNormSpec& spec, const GroupNormBackward& args,
                                          const Executor& executor, size_t* bytes);

// REQUIRES: workspace is 64-byte aligned and has at least the bytes asked for above; null where
// that is 0.
Status group_norm_forward(const GroupNormSpec& spec, const GroupNormForward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor);
Status group_norm_backward(const GroupNormSpec& spec, const GroupNormBackward& args,
                           void* workspace, size_t workspace_bytes, const Executor& executor);

// BatchNorm's workspace does not depend on the executor.
Status batch_norm_forward_workspace_size(const BatchNormSpec& spec, const BatchNormForward& args,
                                         size_t* bytes);
Status batch_norm_backward_workspace_size(const BatchNormSpec& spec, const BatchNormBackward& args,
                                          size_t* bytes);
Status batch_norm_forward(const BatchNormSpec& spec, const BatchNormForward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor);
Status batch_norm_backward(const BatchNormSpec& spec, const BatchNormBackward& args,
                           void* workspace, size_t workspace_bytes, const Executor& executor);

}  // namespace norma
