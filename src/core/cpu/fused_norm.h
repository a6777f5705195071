// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A row norm and what is fused with it on the CPU: the norm's own passes, and a step for each run
// of their rows. Bits depend on neither threads nor target.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "core/cpu/kernels.h"
#include "core/fused_norm.h"

namespace norma::cpu {

// REQUIRES, of all: arguments that the plan's checks accept, rows of any dtype but f64. A backward
// pass needs the workspace of the norm's own, backward_workspace().
void gated_norm_forward(const Kernels& kernels, const NormSpec& spec, const GatedForward& args,
                        const Executor& executor);
void gated_norm_backward(const Kernels& kernels, const NormSpec& spec, const GatedBackward& args,
                         void* workspace, size_t bytes, const Executor& executor);

void rope_norm_forward(const Kernels& kernels, const NormSpec& spec, const RopeForward& args,
                       const Executor& executor);
void rope_norm_backward(const Kernels& kernels, const NormSpec& spec, const RopeBackward& args,
                        void* workspace, size_t bytes, const Executor& executor);

size_t quantized_norm_workspace(const QuantizedForward& args, const Executor& executor);
// With fewer bytes than that, but those for serial_executor(), it works on the calling thread.
void quantized_norm_forward(const Kernels& kernels, const NormSpec& spec,
                            const QuantizedForward& args, void* workspace, size_t bytes,
                            const Executor& executor);

}  // namespace norma::cpu
