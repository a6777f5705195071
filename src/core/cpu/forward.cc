// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/cpu/cost.h"
#include "core/cpu/norms.h"
#include "core/cpu/wide_rows.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

// Of rows between a norm and the step after it.
constexpr int64_t kStepBytes = 16 << 10;

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

ForwardArgs forward_args(const NormSpec& spec, const NormForward& args) {
  const DType parameters = args.weight.data != nullptr ? args.weight.dtype : args.bias.dtype;
  const bool adds = args.residual.data != nullptr;
  return {.x = adds ? args.sum.data : args.x.data,
          .x_stride = adds ? args.sum.stride : args.x.stride,
          .y = args.y.data,
          .y_stride = args.y.stride,
          .weight = args.weight.data,
          .bias = args.bias.data,
          .one_weight = args.weight.data != nullptr && args.weight.size == 1,
          .f32_parameters = parameters == DType::kF32,
          .weight_plus_one = spec.weight_plus_one,
          .round_before_weight = spec.round_before_weight,
          .cols = args.x.cols,
          .rule = rule_of(spec, args.x.cols),
          .mean_hi = static_cast<float*>(args.statistics.mean_hi),
          .mean_lo = static_cast<float*>(args.statistics.mean_lo),
          .rstd = static_cast<float*>(args.statistics.rstd),
          .stream = false,
          .raw = nullptr,
          .addend = adds ? args.x.data : nullptr,
          .addend_stride = args.x.stride,
          .residual = args.residual.data,
          .residual_stride = args.residual.stride,
          .scale = args.residual_scale};
}

NormForward call_on_rows(const NormForward& args, Range rows, const RowsView& y) {
  const auto saved = [&](void* values) {
    return values == nullptr ? nullptr : static_cast<float*>(values) + rows.begin;
  };
  const Statistics& s = args.statistics;
  NormForward part = args;
  part.x = from_row(args.x, rows.begin), part.x.rows = rows.end - rows.begin;
  part.residual = from_row(args.residual, rows.begin);
  part.sum = from_row(args.sum, rows.begin);
  part.y = y;
  part.statistics = {saved(s.mean_hi), saved(s.mean_lo), saved(s.rstd)};
  return part;
}

void forward(const Kernels& kernels, const NormSpec& spec, const NormForward& args,
             const Executor& executor, RawSums* raw, StepAfter after) {
  const int64_t rows = args.x.rows, cols = args.x.cols;
  ForwardArgs kernel_args = forward_args(spec, args);
  if (cols == 0) return store_statistics_of_empty_rows(kernel_args, rows);
  kernel_args.raw = raw;
  const bool stream = streams(args.y, kernel_args.addend ? 4 : 2);
  kernel_args.stream = after.run == nullptr && stream;
  const NormKernels& norm = kernels_of(kernels, spec.kind, args.x.dtype);
  if (splits_rows(rows, cols, executor)) {
    forward_wide(norm.wide, kernel_args, rows, executor);
    if (after.run == nullptr) return;
    const DefaultFpEnvironment environment;
    return after.run(after.context, {0, rows}, args.y, false);
  }
  const auto body = [&](int64_t begin, int64_t end) {
    const DefaultFpEnvironment environment;
    if (after.run == nullptr) return norm.forward(kernel_args, {begin, end});
    // What is to be streamed stays out of y's memory until it is done.
    alignas(64) char memory[kStepBytes];
    const int64_t step = rows_of_step(cols);
    const bool past_y =
        stream && step * cols * static_cast<int64_t>(size_of(args.y.dtype)) <= kStepBytes;
    for (int64_t r = begin; r < end; r += step) {
      const Range some{r, std::min(r + step, end)};
      const RowsView z = past_y ? RowsView{memory, args.y.dtype, some.end - r, cols, cols}
                                : from_row(args.y, r);
      if (past_y) {
        norm.forward(forward_args(spec, call_on_rows(args, some, z)), {0, some.end - r});
      } else {
        norm.forward(kernel_args, some);
      }
      after.run(after.context, some, z, past_y);
    }
  };
  if (rows <= 1) return body(0, rows);
  const int64_t grain = forward_grain(cols);
  rows < 2 * grain ? body(0, rows) : parallel_for(executor, rows, grain, body);
}

}  // namespace norma::cpu
