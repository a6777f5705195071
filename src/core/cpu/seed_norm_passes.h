// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// SeeDNorm on the CPU: cuts the work over the executor's threads and runs the kernels of one
// target. Bits depend on neither.
#pragma once

#include <cstddef>

#include "base/executor.h"
#include "core/cpu/kernels.h"
#include "core/seed_norm.h"

namespace norma::cpu {

// REQUIRES, of all three: arguments that the plan's checks accept, rows of any dtype but f64.
void seed_norm_forward(const Kernels& kernels, const SeedNormForward& args,
                       const Executor& executor);
size_t seed_norm_backward_workspace(const SeedNormBackward& args, const Executor& executor);
// With fewer bytes than that, but those for serial_executor(), it works on the calling thread.
void seed_norm_backward(const Kernels& kernels, const SeedNormBackward& args, void* workspace,
                        size_t bytes, const Executor& executor);

}  // namespace norma::cpu
