// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// DyT and Derf of norma.h for C++20; norma.hpp includes this.
#pragma once

#include <cstddef>
#include <span>

#include "norma/norma.h"
#include "norma/views.hpp"

namespace norma::abi {

// Fields as in norma_dyt_forward_args.
struct DytForward {
  ConstRows x = {};
  double alpha = 0.5;
  ConstVector weight = {};
  ConstVector bias = {};
  Rows y = {};
};

// Fields as in norma_dyt_backward_args; dalpha has one element, f64 where dy is f64 and f32
// otherwise.
struct DytBackward {
  ConstRows x = {};
  ConstRows dy = {};
  double alpha = 0.5;
  ConstVector weight = {};
  Rows dx = {};
  Vector dweight = {};
  Vector dbias = {};
  Vector dalpha = {};
};

// Fields as in norma_derf_forward_args.
struct DerfForward {
  ConstRows x = {};
  double alpha = 0.5;
  double shift = 0;
  ConstVector weight = {};
  ConstVector bias = {};
  Rows y = {};
};

// Fields as in norma_derf_backward_args; dalpha and dshift have one element each, f64 where dy
// is f64 and f32 otherwise.
struct DerfBackward {
  ConstRows x = {};
  ConstRows dy = {};
  double alpha = 0.5;
  double shift = 0;
  ConstVector weight = {};
  Rows dx = {};
  Vector dweight = {};
  Vector dbias = {};
  Vector dalpha = {};
  Vector dshift = {};
};

namespace detail {

inline void read(Checker& check, const DytForward& f, norma_dyt_forward_args* args) {
  check.rows("x", f.x);
  check.rows("y", f.y);
  *args = {sizeof *args, f.alpha, f.x.view, f.weight.view, f.bias.view, f.y.view};
}

inline void read(Checker& check, const DytBackward& b, norma_dyt_backward_args* args) {
  check.rows("x", b.x);
  check.rows("dy", b.dy);
  check.rows("dx", b.dx);
  check.scalar("dalpha", b.dalpha, b.dy.view.dtype);
  *args = {sizeof *args, b.alpha, b.x.view, b.dy.view, b.weight.view, b.dx.view, b.dweight.view,
           b.dbias.view, b.dalpha.view.data};
}

inline void read(Checker& check, const DerfForward& f, norma_derf_forward_args* args) {
  check.rows("x", f.x);
  check.rows("y", f.y);
  *args = {sizeof *args, f.alpha, f.shift, f.x.view, f.weight.view, f.bias.view, f.y.view};
}

inline void read(Checker& check, const DerfBackward& b, norma_derf_backward_args* args) {
  check.rows("x", b.x);
  check.rows("dy", b.dy);
  check.rows("dx", b.dx);
  check.scalar("dalpha", b.dalpha, b.dy.view.dtype);
  check.scalar("dshift", b.dshift, b.dy.view.dtype);
  *args = {sizeof *args, b.alpha, b.shift, b.x.view, b.dy.view, b.weight.view, b.dx.view,
           b.dweight.view, b.dbias.view, b.dalpha.view.data, b.dshift.view.data};
}

}  // namespace detail

inline Status dyt_forward(const DytForward& f, const norma_executor* executor = nullptr) {
  return detail::call<norma_dyt_forward_args>(
      "dyt", f, [=](const auto* args) { return norma_dyt_forward(args, executor); });
}

// Stores in *bytes the least workspace for the backward pass.
inline Status dyt_backward_workspace_size(const DytBackward& b, std::size_t* bytes,
                                          const norma_executor* executor = nullptr) {
  return detail::call<norma_dyt_backward_args>("dyt_backward", b, [=](const auto* args) {
    return norma_dyt_backward_workspace_size(args, executor, bytes);
  });
}

// workspace: aligned to 64 bytes, of at least the size asked for.
inline Status dyt_backward(const DytBackward& b, std::span<std::byte> workspace,
                           const norma_executor* executor = nullptr) {
  return detail::call<norma_dyt_backward_args>("dyt_backward", b, [=](const auto* args) {
    return norma_dyt_backward(args, workspace.data(), workspace.size(), executor);
  });
}

inline Status derf_forward(const DerfForward& f, const norma_executor* executor = nullptr) {
  return detail::call<norma_derf_forward_args>(
      "derf", f, [=](const auto* args) { return norma_derf_forward(args, executor); });
}

inline Status derf_backward_workspace_size(const DerfBackward& b, std::size_t* bytes,
                                          const norma_executor* executor = nullptr) {
  return detail::call<norma_derf_backward_args>("derf_backward", b, [=](const auto* args) {
    return norma_derf_backward_workspace_size(args, executor, bytes);
  });
}

inline Status derf_backward(const DerfBackward& b, std::span<std::byte> workspace,
                           const norma_executor* executor = nullptr) {
  return detail::call<norma_derf_backward_args>("derf_backward", b, [=](const auto* args) {
    return norma_derf_backward(args, workspace.data(), workspace.size(), executor);
  });
}

}  // namespace norma::abi
