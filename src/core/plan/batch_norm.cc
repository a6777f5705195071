// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// BatchNorm's part of the door to the channel norms.
#include "core/ref/batch_norm.h"

#include <algorithm>
#include <cstdio>

#include "core/cpu/batch_norms.h"
#include "core/cpu/targets.h"
#include "core/fp_environment.h"
#include "core/plan/channel_checks.h"
#include "core/plan/channel_choice.h"
#include "core/plan/channel_norm.h"

namespace norma {
namespace {

constexpr ChannelChecker kForward("batch_norm"), kBackward("batch_norm_backward");

Status check_spec(const ChannelChecker& check, const BatchNormSpec& spec) {
  NORMA_RETURN_IF_ERROR(check.eps(spec.eps));
  if (spec.momentum >= 0 && spec.momentum <= 1) return Status();
  char value[32];
  std::snprintf(value, sizeof value, "%g", spec.momentum);
  return check.invalid(std::string("momentum must be from 0 to 1 but is ") + value + ".");
}

// The variance of one value is no number, and PyTorch refuses it too.
Status check_count(const BatchNormForward& args) {
  const int64_t rows = args.x.rows;
  const int64_t count =
      args.mask == nullptr ? rows : rows - std::count(args.mask, args.mask + rows, uint8_t{0});
  if (count >= 2) return Status();
  return kForward.invalid("training must have at least 2 rows that count but has " +
                          std::to_string(count) +
                          ": the variance of fewer is undefined, take the running statistics.");
}

Status check_running(const BatchNormSpec& spec, const char* name, const VectorView& v,
                     const ConstRowsView& x) {
  if (v.data == nullptr && !spec.training && x.cols > 0) {
    return kForward.invalid(std::string(name) + " is missing: evaluation normalises by it.");
  }
  return kForward.running_statistic(name, {v.data, v.dtype, v.size}, x.cols, x.dtype);
}

Status check_overlap(const BatchNormSpec& spec, const BatchNormForward& args) {
  const Statistics& s = args.statistics;
  const ConstRowsView& x = args.x;
  const auto statistic = [&](const char* name, const void* data) {
    return memory_of_statistic(name, data, x.dtype, x.cols);
  };
  const VectorView none;
  // What training writes, evaluation reads.
  const VectorView &mean = args.running_mean, &var = args.running_var;
  return kForward.apart({memory_of("y", ConstRowsView(args.y)), statistic("mean_hi", s.mean_hi),
                         statistic("mean_lo", s.mean_lo), statistic("rstd", s.rstd),
                         memory_of("running_mean", spec.training ? mean : none),
                         memory_of("running_var", spec.training ? var : none)},
                        {memory_of("x", x), memory_of_mask(args.mask, x.rows),
                         memory_of("weight", args.weight), memory_of("bias", args.bias),
                         memory_of("running_mean", spec.training ? none : mean),
                         memory_of("running_var", spec.training ? none : var)},
                        in_place(x, args.y),
                        "give it its own memory, or x's own data and stride for in-place");
}

Status check_forward(const BatchNormSpec& spec, const BatchNormForward& args) {
  const Statistics& s = args.statistics;
  const ConstRowsView &x = args.x, y = args.y;
  NORMA_RETURN_IF_ERROR(check_spec(kForward, spec));
  NORMA_RETURN_IF_ERROR(kForward.rows("x", x));
  NORMA_RETURN_IF_ERROR(kForward.output_rows("y", y));
  NORMA_RETURN_IF_ERROR(kForward.same_rows("y", y, "x", x));
  NORMA_RETURN_IF_ERROR(kForward.vector("weight", args.weight, "cols", x.cols, "x", x.dtype));
  NORMA_RETURN_IF_ERROR(kForward.vector("bias", args.bias, "cols", x.cols, "x", x.dtype));
  NORMA_RETURN_IF_ERROR(kForward.same_parameters(args.weight, args.bias));
  NORMA_RETURN_IF_ERROR(check_running(spec, "running_mean", args.running_mean, x));
  NORMA_RETURN_IF_ERROR(check_running(spec, "running_var", args.running_var, x));
  NORMA_RETURN_IF_ERROR(kForward.statistic("mean_hi", s.mean_hi, x.dtype, false));
  NORMA_RETURN_IF_ERROR(kForward.statistic("mean_lo", s.mean_lo, x.dtype, false));
  NORMA_RETURN_IF_ERROR(kForward.statistic("rstd", s.rstd, x.dtype, false));
  NORMA_RETURN_IF_ERROR(check_overlap(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  // Last, as it reads the mask: a call that is refused for anything else reads no data.
  return spec.training ? check_count(args) : Status();
}

Status check_workspace(const BatchNormForward& args, const void* workspace, size_t bytes,
                       size_t needed) {
  const Statistics& s = args.statistics;
  const DType dtype = args.x.dtype;
  const int64_t cols = args.x.cols;
  return kForward.workspace(
      workspace, bytes, needed, "batch_norm_forward_workspace_size",
      {memory_of("x", args.x), memory_of_mask(args.mask, args.x.rows),
       memory_of("weight", args.weight), memory_of("bias", args.bias),
       memory_of("y", ConstRowsView(args.y)),
       memory_of_statistic("mean_hi", s.mean_hi, dtype, cols),
       memory_of_statistic("mean_lo", s.mean_lo, dtype, cols),
       memory_of_statistic("rstd", s.rstd, dtype, cols),
       memory_of("running_mean", args.running_mean), memory_of("running_var", args.running_var)});
}

// What a backward pass reads only where it needs x.
bool needs_x(const BatchNormBackward& args) {
  return args.dx.data != nullptr || args.dweight.data != nullptr;
}
ConstRowsView x_of(const BatchNormBackward& args) {
  return needs_x(args) ? args.x : ConstRowsView();
}
int64_t statistics_of(const BatchNormBackward& args) { return needs_x(args) ? args.dy.cols : 0; }

Status check_x(const BatchNormBackward& args) {
  const ConstStatistics& s = args.statistics;
  const ConstRowsView& dy = args.dy;
  if (!needs_x(args)) return Status();
  const bool any = dy.cols > 0;
  NORMA_RETURN_IF_ERROR(kBackward.rows("x", args.x));
  NORMA_RETURN_IF_ERROR(kBackward.same_rows("x", args.x, "dy", dy));
  NORMA_RETURN_IF_ERROR(kBackward.statistic("mean_hi", s.mean_hi, dy.dtype, any));
  NORMA_RETURN_IF_ERROR(kBackward.statistic("mean_lo", s.mean_lo, dy.dtype, any));
  return kBackward.statistic("rstd", s.rstd, dy.dtype, any);
}

Status check_backward(const BatchNormSpec& spec, const BatchNormBackward& args) {
  const ConstStatistics& s = args.statistics;
  const ConstRowsView &dy = args.dy, dx = args.dx;
  const VectorView &dw = args.dweight, &db = args.dbias;
  NORMA_RETURN_IF_ERROR(check_spec(kBackward, spec));
  NORMA_RETURN_IF_ERROR(kBackward.rows("dy", dy));
  NORMA_RETURN_IF_ERROR(check_x(args));
  if (dx.data != nullptr) {
    NORMA_RETURN_IF_ERROR(kBackward.output_rows("dx", dx));
    NORMA_RETURN_IF_ERROR(kBackward.same_rows("dx", dx, "dy", dy));
  }
  const auto vector = [&](const char* name, const ConstVectorView& v) {
    return kBackward.vector(name, v, "cols", dy.cols, "dy", dy.dtype);
  };
  NORMA_RETURN_IF_ERROR(vector("weight", args.weight));
  NORMA_RETURN_IF_ERROR(vector("dweight", {dw.data, dw.dtype, dw.size}));
  NORMA_RETURN_IF_ERROR(vector("dbias", {db.data, db.dtype, db.size}));
  const int64_t statistics = statistics_of(args);
  return kBackward.apart(
      {memory_of("dx", dx), memory_of("dweight", dw), memory_of("dbias", db)},
      {memory_of("dy", dy), memory_of("x", x_of(args)), memory_of_mask(args.mask, dy.rows),
       memory_of("weight", args.weight),
       memory_of_statistic("mean_hi", s.mean_hi, dy.dtype, statistics),
       memory_of_statistic("mean_lo", s.mean_lo, dy.dtype, statistics),
       memory_of_statistic("rstd", s.rstd, dy.dtype, statistics)},
      in_place(dy, dx), "give it its own memory, or dy's own data and stride for in-place");
}

Status check_workspace(const BatchNormBackward& args, const void* workspace, size_t bytes,
                       size_t needed) {
  const ConstStatistics& s = args.statistics;
  const DType dtype = args.dy.dtype;
  const int64_t statistics = statistics_of(args);
  return kBackward.workspace(
      workspace, bytes, needed, "batch_norm_backward_workspace_size",
      {memory_of("dy", args.dy), memory_of("x", x_of(args)),
       memory_of_mask(args.mask, args.dy.rows), memory_of("weight", args.weight),
       memory_of_statistic("mean_hi", s.mean_hi, dtype, statistics),
       memory_of_statistic("mean_lo", s.mean_lo, dtype, statistics),
       memory_of_statistic("rstd", s.rstd, dtype, statistics),
       memory_of("dx", ConstRowsView(args.dx)), memory_of("dweight", args.dweight),
       memory_of("dbias", args.dbias)});
}

}  // namespace

Status batch_norm_forward_workspace_size(const BatchNormSpec& spec, const BatchNormForward& args,
                                         size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check_forward(spec, args));
  const bool cpu = choice_for(args.x.dtype) == Choice::kCpu;
  *bytes = cpu ? cpu::batch_norm_forward_workspace(spec, args) : 0;
  return Status();
}

Status batch_norm_forward(const BatchNormSpec& spec, const BatchNormForward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_forward(spec, args));
  if (choice_for(args.x.dtype) == Choice::kRef) {
    const DefaultFpEnvironment environment;
    ref::batch_norm_forward(spec, args);
    return Status();
  }
  const size_t needed = cpu::batch_norm_forward_workspace(spec, args);
  NORMA_RETURN_IF_ERROR(check_workspace(args, workspace, workspace_bytes, needed));
  cpu::batch_norm_forward(*cpu::active_kernels(), spec, args, workspace, executor);
  return Status();
}

Status batch_norm_backward_workspace_size(const BatchNormSpec& spec, const BatchNormBackward& args,
                                          size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  const bool cpu = choice_for(args.dy.dtype) == Choice::kCpu;
  *bytes = cpu ? cpu::batch_norm_backward_workspace(spec, args) : 0;
  return Status();
}

Status batch_norm_backward(const BatchNormSpec& spec, const BatchNormBackward& args,
                           void* workspace, size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (choice_for(args.dy.dtype) == Choice::kRef) {
    const DefaultFpEnvironment environment;
    ref::batch_norm_backward(spec, args);
    return Status();
  }
  const size_t needed = cpu::batch_norm_backward_workspace(spec, args);
  NORMA_RETURN_IF_ERROR(check_workspace(args, workspace, workspace_bytes, needed));
  cpu::batch_norm_backward(*cpu::active_kernels(), spec, args, workspace, executor);
  return Status();
}

}  // namespace norma
