// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT
//
// Row norms with what follows them, of norma.h for C++20; norma.hpp includes this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "norma/norma.hpp"

namespace norma::abi {

// Fields as in norma_gated_norm_forward_args.
struct GatedForward {
  norma_row_norm kind = NORMA_RMS_NORM;
  Forward norm = {};
  ConstRows gate = {};
};

// Fields as in norma_gated_norm_backward_args.
struct GatedBackward {
  norma_row_norm kind = NORMA_RMS_NORM;
  Backward norm = {};
  ConstVector bias = {};
  ConstRows gate = {};
  Rows dgate = {};
};

// Fields as in norma_rope; without positions row r / rows_per_position of the tables.
struct Rope {
  ConstRows cos = {};
  ConstRows sin = {};
  std::span<const std::int64_t> positions = {};
  std::int64_t rows_per_position = 1;
  norma_rope_pairs pairs = NORMA_ROPE_HALVES;
};

struct RopeForward {
  norma_row_norm kind = NORMA_RMS_NORM;
  Forward norm = {};
  Rope rope = {};
};

struct RopeBackward {
  norma_row_norm kind = NORMA_RMS_NORM;
  Backward norm = {};
  Rope rope = {};
};

// Fields as in norma_quantized_norm_forward_args; scale has x.rows elements. q_stride 0: x.cols.
struct QuantizedForward {
  norma_row_norm kind = NORMA_RMS_NORM;
  Forward norm = {};
  std::span<std::uint8_t> q = {};
  std::int64_t q_stride = 0;
  std::span<float> scale = {};
  norma_quant_format format = NORMA_QUANT_INT8;
};

namespace detail {

// A call's struct, and that of the norm within.
template <typename Args, typename NormArgs>
struct WithNorm {
  NormArgs norm;
  Args args;
};
using GatedForwardArgs = WithNorm<norma_gated_norm_forward_args, norma_row_norm_forward_args>;
using GatedBackwardArgs = WithNorm<norma_gated_norm_backward_args, norma_row_norm_backward_args>;
using RopeForwardArgs = WithNorm<norma_rope_norm_forward_args, norma_row_norm_forward_args>;
using RopeBackwardArgs = WithNorm<norma_rope_norm_backward_args, norma_row_norm_backward_args>;
using QuantizedArgs = WithNorm<norma_quantized_norm_forward_args, norma_row_norm_forward_args>;

inline void read(Checker& check, const GatedForward& f, GatedForwardArgs* all) {
  read(check, f.norm, &all->norm);
  check.rows("gate", f.gate);
  all->args = {sizeof all->args, &all->norm, f.gate.view, f.kind};
}

inline void read(Checker& check, const GatedBackward& b, GatedBackwardArgs* all) {
  read(check, b.norm, &all->norm);
  check.rows("gate", b.gate);
  check.rows("dgate", b.dgate);
  all->args = {sizeof all->args, &all->norm, b.gate.view, b.bias.view, b.dgate.view, b.kind};
}

inline norma_rope read(Checker& check, const Rope& rope) {
  check.rows("cos", rope.cos);
  check.rows("sin", rope.sin);
  return {rope.cos.view,
          rope.sin.view,
          rope.positions.data(),
          static_cast<std::int64_t>(rope.positions.size()),
          rope.rows_per_position,
          rope.pairs};
}

inline void read(Checker& check, const RopeForward& f, RopeForwardArgs* all) {
  read(check, f.norm, &all->norm);
  all->args = {sizeof all->args, &all->norm, read(check, f.rope), f.kind};
}

inline void read(Checker& check, const RopeBackward& b, RopeBackwardArgs* all) {
  read(check, b.norm, &all->norm);
  all->args = {sizeof all->args, &all->norm, read(check, b.rope), b.kind};
}

inline void read(Checker& check, const QuantizedForward& f, QuantizedArgs* all) {
  read(check, f.norm, &all->norm);
  const norma_const_rows& x = f.norm.x.view;
  const std::int64_t stride = f.q_stride == 0 ? x.cols : f.q_stride;
  ConstRows q;
  q.view = {f.q.data(), x.rows, x.cols, stride, x.dtype};
  q.size = f.q.size();
  check.rows("q", q);
  if (static_cast<std::int64_t>(f.scale.size()) != x.rows) {
    check.refuse("scale", "must have rows=" + std::to_string(x.rows) + " elements but has " +
                              std::to_string(f.scale.size()) + ".");
  }
  all->args = {sizeof all->args, &all->norm, f.q.data(), stride, f.scale.data(), f.format, f.kind};
}

}  // namespace detail

// executor: nullptr for the default one. workspace: aligned to 64 bytes, of at least the size that
// was asked for.
inline Status gated_norm_forward(const GatedForward& f, const norma_executor* executor = nullptr) {
  return detail::call<detail::GatedForwardArgs>("gated_norm", f, [=](const auto* all) {
    return norma_gated_norm_forward(&all->args, executor);
  });
}
inline Status gated_norm_backward_workspace_size(const GatedBackward& b, std::size_t* bytes,
                                                 const norma_executor* executor = nullptr) {
  return detail::call<detail::GatedBackwardArgs>("gated_norm_backward", b, [=](const auto* all) {
    return norma_gated_norm_backward_workspace_size(&all->args, executor, bytes);
  });
}
inline Status gated_norm_backward(const GatedBackward& b, std::span<std::byte> workspace,
                                  const norma_executor* executor = nullptr) {
  return detail::call<detail::GatedBackwardArgs>("gated_norm_backward", b, [=](const auto* all) {
    return norma_gated_norm_backward(&all->args, workspace.data(), workspace.size(), executor);
  });
}

inline Status rope_norm_forward(const RopeForward& f, const norma_executor* executor = nullptr) {
  return detail::call<detail::RopeForwardArgs>("rope_norm", f, [=](const auto* all) {
    return norma_rope_norm_forward(&all->args, executor);
  });
}
inline Status rope_norm_backward_workspace_size(const RopeBackward& b, std::size_t* bytes,
                                                const norma_executor* executor = nullptr) {
  return detail::call<detail::RopeBackwardArgs>("rope_norm_backward", b, [=](const auto* all) {
    return norma_rope_norm_backward_workspace_size(&all->args, executor, bytes);
  });
}
inline Status rope_norm_backward(const RopeBackward& b, std::span<std::byte> workspace,
                                 const norma_executor* executor = nullptr) {
  return detail::call<detail::RopeBackwardArgs>("rope_norm_backward", b, [=](const auto* all) {
    return norma_rope_norm_backward(&all->args, workspace.data(), workspace.size(), executor);
  });
}

inline Status quantized_norm_forward_workspace_size(const QuantizedForward& f, std::size_t* bytes,
                                                    const norma_executor* executor = nullptr) {
  return detail::call<detail::QuantizedArgs>("quantized_norm", f, [=](const auto* all) {
    return norma_quantized_norm_forward_workspace_size(&all->args, executor, bytes);
  });
}
inline Status quantized_norm_forward(const QuantizedForward& f, std::span<std::byte> workspace,
                                     const norma_executor* executor = nullptr) {
  return detail::call<detail::QuantizedArgs>("quantized_norm", f, [=](const auto* all) {
    return norma_quantized_norm_forward(&all->args, workspace.data(), workspace.size(), executor);
  });
}

}  // namespace norma::abi
