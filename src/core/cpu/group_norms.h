// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// GroupNorm on the CPU: cuts the work over the executor's threads and runs the kernels of one
// target. Bits depend on neither.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "core/channel_norm.h"
#include "core/cpu/kernels.h"

namespace norma::cpu {

// REQUIRES, of all: arguments that the plan's checks accept, no dtype f64. With fewer bytes than
// the workspace asked for, but those for serial_executor(), a pass works on the calling thread.
size_t group_norm_forward_workspace(const GroupNormSpec& spec, const GroupNormForward& args,
                                    const Executor& executor);
void group_norm_forward(const Kernels& kernels, const GroupNormSpec& spec,
                        const GroupNormForward& args, void* workspace, size_t bytes,
                        const Executor& executor);
size_t group_norm_backward_workspace(const GroupNormSpec& spec, const GroupNormBackward& args,
                                     const Executor& executor);
void group_norm_backward(const Kernels& kernels, const GroupNormSpec& spec,
                         const GroupNormBackward& args, void* workspace, size_t bytes,
                         const Executor& executor);

}  // namespace norma::cpu
