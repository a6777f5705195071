// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/fused_norm.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/cpu/fused_norm.h"
#include "core/cpu/norms.h"
#include "core/cpu/targets.h"
#include "core/fp_environment.h"
#include "core/plan/checker.h"
#include "core/plan/checks.h"
#include "core/plan/overlap.h"
#include "core/plan/plan.h"
#include "core/ref/gated_norm.h"
#include "core/ref/quantized_norm.h"
#include "core/ref/rope_norm.h"

namespace norma {
namespace {

Named named(const char* name, const ConstRowsView& rows) { return {name, bytes_of(rows), rows}; }
Named named(const char* name, const void* data, DType dtype, int64_t size) {
  return {name, bytes_of(data, dtype, size), {}};
}

// What each call has beside its norm.
auto inputs_of(const GatedForward& args) { return std::array{named("gate", args.gate)}; }
auto outputs_of(const GatedForward&) { return std::array<Named, 0>(); }
auto inputs_of(const GatedBackward& args) {
  return std::array{named("gate", args.gate),
                    named("bias", args.bias.data, args.bias.dtype, args.bias.size)};
}
auto outputs_of(const GatedBackward& args) { return std::array{named("dgate", args.dgate)}; }

auto inputs_of(const Rope& rope) {
  return std::array{named("cos", rope.cos), named("sin", rope.sin),
                    // As wide as f64.
                    named("positions", rope.positions, DType::kF64, rope.position_count)};
}
auto inputs_of(const RopeForward& args) { return inputs_of(args.rope); }
auto outputs_of(const RopeForward&) { return std::array<Named, 0>(); }
auto inputs_of(const RopeBackward& args) { return inputs_of(args.rope); }
auto outputs_of(const RopeBackward&) { return std::array<Named, 0>(); }

auto inputs_of(const QuantizedForward&) { return std::array<Named, 0>(); }
auto outputs_of(const QuantizedForward& args) {
  const ConstRowsView& x = args.norm.x;
  const int64_t rows = args.q == nullptr ? 0 : x.rows;
  const ByteRows q{reinterpret_cast<int64_t>(args.q), in_bytes(x.cols, DType::kF16) / 2, rows,
                   in_bytes(args.q_stride, DType::kF16) / 2};
  return std::array{Named{"q", q, {}}, named("scale", args.scale, DType::kF32, x.rows)};
}

template <class Args>
bool memory_is_apart(Checker& check, const Args& args) {
  const auto inputs = inputs_of(args);
  const auto outputs = outputs_of(args);
  return extras_apart(check, args.norm, inputs, outputs);
}

bool is_valid(Checker& check, const GatedForward& args) {
  return check.rows("gate", args.gate) && check.same_shape("gate", args.gate, "x", args.norm.x);
}

std::string text(int64_t value) { return std::to_string(value); }

// dx holds the gradient of z on its way.
bool has_dx(Checker& check, const NormBackward& norm) {
  return check.rule(norm.dy.rows == 0 || norm.dy.cols == 0 || norm.dx.data != nullptr, [] {
    return std::string("dx is missing: the gradient of the norm's output is kept there.");
  });
}

bool is_valid(Checker& check, const GatedBackward& args) {
  const NormBackward& norm = args.norm;
  const ConstRowsView dgate = args.dgate;
  return has_dx(check, norm) && check.rows("gate", args.gate) &&
         check.same_shape("gate", args.gate, "dy", norm.dy) &&
         check.vector("bias", args.bias, "dy", norm.dy.dtype, norm.dy.cols) &&
         check.same_parameters(norm.weight, args.bias) &&
         (dgate.data == nullptr ||
          (check.output_rows("dgate", dgate) && check.same_shape("dgate", dgate, "dy", norm.dy)));
}

// Of the positions that rows have.
bool positions_are_in_tables(Checker& check, const Rope& rope, int64_t rows) {
  const int64_t groups = (rows - 1) / rope.rows_per_position + 1, most = rope.cos.rows;
  if (rope.positions == nullptr) {
    return check.rule(groups <= most, [=] {
      return "cos and sin must have a row for each of " + text(groups) + " positions but have " +
             text(most) + ": give them more rows, or positions.";
    });
  }
  const std::span<const int64_t> used(
      rope.positions, static_cast<size_t>(std::min(groups, rope.position_count)));
  const auto found =
      std::find_if(used.begin(), used.end(), [=](int64_t p) { return p < 0 || p >= most; });
  return check.rule(found == used.end(), [=] {
    return "positions must be rows of cos and sin, 0 .. " + text(most - 1) + ", but position " +
           text(found - used.begin()) + " is " + text(*found) + ".";
  });
}

bool positions_are_valid(Checker& check, const Rope& rope) {
  const int64_t each = rope.rows_per_position, count = rope.position_count;
  if (!check.rule(each >= 1, [=] {
        return "rows_per_position must be at least 1 but is " + text(each) + ".";
      })) {
    return false;
  }
  if (rope.positions == nullptr) return true;
  constexpr int64_t kMost = int64_t{1} << 56;
  return check.rule(count >= 1 && count <= kMost,
                    [=] {
                      return "position_count must be between 1 and 2^56 but is " + text(count) +
                             ".";
                    }) &&
         check.rule(reinterpret_cast<uintptr_t>(rope.positions) % sizeof(int64_t) == 0, [] {
           return std::string("positions must be aligned to its elements of 8 bytes but is not.");
         });
}

bool is_valid(Checker& check, const Rope& rope, const ConstRowsView& x) {
  const ConstRowsView &cos = rope.cos, &sin = rope.sin;
  const DType dtype = dtype_of_statistics(x.dtype);
  const auto pairs = static_cast<int32_t>(rope.pairs);
  const bool tables_are_valid =
      check.rule(pairs == 0 || pairs == 1,
                 [=] {
                   return "pairs must be 0 (halves) or 1 (interleaved) but is " + text(pairs) + ".";
                 }) &&
      check.rows("cos", cos) && check.rows("sin", sin) &&
      check.same_shape("sin", sin, "cos", cos) &&
      check.rule(cos.dtype == dtype,
                 [=] {
                   return std::string("cos has dtype ") + name_of(cos.dtype) + " where x has " +
                          name_of(x.dtype) + ": it must have " + name_of(dtype) + ".";
                 }) &&
      check.rule(cos.cols <= x.cols / 2, [=] {
        return "cos must have at most half of the cols=" + text(x.cols) + " but has " +
               text(cos.cols) + ".";
      });
  if (!tables_are_valid || !positions_are_valid(check, rope)) return false;
  return x.rows == 0 || cos.cols == 0 || positions_are_in_tables(check, rope, x.rows);
}

bool is_valid(Checker& check, const RopeForward& args) {
  return is_valid(check, args.rope, args.norm.x);
}
bool is_valid(Checker& check, const RopeBackward& args) {
  return has_dx(check, args.norm) && is_valid(check, args.rope, args.norm.dy);
}

bool is_valid(Checker& check, const QuantizedForward& args) {
  const int64_t rows = args.norm.x.rows, cols = args.norm.x.cols, stride = args.q_stride;
  const auto format = static_cast<int32_t>(args.format);
  int64_t reach;
  const bool ends = !__builtin_mul_overflow(rows, stride, &reach) &&
                    !__builtin_add_overflow(reach < 0 ? ~reach : reach, cols, &reach);
  return check.rule(format == 0 || format == 1,
                    [=] {
                      return "format must be 0 (int8) or 1 (e4m3) but is " + text(format) + ".";
                    }) &&
         check.rule(rows == 0 || cols == 0 || args.q != nullptr,
                    [] { return std::string("q must not be null."); }) &&
         check.rule(rows <= 1 || stride >= cols || stride <= -cols,
                    [=] {
                      return "q must have a stride of at least cols=" + text(cols) +
                             " bytes but has " + text(stride) +
                             ": its rows would overwrite each other.";
                    }) &&
         check.rule(ends, [=] {
           return "q must end below 2^63 bytes but is [" + text(rows) + ", " + text(cols) +
                  "] with stride " + text(stride) + ".";
         }) &&
         check.rule(rows == 0 || args.scale != nullptr,
                    [] { return std::string("scale must not be null."); }) &&
         check.statistic("scale", args.scale, DType::kF32, false);
}

Status check_norm(const NormSpec& spec, const NormForward& args, bool with_y) {
  return with_y ? check_forward(spec, args) : check_forward_without_y(spec, args);
}
Status check_norm(const NormSpec& spec, const NormBackward& args, bool) {
  return check_backward(spec, args);
}

template <class Args>
Status check_fused(const NormSpec& spec, const Args& args, const char* name, const char* suffix,
                   bool with_y = true) {
  NORMA_RETURN_IF_ERROR(check_norm(spec, args.norm, with_y));
  Checker check(name, suffix);
  if (is_valid(check, args)) memory_is_apart(check, args);
  return std::move(check).status();
}

Status check(const NormSpec& spec, const GatedForward& args) {
  return check_fused(spec, args, "gated_norm", "");
}
Status check(const NormSpec& spec, const GatedBackward& args) {
  return check_fused(spec, args, "gated_norm", "_backward");
}
Status check(const NormSpec& spec, const RopeForward& args) {
  return check_fused(spec, args, "rope_norm", "");
}
Status check(const NormSpec& spec, const RopeBackward& args) {
  return check_fused(spec, args, "rope_norm", "_backward");
}
Status check(const NormSpec& spec, const QuantizedForward& args) {
  return check_fused(spec, args, "quantized_norm", "", false);
}

// ask: who says how large it must be.
template <class Args>
Status check_scratch(const Args& args, const char* name, const char* suffix, const void* workspace,
                     size_t bytes, size_t least, const char* ask) {
  Checker check(name, suffix);
  if (least == 0 || !check.workspace(workspace, bytes, least, ask)) {
    return std::move(check).status();
  }
  // All of it may be written, not the least alone. No memory is as long as the cap.
  const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
  const Named scratch{"workspace", {reinterpret_cast<int64_t>(workspace), width, 1, 0}, {}};
  const auto apart = [&](const auto& others) {
    return std::all_of(others.begin(), others.end(),
                       [&](const Named& other) { return check.apart(scratch, other, nullptr); });
  };
  if (apart(inputs_of(args)) && apart(outputs_of(args))) {
    extras_apart(check, args.norm, {}, {&scratch, 1});
  }
  return std::move(check).status();
}

bool has_kernels(DType dtype) { return dtype != DType::kF64 && cpu::active_kernels() != nullptr; }

// by_kernels(kernels) or by_reference().
template <class ByKernels, class ByReference>
Status run(DType dtype, const ByKernels& by_kernels, const ByReference& by_reference) {
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (has_kernels(dtype)) {
    by_kernels(*cpu::active_kernels());
  } else {
    const DefaultFpEnvironment environment;
    by_reference();
  }
  return Status();
}

// Of a backward pass, whose norm is the only one that wants a workspace.
template <class Args>
Status check_backward_scratch(const NormSpec& spec, const Args& args, const char* name,
                              const void* workspace, size_t bytes, const char* ask) {
  size_t least = 0;
  // An executor may have got more threads since the size was asked for; the least will do.
  NORMA_RETURN_IF_ERROR(
      norm_backward_workspace_size(spec, args.norm, serial_executor(), &least));
  return check_scratch(args, name, "_backward", workspace, bytes, least, ask);
}

size_t quantized_workspace(const QuantizedForward& args, const Executor& executor) {
  const ConstRowsView& x = args.norm.x;
  if (has_kernels(x.dtype)) return cpu::quantized_norm_workspace(args, executor);
  return x.rows == 0 ? 0 : static_cast<size_t>(x.cols) * size_of(x.dtype);
}

}  // namespace

Status gated_norm_forward(const NormSpec& spec, const GatedForward& args,
                          const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  return run(
      args.norm.x.dtype,
      [&](const cpu::Kernels& k) { cpu::gated_norm_forward(k, spec, args, executor); },
      [&] { ref::gated_norm_forward(spec, args); });
}

Status rope_norm_forward(const NormSpec& spec, const RopeForward& args, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  return run(
      args.norm.x.dtype,
      [&](const cpu::Kernels& k) { cpu::rope_norm_forward(k, spec, args, executor); },
      [&] { ref::rope_norm_forward(spec, args); });
}

Status gated_norm_backward_workspace_size(const NormSpec& spec, const GatedBackward& args,
                                          const Executor& executor, size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  return norm_backward_workspace_size(spec, args.norm, executor, bytes);
}

Status rope_norm_backward_workspace_size(const NormSpec& spec, const RopeBackward& args,
                                         const Executor& executor, size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  return norm_backward_workspace_size(spec, args.norm, executor, bytes);
}

Status gated_norm_backward(const NormSpec& spec, const GatedBackward& args, void* workspace,
                           size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  NORMA_RETURN_IF_ERROR(check_backward_scratch(spec, args, "gated_norm", workspace, workspace_bytes,
                                               "gated_norm_backward_workspace_size"));
  return run(
      args.norm.dy.dtype,
      [&](const cpu::Kernels& k) {
        cpu::gated_norm_backward(k, spec, args, workspace, workspace_bytes, executor);
      },
      [&] { ref::gated_norm_backward(spec, args); });
}

Status rope_norm_backward(const NormSpec& spec, const RopeBackward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  NORMA_RETURN_IF_ERROR(check_backward_scratch(spec, args, "rope_norm", workspace, workspace_bytes,
                                               "rope_norm_backward_workspace_size"));
  return run(
      args.norm.dy.dtype,
      [&](const cpu::Kernels& k) {
        cpu::rope_norm_backward(k, spec, args, workspace, workspace_bytes, executor);
      },
      [&] { ref::rope_norm_backward(spec, args); });
}

Status quantized_norm_forward_workspace_size(const NormSpec& spec, const QuantizedForward& args,
                                             const Executor& executor, size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  *bytes = quantized_workspace(args, executor);
  return Status();
}

Status quantized_norm_forward(const NormSpec& spec, const QuantizedForward& args, void* workspace,
                              size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check(spec, args));
  const size_t least = quantized_workspace(args, serial_executor());
  NORMA_RETURN_IF_ERROR(check_scratch(args, "quantized_norm", "", workspace, workspace_bytes, least,
                                      "quantized_norm_forward_workspace_size"));
  return run(
      args.norm.x.dtype,
      [&](const cpu::Kernels& k) {
        cpu::quantized_norm_forward(k, spec, args, workspace, workspace_bytes, executor);
      },
      [&] { ref::quantized_norm_forward(spec, args, workspace); });
}

}  // namespace norma
