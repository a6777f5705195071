// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/channel_norm.h"

#include "core/cpu/group_norms.h"
#include "core/cpu/targets.h"
#include "core/fp_environment.h"
#include "core/plan/channel_checks.h"
#include "core/plan/channel_choice.h"
#include "core/ref/group_norm.h"

namespace norma {
namespace {

constexpr ChannelChecker kGroupForward("group_norm"), kGroupBackward("group_norm_backward");

bool needs_x(const GroupNormBackward& args) {
  return args.dx.data != nullptr || args.dweight.data != nullptr;
}

Status check_forward(const GroupNormSpec& spec, const GroupNormForward& args) {
  const ChannelChecker& check = kGroupForward;
  const Statistics& s = args.statistics;
  const ConstImagesView &x = args.x, y = args.y;
  NORMA_RETURN_IF_ERROR(check.eps(spec.eps));
  NORMA_RETURN_IF_ERROR(check.images("x", x));
  NORMA_RETURN_IF_ERROR(check.images("y", y));
  NORMA_RETURN_IF_ERROR(check.same_images("y", y, "x", x));
  NORMA_RETURN_IF_ERROR(check.groups(spec.groups, x.channels));
  NORMA_RETURN_IF_ERROR(check.vector("weight", args.weight, "channels", x.channels, "x", x.dtype));
  NORMA_RETURN_IF_ERROR(check.vector("bias", args.bias, "channels", x.channels, "x", x.dtype));
  NORMA_RETURN_IF_ERROR(check.same_parameters(args.weight, args.bias));
  NORMA_RETURN_IF_ERROR(check.statistic("mean_hi", s.mean_hi, x.dtype, false));
  NORMA_RETURN_IF_ERROR(check.statistic("mean_lo", s.mean_lo, x.dtype, false));
  NORMA_RETURN_IF_ERROR(check.statistic("rstd", s.rstd, x.dtype, false));
  const int64_t rows = x.samples * spec.groups;
  return check.apart(
      {memory_of("y", y), memory_of_statistic("mean_hi", s.mean_hi, x.dtype, rows),
       memory_of_statistic("mean_lo", s.mean_lo, x.dtype, rows),
       memory_of_statistic("rstd", s.rstd, x.dtype, rows)},
      {memory_of("x", x), memory_of("weight", args.weight), memory_of("bias", args.bias)},
      x.data == y.data, "give it its own memory, or x's own data for in-place");
}

Status check_workspace(const GroupNormSpec& spec, const GroupNormForward& args,
                       const void* workspace, size_t bytes, size_t needed) {
  const Statistics& s = args.statistics;
  const DType dtype = args.x.dtype;
  const int64_t rows = args.x.samples * spec.groups;
  return kGroupForward.workspace(
      workspace, bytes, needed, "group_norm_forward_workspace_size",
      {memory_of("x", args.x), memory_of("weight", args.weight), memory_of("bias", args.bias),
       memory_of("y", args.y), memory_of_statistic("mean_hi", s.mean_hi, dtype, rows),
       memory_of_statistic("mean_lo", s.mean_lo, dtype, rows),
       memory_of_statistic("rstd", s.rstd, dtype, rows)});
}

// Values that a backward pass reads only where it needs x.
ConstImagesView x_of(const GroupNormBackward& args) {
  return needs_x(args) ? args.x : ConstImagesView();
}
int64_t rows_of(const GroupNormSpec& spec, const GroupNormBackward& args) {
  return needs_x(args) ? args.dy.samples * spec.groups : 0;
}

Status check_x(const GroupNormBackward& args) {
  const ChannelChecker& check = kGroupBackward;
  const ConstStatistics& s = args.statistics;
  const ConstImagesView& dy = args.dy;
  if (!needs_x(args)) return Status();
  const bool any = dy.samples > 0 && dy.channels > 0 && dy.positions > 0;
  NORMA_RETURN_IF_ERROR(check.images("x", args.x));
  NORMA_RETURN_IF_ERROR(check.same_images("x", args.x, "dy", dy));
  NORMA_RETURN_IF_ERROR(check.statistic("mean_hi", s.mean_hi, dy.dtype, any));
  NORMA_RETURN_IF_ERROR(check.statistic("mean_lo", s.mean_lo, dy.dtype, any));
  return check.statistic("rstd", s.rstd, dy.dtype, any);
}

Status check_backward(const GroupNormSpec& spec, const GroupNormBackward& args) {
  const ChannelChecker& check = kGroupBackward;
  const ConstStatistics& s = args.statistics;
  const ConstImagesView &dy = args.dy, dx = args.dx;
  const VectorView &dw = args.dweight, &db = args.dbias;
  NORMA_RETURN_IF_ERROR(check.images("dy", dy));
  NORMA_RETURN_IF_ERROR(check.groups(spec.groups, dy.channels));
  NORMA_RETURN_IF_ERROR(check_x(args));
  if (dx.data != nullptr) {
    NORMA_RETURN_IF_ERROR(check.images("dx", dx));
    NORMA_RETURN_IF_ERROR(check.same_images("dx", dx, "dy", dy));
  }
  const auto vector = [&](const char* name, const ConstVectorView& v) {
    return check.vector(name, v, "channels", dy.channels, "dy", dy.dtype);
  };
  NORMA_RETURN_IF_ERROR(vector("weight", args.weight));
  NORMA_RETURN_IF_ERROR(vector("dweight", {dw.data, dw.dtype, dw.size}));
  NORMA_RETURN_IF_ERROR(vector("dbias", {db.data, db.dtype, db.size}));
  const int64_t rows = rows_of(spec, args);
  return check.apart(
      {memory_of("dx", dx), memory_of("dweight", dw), memory_of("dbias", db)},
      {memory_of("dy", dy), memory_of("x", x_of(args)),
       memory_of("weight", args.weight),
       memory_of_statistic("mean_hi", s.mean_hi, dy.dtype, rows),
       memory_of_statistic("mean_lo", s.mean_lo, dy.dtype, rows),
       memory_of_statistic("rstd", s.rstd, dy.dtype, rows)},
      dx.data == dy.data, "give it its own memory, or dy's own data for in-place");
}

Status check_workspace(const GroupNormSpec& spec, const GroupNormBackward& args,
                       const void* workspace, size_t bytes, size_t needed) {
  const ConstStatistics& s = args.statistics;
  const DType dtype = args.dy.dtype;
  const int64_t rows = rows_of(spec, args);
  return kGroupBackward.workspace(
      workspace, bytes, needed, "group_norm_backward_workspace_size",
      {memory_of("dy", args.dy), memory_of("x", x_of(args)),
       memory_of("weight", args.weight), memory_of_statistic("mean_hi", s.mean_hi, dtype, rows),
       memory_of_statistic("mean_lo", s.mean_lo, dtype, rows),
       memory_of_statistic("rstd", s.rstd, dtype, rows), memory_of("dx", args.dx),
       memory_of("dweight", args.dweight), memory_of("dbias", args.dbias)});
}

}  // namespace

Status group_norm_forward_workspace_size(const GroupNormSpec& spec, const GroupNormForward& args,
                                         const Executor& executor, size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check_forward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  const bool cpu = choice_for(args.x.dtype) == Choice::kCpu;
  *bytes = cpu ? cpu::group_norm_forward_workspace(spec, args, executor) : 0;
  return Status();
}

Status group_norm_forward(const GroupNormSpec& spec, const GroupNormForward& args, void* workspace,
                          size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_forward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (choice_for(args.x.dtype) == Choice::kRef) {
    const DefaultFpEnvironment environment;
    ref::group_norm_forward(spec, args);
    return Status();
  }
  // An executor may have got more threads since the size was asked for; the least will do.
  const size_t least = cpu::group_norm_forward_workspace(spec, args, serial_executor());
  NORMA_RETURN_IF_ERROR(check_workspace(spec, args, workspace, workspace_bytes, least));
  cpu::group_norm_forward(*cpu::active_kernels(), spec, args, workspace, workspace_bytes, executor);
  return Status();
}

Status group_norm_backward_workspace_size(const GroupNormSpec& spec, const GroupNormBackward& args,
                                          const Executor& executor, size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  const bool cpu = choice_for(args.dy.dtype) == Choice::kCpu;
  *bytes = cpu ? cpu::group_norm_backward_workspace(spec, args, executor) : 0;
  return Status();
}

Status group_norm_backward(const GroupNormSpec& spec, const GroupNormBackward& args,
                           void* workspace, size_t workspace_bytes, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_backward(spec, args));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (choice_for(args.dy.dtype) == Choice::kRef) {
    const DefaultFpEnvironment environment;
    ref::group_norm_backward(spec, args);
    return Status();
  }
  const size_t least = cpu::group_norm_backward_workspace(spec, args, serial_executor());
  NORMA_RETURN_IF_ERROR(check_workspace(spec, args, workspace, workspace_bytes, least));
  cpu::group_norm_backward(*cpu::active_kernels(), spec, args, workspace, workspace_bytes,
                           executor);
  return Status();
}

}  // namespace norma
