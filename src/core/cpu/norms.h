// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The norms on the CPU: cuts the work over the executor's threads and runs the kernels of one
// target. Bits depend on neither.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

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

// What is done to each run of rows on the thread that works on them; nothing where run is null.
// After a forward pass: y of `rows` is made out of z, the norm's output of those rows alone, which
// may be y's own memory; stream as in kernels.h.
struct StepAfter {
  void (*run)(const void* context, Range rows, const ConstRowsView& z, bool stream) = nullptr;
  const void* context = nullptr;
};
// Before a backward pass: dy of `rows` is made in dx's memory.
struct StepBefore {
  void (*run)(const void* context, Range rows) = nullptr;
  const void* context = nullptr;
};

// What the kernels take, for any rows of the call; y goes through the caches.
ForwardArgs forward_args(const NormSpec& spec, const NormForward& args);

// Rows of a forward pass that a step takes at a time: as many as stay in L1 meanwhile.
inline int64_t rows_of_step(int64_t cols) {
  constexpr int64_t kElements = 4096;
  return std::clamp<int64_t>(kElements / cols, 1, kElements);
}

// The view of the rows from row r on, or of what is absent.
template <typename View>
View from_row(const View& view, int64_t r) {
  View part = view;
  using Byte = std::conditional_t<std::is_same_v<View, RowsView>, char, const char>;
  // Without rows the stride may be any number.
  if (view.data == nullptr || r == 0) return part;
  const int64_t stride = view.stride * static_cast<int64_t>(size_of(view.dtype));
  part.data = static_cast<Byte*>(view.data) + r * stride;
  return part;
}
// The call on these rows alone, its output to y.
NormForward call_on_rows(const NormForward& args, Range rows, const RowsView& y);

// REQUIRES, of all three: arguments that the plan's checks accept, rows of any dtype but f64. raw
// as in kernels.h. after: what follows y, of which it has the rows while they are in the caches.
void forward(const Kernels& kernels, const NormSpec& spec, const NormForward& args,
             const Executor& executor, RawSums* raw = nullptr, StepAfter after = {});
size_t backward_workspace(const NormSpec& spec, const NormBackward& args, const Executor& executor);
// With fewer bytes than that, but those for serial_executor(), it works on the calling thread.
// before: what makes the rows of dy, which are dx's, once for each before they are read.
void backward(const Kernels& kernels, const NormSpec& spec, const NormBackward& args,
              void* workspace, size_t bytes, const Executor& executor, RawSums* raw = nullptr,
              StepBefore before = {});

}  // namespace norma::cpu
