// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// SeeDNorm of norma.h for C++20; norma.hpp includes this.
#pragma once

#include <cstddef>
#include <span>

#include "norma/norma.h"
#include "norma/views.hpp"

namespace norma::abi {

// Fields as in norma_seed_norm_forward_args; dot and rstd have x.rows elements.
struct SeedNormForward {
  ConstRows x = {};
  ConstVector alpha = {};
  ConstVector beta = {};
  ConstVector gamma = {};
  double eps = 1e-6;
  Rows y = {};
  Vector dot = {};
  Vector rstd = {};
};

// Fields as in norma_seed_norm_backward_args.
struct SeedNormBackward {
  ConstRows x = {};
  ConstRows dy = {};
  ConstVector alpha = {};
  ConstVector beta = {};
  ConstVector gamma = {};
  ConstVector dot = {};
  ConstVector rstd = {};
  Rows dx = {};
  Vector dalpha = {};
  Vector dbeta = {};
  Vector dgamma = {};
};

namespace detail {

inline void read(Checker& check, const SeedNormForward& f, norma_seed_norm_forward_args* args) {
  check.rows("x", f.x);
  check.rows("y", f.y);
  check.statistic("dot", f.dot, f.x.view.rows, f.x.view.dtype);
  check.statistic("rstd", f.rstd, f.x.view.rows, f.x.view.dtype);
  *args = {sizeof *args,     f.eps,    f.x.view,          f.alpha.view,    f.beta.view,
           f.gamma.view,     f.y.view, f.dot.view.data, f.rstd.view.data};
}

inline void read(Checker& check, const SeedNormBackward& b, norma_seed_norm_backward_args* args) {
  check.rows("x", b.x);
  check.rows("dy", b.dy);
  check.rows("dx", b.dx);
  check.statistic("dot", b.dot, b.dy.view.rows, b.dy.view.dtype);
  check.statistic("rstd", b.rstd, b.dy.view.rows, b.dy.view.dtype);
  *args = {sizeof *args,    b.x.view,         b.dy.view, b.alpha.view,  b.beta.view,  b.gamma.view,
           b.dot.view.data, b.rstd.view.data, b.dx.view, b.dalpha.view, b.dbeta.view,
           b.dgamma.view};
}

}  // namespace detail

inline Status seed_norm_forward(const SeedNormForward& f,
                                const norma_executor* executor = nullptr) {
  return detail::call<norma_seed_norm_forward_args>(
      "seed_norm", f, [=](const auto* args) { return norma_seed_norm_forward(args, executor); });
}

// Stores in *bytes the least workspace for the backward pass.
inline Status seed_norm_backward_workspace_size(const SeedNormBackward& b, std::size_t* bytes,
                                                const norma_executor* executor = nullptr) {
  return detail::call<norma_seed_norm_backward_args>(
      "seed_norm_backward", b, [=](const auto* args) {
        return norma_seed_norm_backward_workspace_size(args, executor, bytes);
      });
}

// workspace: aligned to 64 bytes, of at least the size asked for.
inline Status seed_norm_backward(const SeedNormBackward& b, std::span<std::byte> workspace,
                                 const norma_executor* executor = nullptr) {
  return detail::call<norma_seed_norm_backward_args>(
      "seed_norm_backward", b, [=](const auto* args) {
        return norma_seed_norm_backward(args, workspace.data(), workspace.size(), executor);
      });
}

}  // namespace norma::abi
