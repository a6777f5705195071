// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// C++20 over norma.h, header-only: spans instead of pointers, a Status instead of an int, and the
// lengths of spans checked. Formulas, rules and conventions are those of norma.h.
//
//   std::vector<float> x(8 * 64), y(x.size()), weight(64, 1.0f);
//   norma::abi::Status status = norma::abi::layer_norm_forward(
//       {.x = {x, 8, 64}, .weight = weight, .eps = 1e-5, .y = {y, 8, 64}});
//   if (!status.ok()) std::cerr << status.message() << "\n";
//
// Everything is in norma::abi: Norma's own sources use norma:: for theirs, and a program that
// builds them may include both. Nothing throws but std::bad_alloc, for a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "norma/channel_norms.hpp"
#include "norma/norma.h"
#include "norma/pointwise.hpp"
#include "norma/seed_norm.hpp"
#include "norma/views.hpp"

namespace norma::abi {

// Fields as in norma_row_norm_forward_args; statistics have x.rows elements.
struct Forward {
  ConstRows x = {};
  ConstVector weight = {};
  ConstVector bias = {};
  double eps = 1e-5;
  Rows y = {};
  Vector mean_hi = {};
  Vector mean_lo = {};
  Vector rstd = {};
  bool weight_plus_one = false;
  bool round_before_weight = false;
  ConstRows residual = {};
  Rows sum = {};
  float residual_scale = 1;
  std::int64_t statistic_cols = 0;
  norma_eps_mode eps_mode = NORMA_EPS_DEFAULT;
};

// Fields as in norma_row_norm_backward_args.
struct Backward {
  ConstRows x = {};
  ConstRows dy = {};
  ConstVector weight = {};
  ConstVector mean_hi = {};
  ConstVector mean_lo = {};
  ConstVector rstd = {};
  Rows dx = {};
  Vector dweight = {};
  Vector dbias = {};
  bool weight_plus_one = false;
  bool round_before_weight = false;
  ConstRows dsum = {};
  Rows dresidual = {};
  float residual_scale = 1;
  std::int64_t statistic_cols = 0;
  double eps = 1e-5;
  norma_eps_mode eps_mode = NORMA_EPS_DEFAULT;
};

namespace detail {

inline void read(Checker& check, const Forward& f, norma_row_norm_forward_args* args) {
  check.rows("x", f.x);
  check.rows("y", f.y);
  check.rows("residual", f.residual);
  check.rows("sum", f.sum);
  check.statistic("mean_hi", f.mean_hi, f.x.view.rows, f.x.view.dtype);
  check.statistic("mean_lo", f.mean_lo, f.x.view.rows, f.x.view.dtype);
  check.statistic("rstd", f.rstd, f.x.view.rows, f.x.view.dtype);
  *args = {sizeof *args,      f.eps,  f.x.view, f.weight.view, f.bias.view, f.y.view,
           f.mean_hi.view.data, f.mean_lo.view.data, f.rstd.view.data, f.weight_plus_one,
           f.round_before_weight, f.residual.view, f.sum.view, f.residual_scale, f.statistic_cols,
           f.eps_mode};
}

inline void read(Checker& check, const Backward& b, norma_row_norm_backward_args* args) {
  check.rows("x", b.x);
  check.rows("dy", b.dy);
  check.rows("dx", b.dx);
  check.rows("dsum", b.dsum);
  check.rows("dresidual", b.dresidual);
  check.statistic("mean_hi", b.mean_hi, b.dy.view.rows, b.dy.view.dtype);
  check.statistic("mean_lo", b.mean_lo, b.dy.view.rows, b.dy.view.dtype);
  check.statistic("rstd", b.rstd, b.dy.view.rows, b.dy.view.dtype);
  *args = {sizeof *args,        b.x.view,         b.dy.view, b.weight.view,  b.mean_hi.view.data,
           b.mean_lo.view.data, b.rstd.view.data, b.dx.view, b.dweight.view, b.dbias.view,
           b.weight_plus_one,   b.round_before_weight,
           b.dsum.view,         b.dresidual.view, b.residual_scale, b.statistic_cols,
           b.eps,               b.eps_mode};
}

}  // namespace detail

// executor: nullptr for the default one.
inline Status layer_norm_forward(const Forward& f, const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_forward_args>("layer_norm", f, [=](const auto* args) {
    return norma_layer_norm_forward(args, executor);
  });
}
inline Status rms_norm_forward(const Forward& f, const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_forward_args>("rms_norm", f, [=](const auto* args) {
    return norma_rms_norm_forward(args, executor);
  });
}
inline Status l2_norm_forward(const Forward& f, const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_forward_args>("l2_norm", f, [=](const auto* args) {
    return norma_l2_norm_forward(args, executor);
  });
}
inline Status crms_norm_forward(const Forward& f, const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_forward_args>("crms_norm", f, [=](const auto* args) {
    return norma_crms_norm_forward(args, executor);
  });
}

// Stores in *bytes the least workspace for the backward pass.
inline Status layer_norm_backward_workspace_size(const Backward& b, std::size_t* bytes,
                                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>(
      "layer_norm_backward", b, [=](const auto* args) {
        return norma_layer_norm_backward_workspace_size(args, executor, bytes);
      });
}
inline Status rms_norm_backward_workspace_size(const Backward& b, std::size_t* bytes,
                                               const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>("rms_norm_backward", b, [=](const auto* args) {
    return norma_rms_norm_backward_workspace_size(args, executor, bytes);
  });
}
inline Status l2_norm_backward_workspace_size(const Backward& b, std::size_t* bytes,
                                               const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>("l2_norm_backward", b, [=](const auto* args) {
    return norma_l2_norm_backward_workspace_size(args, executor, bytes);
  });
}
inline Status crms_norm_backward_workspace_size(const Backward& b, std::size_t* bytes,
                                               const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>("crms_norm_backward", b, [=](const auto* args) {
    return norma_crms_norm_backward_workspace_size(args, executor, bytes);
  });
}

// workspace: aligned to 64 bytes, of at least the size asked for.
inline Status layer_norm_backward(const Backward& b, std::span<std::byte> workspace,
                                  const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>(
      "layer_norm_backward", b, [=](const auto* args) {
        return norma_layer_norm_backward(args, workspace.data(), workspace.size(), executor);
      });
}
inline Status rms_norm_backward(const Backward& b, std::span<std::byte> workspace,
                                const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>("rms_norm_backward", b, [=](const auto* args) {
    return norma_rms_norm_backward(args, workspace.data(), workspace.size(), executor);
  });
}
inline Status l2_norm_backward(const Backward& b, std::span<std::byte> workspace,
                                const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>("l2_norm_backward", b, [=](const auto* args) {
    return norma_l2_norm_backward(args, workspace.data(), workspace.size(), executor);
  });
}
inline Status crms_norm_backward(const Backward& b, std::span<std::byte> workspace,
                                const norma_executor* executor = nullptr) {
  return detail::call<norma_row_norm_backward_args>("crms_norm_backward", b, [=](const auto* args) {
    return norma_crms_norm_backward(args, workspace.data(), workspace.size(), executor);
  });
}

}  // namespace norma::abi

#include "norma/fused_norms.hpp"
