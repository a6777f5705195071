// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The norms on the CPU: cuts the work over the executor's threads and runs the kernels of one
// target. Bits depend on neither.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/executor.h"
#include "core/cpu/kernels.h"
#include "core/norm_spec.h"

namespace norma::cpu {

inline const NormKernels& kernels_of(const Kernels& kernels, NormKind kind, DType rows) {
  // The L2 norm is RMSNorm by another rule.
  const auto& norm = kind == NormKind::kLayerNorm   ? kernels.layer_norm
                     : kind == NormKind::kCrmsNorm ? kernels.crms_norm
                                                   : kernels.rms_norm;
  return norm[static_cast<size_t>(rows)];
}

inline StatisticsRule rule_of(const NormSpec& spec, int64_t cols) {
  const EpsMode mode = eps_mode_of(spec);
  const bool inside = mode == EpsMode::kInside;
  return {statistic_cols_of(spec, cols), divisor_of(spec, cols), mode,
          std::max(inside ? spec.eps : 0.0, 0x1p-252), inside ? 0.0 : spec.eps};
}

// REQUIRES, of all three: arguments that the plan's checks accept, rows of any dtype but f64. raw
// as in kernels.h.
void forward(const Kernels& kernels, const NormSpec& spec, const NormForward& args,
             const Executor& executor, RawSums* raw = nullptr);
size_t backward_workspace(const NormSpec& spec, const NormBackward& args, const Executor& executor);
// With fewer bytes than that, but those for serial_executor(), it works on the calling thread.
void backward(const Kernels& kernels, const NormSpec& spec, const NormBackward& args,
              void* workspace, size_t bytes, const Executor& executor, RawSums* raw = nullptr);

}  // namespace norma::cpu
