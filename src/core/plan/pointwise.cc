// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/pointwise.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/cpu/pointwise.h"
#include "core/cpu/targets.h"
#include "core/fp_environment.h"
#include "core/plan/checker.h"
#include "core/plan/overlap.h"
#include "core/ref/pointwise.h"

namespace norma {
namespace {

Named named(const char* name, const ConstRowsView& rows) { return {name, bytes_of(rows), rows}; }
Named named(const char* name, const ConstVectorView& v, int64_t cols) {
  return {name, bytes_of(v.data, v.dtype, cols), {}};
}
ConstVectorView read_only(const VectorView& v) { return {v.data, v.dtype, v.size}; }

auto outputs_of(const PointwiseForward& args) { return std::array{named("y", args.y)}; }
auto inputs_of(const PointwiseForward& args) {
  return std::array{named("x", args.x), named("weight", args.weight, args.x.cols),
                    named("bias", args.bias, args.x.cols)};
}

auto outputs_of(const PointwiseBackward& args) {
  const int64_t cols = args.dy.cols;
  const DType scalar = dtype_of_statistics(args.dy.dtype);
  return std::array{named("dx", args.dx), named("dweight", read_only(args.dweight), cols),
                    named("dbias", read_only(args.dbias), cols),
                    named("dalpha", {args.dalpha, scalar, 1}, 1),
                    named("dshift", {args.dshift, scalar, 1}, 1)};
}
auto inputs_of(const PointwiseBackward& args) {
  return std::array{named("dy", args.dy), named("x", needs_x(args) ? args.x : ConstRowsView()),
                    named("weight", args.weight, args.dy.cols)};
}

template <class Args>
bool memory_is_apart(Checker& check, const Args& args) {
  return apart_but_for_first(check, outputs_of(args), inputs_of(args));
}

bool forward_is_valid(Checker& check, const PointwiseForward& args) {
  const ConstRowsView &x = args.x, y = args.y;
  return check.rows("x", x) && check.output_rows("y", y) && check.same_shape("y", y, "x", x) &&
         check.vector("weight", args.weight, "x", x.dtype, x.cols) &&
         check.vector("bias", args.bias, "x", x.dtype, x.cols) &&
         check.same_parameters(args.weight, args.bias) && memory_is_apart(check, args);
}

bool backward_is_valid(Checker& check, const PointwiseBackward& args) {
  const ConstRowsView &x = args.x, &dy = args.dy, dx = args.dx;
  if (!check.rows("dy", dy)) return false;
  if (needs_x(args) && !(check.rows("x", x) && check.same_shape("x", x, "dy", dy))) return false;
  if (dx.data != nullptr &&
      !(check.output_rows("dx", dx) && check.same_shape("dx", dx, "dy", dy))) {
    return false;
  }
  return check.vector("weight", args.weight, "dy", dy.dtype, dy.cols) &&
         check.vector("dweight", read_only(args.dweight), "dy", dy.dtype, dy.cols) &&
         check.vector("dbias", read_only(args.dbias), "dy", dy.dtype, dy.cols) &&
         check.statistic("dalpha", args.dalpha, dy.dtype, false) &&
         check.statistic("dshift", args.dshift, dy.dtype, false) && memory_is_apart(check, args);
}

bool workspace_is_valid(Checker& check, const PointwiseSpec& spec, const PointwiseBackward& args,
                        const void* workspace, size_t bytes, size_t needed) {
  const std::string ask = std::string(name_of(spec.kind)) + "_backward_workspace_size";
  if (!check.workspace(workspace, bytes, needed, ask.c_str())) return false;
  // All of it may be written, not the least alone. No memory is as long as the cap, which keeps the
  // end of the workspace a number.
  const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
  const Named scratch{"workspace", {reinterpret_cast<int64_t>(workspace), width, 1, 0}, {}};
  for (const Named& other : inputs_of(args)) {
    if (!check.apart(scratch, other, nullptr)) return false;
  }
  for (const Named& other : outputs_of(args)) {
    if (!check.apart(scratch, other, nullptr)) return false;
  }
  return true;
}

Status check_forward(const PointwiseSpec& spec, const PointwiseForward& args) {
  Checker check(name_of(spec.kind), "");
  forward_is_valid(check, args);
  return std::move(check).status();
}

Status check_backward(const PointwiseSpec& spec, const PointwiseBackward& args) {
  Checker check(name_of(spec.kind), "_backward");
  backward_is_valid(check, args);
  return std::move(check).status();
}

bool has_kernels(DType dtype) { return dtype != DType::kF64 && cpu::active_kernels() != nullptr; }

}  // namespace

Status pointwise_forward(const PointwiseSpec& spec, const PointwiseForward& args,
                         const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_forward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (!has_kernels(args.x.dtype)) {
    const DefaultFpEnvironment environment;
    ref::pointwise_forward(spec, args);
    return Status();
  }
  cpu::pointwise_forward(*cpu::active_kernels(), spec, args, executor);
  return Status();
}

Status pointwise_backward_workspace_size(const PointwiseSpec& spec, const PointwiseBackward& args,
                                         const Executor& executor, size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  *bytes = has_kernels(args.dy.dtype) ? cpu::pointwise_backward_workspace(args, executor) : 0;
  return Status();
}

Status pointwise_backward(const PointwiseSpec& spec, const PointwiseBackward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (!has_kernels(args.dy.dtype)) {
    const DefaultFpEnvironment environment;
    ref::pointwise_backward(spec, args);
    return Status();
  }
  // An executor may have got more threads since the size was asked for; the least will do.
  const size_t least = cpu::pointwise_backward_workspace(args, serial_executor());
  if (least > 0) {
    Checker check(name_of(spec.kind), "_backward");
    workspace_is_valid(check, spec, args, workspace, workspace_bytes, least);
    NORMA_RETURN_IF_ERROR(std::move(check).status());
  }
  cpu::pointwise_backward(*cpu::active_kernels(), spec, args, workspace, workspace_bytes, executor);
  return Status();
}

}  // namespace norma
