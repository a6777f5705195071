// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/plan/seed_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "core/cpu/seed_norm_passes.h"
#include "core/cpu/targets.h"
#include "core/fp_environment.h"
#include "core/plan/checker.h"
#include "core/plan/overlap.h"
#include "core/ref/seed_norm.h"

namespace norma {
namespace {

constexpr const char* kName = "seed_norm";

Named named(const char* name, const ConstRowsView& rows) { return {name, bytes_of(rows), rows}; }
Named named(const char* name, const ConstVectorView& v) {
  return {name, bytes_of(v.data, v.dtype, v.size), {}};
}
ConstVectorView read_only(const VectorView& v) { return {v.data, v.dtype, v.size}; }
// dot or rstd, of rows as many as `rows` has.
Named saved(const char* name, const void* data, const ConstRowsView& rows) {
  return {name, bytes_of(data, dtype_of_statistics(rows.dtype), rows.rows), {}};
}

auto outputs_of(const SeedNormForward& a) {
  return std::array{named("y", a.y), saved("dot", a.dot, a.x), saved("rstd", a.rstd, a.x)};
}
auto inputs_of(const SeedNormForward& a) {
  return std::array{named("x", a.x), named("alpha", a.alpha), named("beta", a.beta),
                    named("gamma", a.gamma)};
}
auto outputs_of(const SeedNormBackward& a) {
  return std::array{named("dx", a.dx), named("dalpha", read_only(a.dalpha)),
                    named("dbeta", read_only(a.dbeta)), named("dgamma", read_only(a.dgamma))};
}
auto inputs_of(const SeedNormBackward& a) {
  return std::array{named("dy", a.dy),         named("x", a.x),
                    named("alpha", a.alpha),   named("beta", a.beta),
                    named("gamma", a.gamma),   saved("dot", a.dot, a.dy),
                    saved("rstd", a.rstd, a.dy)};
}

template <class Args>
bool memory_is_apart(Checker& check, const Args& args) {
  return apart_but_for_first(check, outputs_of(args), inputs_of(args));
}

// All three must be there, of one type.
template <class Args>
bool parameters_are_valid(Checker& check, const Args& a, const char* as, const ConstRowsView& x) {
  const std::pair<const char*, const ConstVectorView*> all[] = {
      {"alpha", &a.alpha}, {"beta", &a.beta}, {"gamma", &a.gamma}};
  for (const auto& [name, v] : all) {
    const char* const who = name;
    if (!check.rule(x.cols == 0 || v->data != nullptr,
                    [=] { return std::string(who) + " must not be null."; }) ||
        !check.vector(name, *v, as, x.dtype, x.cols) ||
        !check.same_type(name, *v, "alpha", a.alpha)) {
      return false;
    }
  }
  return true;
}

bool is_valid(Checker& check, const SeedNormForward& a) {
  const ConstRowsView &x = a.x, y = a.y;
  const double eps = a.eps;
  return check.rule(std::isfinite(eps) && eps >= 0,
                    [=] {
                      char value[32];
                      std::snprintf(value, sizeof value, "%g", eps);
                      return std::string("eps must be finite and >= 0 but is ") + value + ".";
                    }) &&
         check.rows("x", x) && check.output_rows("y", y) && check.same_shape("y", y, "x", x) &&
         parameters_are_valid(check, a, "x", x) && check.statistic("dot", a.dot, x.dtype, false) &&
         check.statistic("rstd", a.rstd, x.dtype, false) && memory_is_apart(check, a);
}

bool is_valid(Checker& check, const SeedNormBackward& a) {
  const ConstRowsView &x = a.x, &dy = a.dy, dx = a.dx;
  const bool any = dy.rows > 0;
  return check.rows("dy", dy) && check.rows("x", x) && check.same_shape("x", x, "dy", dy) &&
         parameters_are_valid(check, a, "dy", dy) &&
         check.statistic("dot", a.dot, dy.dtype, any) &&
         check.statistic("rstd", a.rstd, dy.dtype, any) &&
         (dx.data == nullptr ||
          (check.output_rows("dx", dx) && check.same_shape("dx", dx, "dy", dy))) &&
         check.vector("dalpha", read_only(a.dalpha), "dy", dy.dtype, dy.cols) &&
         check.vector("dbeta", read_only(a.dbeta), "dy", dy.dtype, dy.cols) &&
         check.vector("dgamma", read_only(a.dgamma), "dy", dy.dtype, dy.cols) &&
         memory_is_apart(check, a);
}

template <class Args>
Status check_args(const Args& args, const char* suffix) {
  Checker check(kName, suffix);
  is_valid(check, args);
  return std::move(check).status();
}

Status check_workspace(const SeedNormBackward& args, const void* workspace, size_t bytes,
                       size_t least) {
  Checker check(kName, "_backward");
  if (check.workspace(workspace, bytes, least, "seed_norm_backward_workspace_size")) {
    // All of it may be written, not the least alone. No memory is as long as the cap.
    const auto width = static_cast<int64_t>(std::min(bytes, size_t{1} << 62));
    const Named scratch{"workspace", {reinterpret_cast<int64_t>(workspace), width, 1, 0}, {}};
    const auto apart = [&](const auto& others) {
      return std::all_of(others.begin(), others.end(),
                         [&](const Named& other) { return check.apart(scratch, other, nullptr); });
    };
    static_cast<void>(apart(inputs_of(args)) && apart(outputs_of(args)));
  }
  return std::move(check).status();
}

bool has_kernels(DType dtype) { return dtype != DType::kF64 && cpu::active_kernels() != nullptr; }

size_t workspace_of(const SeedNormBackward& args, const Executor& executor) {
  // Rows that are one row again and again can be more than any memory has room for.
  constexpr int64_t kMostRows = int64_t{1} << 56;
  if (args.dy.cols == 0) return 0;
  if (args.dy.rows > kMostRows) return size_t{1} << 62;
  return has_kernels(args.dy.dtype) ? cpu::seed_norm_backward_workspace(args, executor)
                                    : ref::seed_norm_scratch(args);
}

}  // namespace

Status seed_norm_forward(const SeedNormForward& args, const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_args(args, ""));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  if (has_kernels(args.x.dtype)) {
    cpu::seed_norm_forward(*cpu::active_kernels(), args, executor);
  } else {
    const DefaultFpEnvironment environment;
    ref::seed_norm_forward(args);
  }
  return Status();
}

Status seed_norm_backward_workspace_size(const SeedNormBackward& args, const Executor& executor,
                                         size_t* bytes) {
  NORMA_RETURN_IF_ERROR(check_args(args, "_backward"));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  *bytes = workspace_of(args, executor);
  return Status();
}

Status seed_norm_backward(const SeedNormBackward& args, void* workspace, size_t workspace_bytes,
                          const Executor& executor) {
  NORMA_RETURN_IF_ERROR(check_args(args, "_backward"));
  NORMA_RETURN_IF_ERROR(cpu::target_status());
  // An executor may have got more threads since the size was asked for; the least will do.
  const size_t least = workspace_of(args, serial_executor());
  if (least > 0) {
    NORMA_RETURN_IF_ERROR(check_workspace(args, workspace, workspace_bytes, least));
  }
  if (has_kernels(args.dy.dtype)) {
    cpu::seed_norm_backward(*cpu::active_kernels(), args, workspace, workspace_bytes, executor);
  } else {
    const DefaultFpEnvironment environment;
    ref::seed_norm_backward(args, workspace);
  }
  return Status();
}

}  // namespace norma
