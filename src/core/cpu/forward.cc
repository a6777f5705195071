// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <cstdint>
#include <limits>

#include "core/cpu/cost.h"
#include "core/cpu/norms.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

// A row without elements has no mean of squares; its mean is shown as 0.
void store_statistics_of_empty_rows(const ForwardArgs& args, int64_t rows) {
  // Rows of no elements can be more than anyone could count.
  if (args.mean_hi == nullptr && args.mean_lo == nullptr && args.rstd == nullptr) return;
  for (int64_t r = 0; r < rows; ++r) {
    if (args.mean_hi != nullptr) args.mean_hi[r] = 0;
    if (args.mean_lo != nullptr) args.mean_lo[r] = 0;
    if (args.rstd != nullptr) args.rstd[r] = std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace

void forward(const Kernels& kernels, const NormSpec& spec, const NormForward& args,
             const Executor& executor, RawSums* raw) {
  const int64_t rows = args.x.rows, cols = args.x.cols;
  const DType parameters = args.weight.data != nullptr ? args.weight.dtype : args.bias.dtype;
  const bool adds = args.residual.data != nullptr;
  const ForwardArgs kernel_args{.x = adds ? args.sum.data : args.x.data,
                                .x_stride = adds ? args.sum.stride : args.x.stride,
                                .y = args.y.data,
                                .y_stride = args.y.stride,
                                .weight = args.weight.data,
                                .bias = args.bias.data,
                                .one_weight = args.weight.data != nullptr && args.weight.size == 1,
                                .f32_parameters = parameters == DType::kF32,
                                .weight_plus_one = spec.weight_plus_one,
                                .round_before_weight = spec.round_before_weight,
                                .cols = cols,
                                .rule = rule_of(spec, cols),
                                .mean_hi = static_cast<float*>(args.statistics.mean_hi),
                                .mean_lo = static_cast<float*>(args.statistics.mean_lo),
                                .rstd = static_cast<float*>(args.statistics.rstd),
                                .stream = streams(args.y, adds ? 4 : 2),
                                .raw = raw,
                                .addend = adds ? args.x.data : nullptr,
                                .addend_stride = args.x.stride,
                                .residual = args.residual.data,
                                .residual_stride = args.residual.stride,
                                .scale = args.residual_scale};
  if (cols == 0) return store_statistics_of_empty_rows(kernel_args, rows);
  const NormKernels& norm = kernels_of(kernels, spec.kind, args.x.dtype);
  const auto body = [&](int64_t begin, int64_t end) {
    const DefaultFpEnvironment environment;
    norm.forward(kernel_args, {begin, end});
  };
  if (rows <= 1) return body(0, rows);
  const int64_t grain = forward_grain(cols);
  rows <= grain ? body(0, rows) : parallel_for(executor, rows, grain, body);
}

}  // namespace norma::cpu
