// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/cpu/fused_norm.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/cpu/cost.h"
#include "core/cpu/fused_kernels.h"
#include "core/cpu/gradient_sum.h"
#include "core/cpu/norms.h"
#include "core/cpu/scratch.h"
#include "core/fp_environment.h"

namespace norma::cpu {
namespace {

ConstKernelRows rows_of(const ConstRowsView& view) { return {view.data, view.stride}; }
KernelRows rows_of(const RowsView& view) { return {view.data, view.stride}; }
size_t index_of(DType dtype) { return static_cast<size_t>(dtype); }

// step(..) as a step of the norm's passes.
template <typename Step>
StepAfter after(const Step& step) {
  return {[](const void* context, Range rows, const ConstRowsView& z, bool stream) {
            (*static_cast<const Step*>(context))(rows, rows_of(z), stream);
          },
          &step};
}
template <typename Step>
StepBefore before(const Step& step) {
  return {[](const void* context, Range rows) { (*static_cast<const Step*>(context))(rows); },
          &step};
}

// The gradient that the norm's own backward pass takes.
ConstRowsView in_dx(const NormBackward& norm) {
  return {norm.dx.data, norm.dy.dtype, norm.dy.rows, norm.dy.cols, norm.dx.stride};
}

RopeArgs rope_args(const Rope& rope, const RowsView& to, int64_t cols, bool back) {
  return {.from = {nullptr, 0},
          .to = rows_of(to),
          .cos = rows_of(rope.cos),
          .sin = rows_of(rope.sin),
          .positions = rope.positions,
          .position_count = rope.position_count,
          .rows_per_position = rope.rows_per_position,
          .pairs = rope.cos.cols,
          .cols = cols,
          .interleaved = rope.pairs == RopePairs::kInterleaved,
          .back = back,
          .stream = false};
}

// Threads that each quantise a run of rows, with memory for a step of them.
int64_t quantizing_threads(const QuantizedForward& args, const Executor& executor) {
  const int64_t worth = args.norm.x.rows / forward_grain(args.norm.x.cols);
  return worth < 2 ? 1 : std::min<int64_t>(worth, executor.threads(executor.self));
}
int64_t bytes_of_step(const QuantizedForward& args) {
  const ConstRowsView& x = args.norm.x;
  const int64_t rows = std::min(rows_of_step(x.cols), x.rows);
  return ceil_div(rows * x.cols * static_cast<int64_t>(size_of(x.dtype)), 64) * 64;
}

}  // namespace

void gated_norm_forward(const Kernels& kernels, const NormSpec& spec, const GatedForward& args,
                        const Executor& executor) {
  const auto run = kernels.fused->gate.forward[index_of(args.norm.x.dtype)];
  const auto step = [&](Range rows, ConstKernelRows z, bool stream) {
    run({z, rows_of(args.norm.y), rows_of(args.gate), args.norm.x.cols, stream}, rows);
  };
  forward(kernels, spec, args.norm, executor, nullptr, after(step));
}

void gated_norm_backward(const Kernels& kernels, const NormSpec& spec, const GatedBackward& args,
                         void* workspace, size_t bytes, const Executor& executor) {
  NormBackward norm = args.norm;
  const GateBackwardArgs gate{rows_of(norm.dy), rows_of(args.gate), rows_of(norm.dx),
                              rows_of(args.dgate), norm.dy.cols};
  const auto run = kernels.fused->gate.backward[index_of(norm.dy.dtype)];
  const bool has_dgate = args.dgate.data != nullptr;
  const ForwardArgs again =
      has_dgate ? forward_args(spec, {norm.x, norm.weight, args.bias, args.dgate, {}})
                : ForwardArgs{};
  const NormKernels& of_norm = kernels_of(kernels, spec.kind, norm.dy.dtype);
  const auto step = [&](Range rows) {
    if (has_dgate) of_norm.forward(again, rows);
    run(gate, rows);
  };
  norm.dy = in_dx(norm);
  backward(kernels, spec, norm, workspace, bytes, executor, nullptr, before(step));
}

void rope_norm_forward(const Kernels& kernels, const NormSpec& spec, const RopeForward& args,
                       const Executor& executor) {
  const RopeArgs rope = rope_args(args.rope, args.norm.y, args.norm.x.cols, false);
  const auto run = kernels.fused->rope.turn[index_of(args.norm.x.dtype)];
  const auto step = [&](Range rows, ConstKernelRows z, bool stream) {
    RopeArgs some = rope;
    some.from = z, some.stream = stream;
    run(some, rows);
  };
  forward(kernels, spec, args.norm, executor, nullptr, after(step));
}

void rope_norm_backward(const Kernels& kernels, const NormSpec& spec, const RopeBackward& args,
                        void* workspace, size_t bytes, const Executor& executor) {
  NormBackward norm = args.norm;
  const ConstRowsView dy = norm.dy;
  const RopeArgs rope = rope_args(args.rope, norm.dx, dy.cols, true);
  const auto run = kernels.fused->rope.turn[index_of(dy.dtype)];
  const auto step = [&](Range rows) {
    RopeArgs some = rope;
    some.from = rows_of(from_row(dy, rows.begin));
    run(some, rows);
  };
  norm.dy = in_dx(norm);
  backward(kernels, spec, norm, workspace, bytes, executor, nullptr, before(step));
}

size_t quantized_norm_workspace(const QuantizedForward& args, const Executor& executor) {
  if (args.norm.x.rows == 0 || args.norm.x.cols == 0) return 0;
  return static_cast<size_t>(quantizing_threads(args, executor) * bytes_of_step(args));
}

void quantized_norm_forward(const Kernels& kernels, const NormSpec& spec,
                            const QuantizedForward& args, void* workspace, size_t bytes,
                            const Executor& executor) {
  const NormForward& all = args.norm;
  const int64_t rows = all.x.rows, cols = all.x.cols;
  if (rows == 0 || cols == 0) {
    forward(kernels, spec, all, executor);
    // Rows of no elements have the scale of rows of zeros.
    if (args.scale != nullptr) {
      std::fill(args.scale, args.scale + rows, std::numeric_limits<float>::min());
    }
    return;
  }
  const int64_t step = rows_of_step(cols), memory = bytes_of_step(args);
  int64_t parts = quantizing_threads(args, executor);
  if (static_cast<size_t>(parts * memory) > bytes) parts = 1;
  const auto quantize = kernels.fused->quant.quantize[index_of(all.x.dtype)];
  const NormKernels& of_norm = kernels_of(kernels, spec.kind, all.x.dtype);
  const auto run = [&](int64_t begin, int64_t end) {
    const DefaultFpEnvironment environment;
    for (int64_t p = begin; p < end; ++p) {
      void* const z = static_cast<char*>(workspace) + p * memory;
      const int64_t last = rows / parts * (p + 1) + std::min(rows % parts, p + 1);
      for (int64_t r = rows / parts * p + std::min(rows % parts, p); r < last; r += step) {
        const int64_t count = std::min(step, last - r);
        const RowsView y{z, all.x.dtype, count, cols, cols};
        of_norm.forward(forward_args(spec, call_on_rows(all, {r, r + count}, y)), {0, count});
        const QuantArgs quant{.z = {z, cols},
                              .q = {static_cast<char*>(args.q) + r * args.q_stride, args.q_stride},
                              .scale = args.scale + r,
                              .cols = cols,
                              .e4m3 = args.format == QuantFormat::kE4m3};
        quantize(quant, count);
      }
    }
  };
  parts == 1 ? run(0, 1) : parallel_for(executor, parts, 1, run);
}

}  // namespace norma::cpu
