// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm on the CPU: cuts the work over the executor's threads and runs the kernels of one
// target. Bits depend on neither.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "core/channel_norm.h"
#include "core/cpu/kernels.h"

namespace norma::cpu {

// REQUIRES, of all: arguments that the plan's checks accept, no dtype f64, and the workspace
// that is asked for, which does not depend on the executor.
size_t batch_norm_forward_workspace(const BatchNormSpec& spec, const BatchNormForward& args);
void batch_norm_forward(const Kernels& kernels, const BatchNormSpec& spec,
                        const BatchNormForward& args, void* workspace, const Executor& executor);
size_t batch_norm_backward_workspace(const BatchNormSpec& spec, const BatchNormBackward& args);
void batch_norm_backward(const Kernels& kernels, const BatchNormSpec& spec,
                         const BatchNormBackward& args, void* workspace, const Executor& executor);

}  // namespace norma::cpu
