// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// GroupNorm, InstanceNorm and BatchNorm of norma.h for C++20; norma.hpp includes this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "norma/norma.h"
#include "norma/views.hpp"

namespace norma::abi {

// Fields as in norma_group_norm_forward_args; statistics have samples * groups elements.
struct GroupNormForward {
  ConstImages x = {};
  std::int64_t groups = 1;
  ConstVector weight = {};
  ConstVector bias = {};
  double eps = 1e-5;
  Images y = {};
  Vector mean_hi = {};
  Vector mean_lo = {};
  Vector rstd = {};
};

// Fields as in norma_group_norm_backward_args.
struct GroupNormBackward {
  ConstImages x = {};
  ConstImages dy = {};
  std::int64_t groups = 1;
  ConstVector weight = {};
  ConstVector mean_hi = {};
  ConstVector mean_lo = {};
  ConstVector rstd = {};
  Images dx = {};
  Vector dweight = {};
  Vector dbias = {};
};

// Fields as in norma_batch_norm_forward_args; mask and statistics have x.rows and x.cols elements.
struct BatchNormForward {
  ConstRows x = {};
  std::span<const std::uint8_t> mask = {};  // empty: every row counts
  bool training = true;
  double momentum = 0.1;
  ConstVector weight = {};
  ConstVector bias = {};
  double eps = 1e-5;
  Rows y = {};
  Vector running_mean = {};
  Vector running_var = {};
  Vector mean_hi = {};
  Vector mean_lo = {};
  Vector rstd = {};
};

// Fields as in norma_batch_norm_backward_args.
struct BatchNormBackward {
  ConstRows x = {};
  ConstRows dy = {};
  std::span<const std::uint8_t> mask = {};
  bool training = true;
  ConstVector weight = {};
  ConstVector mean_hi = {};
  ConstVector mean_lo = {};
  ConstVector rstd = {};
  Rows dx = {};
  Vector dweight = {};
  Vector dbias = {};
};

namespace detail {

// Of statistics; the library refuses counts whose product is no number.
inline std::int64_t group_count(std::int64_t samples, std::int64_t groups) {
  std::int64_t count = 0;
  return __builtin_mul_overflow(samples, groups, &count) ? -1 : count;
}

inline void read(Checker& check, const GroupNormForward& f, norma_group_norm_forward_args* args) {
  const std::int64_t rows = group_count(f.x.view.samples, f.groups);
  check.images("x", f.x);
  check.images("y", f.y);
  check.statistic("mean_hi", f.mean_hi, rows, f.x.view.dtype, "samples*groups");
  check.statistic("mean_lo", f.mean_lo, rows, f.x.view.dtype, "samples*groups");
  check.statistic("rstd", f.rstd, rows, f.x.view.dtype, "samples*groups");
  *args = {sizeof *args, f.eps, f.groups, f.x.view, f.weight.view, f.bias.view, f.y.view,
           f.mean_hi.view.data, f.mean_lo.view.data, f.rstd.view.data};
}

inline void read(Checker& check, const GroupNormBackward& b, norma_group_norm_backward_args* args) {
  const std::int64_t rows = group_count(b.dy.view.samples, b.groups);
  check.images("x", b.x);
  check.images("dy", b.dy);
  check.images("dx", b.dx);
  check.statistic("mean_hi", b.mean_hi, rows, b.dy.view.dtype, "samples*groups");
  check.statistic("mean_lo", b.mean_lo, rows, b.dy.view.dtype, "samples*groups");
  check.statistic("rstd", b.rstd, rows, b.dy.view.dtype, "samples*groups");
  *args = {sizeof *args, b.groups, b.x.view, b.dy.view, b.weight.view, b.mean_hi.view.data,
           b.mean_lo.view.data, b.rstd.view.data, b.dx.view, b.dweight.view, b.dbias.view};
}

inline void read(Checker& check, const BatchNormForward& f, norma_batch_norm_forward_args* args) {
  const std::int64_t cols = f.x.view.cols;
  check.rows("x", f.x);
  check.rows("y", f.y);
  check.mask(f.mask, f.x.view.rows);
  check.statistic("mean_hi", f.mean_hi, cols, f.x.view.dtype, "cols");
  check.statistic("mean_lo", f.mean_lo, cols, f.x.view.dtype, "cols");
  check.statistic("rstd", f.rstd, cols, f.x.view.dtype, "cols");
  *args = {sizeof *args, f.eps, f.momentum, f.training, f.x.view, f.mask.data(), f.weight.view,
           f.bias.view, f.y.view, f.running_mean.view, f.running_var.view, f.mean_hi.view.data,
           f.mean_lo.view.data, f.rstd.view.data};
}

inline void read(Checker& check, const BatchNormBackward& b, norma_batch_norm_backward_args* args) {
  const std::int64_t cols = b.dy.view.cols;
  check.rows("x", b.x);
  check.rows("dy", b.dy);
  check.rows("dx", b.dx);
  check.mask(b.mask, b.dy.view.rows);
  check.statistic("mean_hi", b.mean_hi, cols, b.dy.view.dtype, "cols");
  check.statistic("mean_lo", b.mean_lo, cols, b.dy.view.dtype, "cols");
  check.statistic("rstd", b.rstd, cols, b.dy.view.dtype, "cols");
  *args = {sizeof *args, b.training, b.x.view, b.dy.view, b.mask.data(), b.weight.view,
           b.mean_hi.view.data, b.mean_lo.view.data, b.rstd.view.data, b.dx.view, b.dweight.view,
           b.dbias.view};
}

}  // namespace detail

// Stores in *bytes the least workspace for the pass.
inline Status group_norm_forward_workspace_size(const GroupNormForward& f, std::size_t* bytes,
                                                const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_forward_args>("group_norm", f, [=](const auto* args) {
    return norma_group_norm_forward_workspace_size(args, executor, bytes);
  });
}
inline Status group_norm_backward_workspace_size(const GroupNormBackward& b, std::size_t* bytes,
                                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_backward_args>(
      "group_norm_backward", b, [=](const auto* args) {
        return norma_group_norm_backward_workspace_size(args, executor, bytes);
      });
}

inline Status group_norm_forward(const GroupNormForward& f, std::span<std::byte> workspace,
                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_forward_args>("group_norm", f, [=](const auto* args) {
    return norma_group_norm_forward(args, workspace.data(), workspace.size(), executor);
  });
}
inline Status group_norm_backward(const GroupNormBackward& b, std::span<std::byte> workspace,
                                  const norma_executor* executor = nullptr) {
  return detail::call<norma_group_norm_backward_args>(
      "group_norm_backward", b, [=](const auto* args) {
        return norma_group_norm_backward(args, workspace.data(), workspace.size(), executor);
      });
}

inline Status batch_norm_forward_workspace_size(const BatchNormForward& f, std::size_t* bytes) {
  return detail::call<norma_batch_norm_forward_args>("batch_norm", f, [=](const auto* args) {
    return norma_batch_norm_forward_workspace_size(args, nullptr, bytes);
  });
}
inline Status batch_norm_backward_workspace_size(const BatchNormBackward& b, std::size_t* bytes) {
  return detail::call<norma_batch_norm_backward_args>(
      "batch_norm_backward", b, [=](const auto* args) {
        return norma_batch_norm_backward_workspace_size(args, nullptr, bytes);
      });
}

inline Status batch_norm_forward(const BatchNormForward& f, std::span<std::byte> workspace,
                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_batch_norm_forward_args>("batch_norm", f, [=](const auto* args) {
    return norma_batch_norm_forward(args, workspace.data(), workspace.size(), executor);
  });
}
inline Status batch_norm_backward(const BatchNormBackward& b, std::span<std::byte> workspace,
                                  const norma_executor* executor = nullptr) {
  return detail::call<norma_batch_norm_backward_args>(
      "batch_norm_backward", b, [=](const auto* args) {
        return norma_batch_norm_backward(args, workspace.data(), workspace.size(), executor);
      });
}

}  // namespace norma::abi
