// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The pointwise functions on the CPU: cuts the work over the executor's threads and runs the
// kernels of one target. Bits depend on neither.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "core/cpu/kernels.h"
#include "core/pointwise_spec.h"

namespace norma::cpu {

// REQUIRES, of all three: arguments that the plan's checks accept, rows of any dtype but f64.
void pointwise_forward(const Kernels& kernels, const PointwiseSpec& spec,
                       const PointwiseForward& args, const Executor& executor);
size_t pointwise_backward_workspace(const PointwiseBackward& args, const Executor& executor);
// With fewer bytes than that, but those for serial_executor(), it works on the calling thread.
void pointwise_backward(const Kernels& kernels, const PointwiseSpec& spec,
                        const PointwiseBackward& args, void* workspace, size_t bytes,
                        const Executor& executor);

}  // namespace norma::cpu
