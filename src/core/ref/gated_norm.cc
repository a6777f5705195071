// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/gated_norm.h"

#include "core/fp_environment.h"
#include "core/ref/elementary.h"
#include "core/ref/norms.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

template <typename T>
Slope<T> silu_and_slope(T g) {
  const T s = sigmoid(g), silu = g * s;
  return {silu, s + silu * sigmoid(-g)};
}

template <typename T>
void gate(const GatedForward& args) {
  const RowsView& y = args.norm.y;
  // Rows of no elements can be more than anyone could count.
  for (int64_t r = 0; y.cols > 0 && r < y.rows; ++r) {
    const Elements<T> z = row<T>(y, r), g = row<T>(args.gate, r);
    for (int64_t i = 0; i < y.cols; ++i) store(y, r, i, z[i] * silu_and_slope(g[i]).value);
  }
}

// dgate holds z, if it is asked for, and dx takes the gradient of z.
template <typename T>
void gate_backward(const GatedBackward& args) {
  const NormBackward& norm = args.norm;
  for (int64_t r = 0; norm.dy.cols > 0 && r < norm.dy.rows; ++r) {
    const Elements<T> dy = row<T>(norm.dy, r), g = row<T>(args.gate, r), z = row<T>(args.dgate, r);
    for (int64_t i = 0; i < norm.dy.cols; ++i) {
      const Slope<T> at = silu_and_slope(g[i]);
      const T dy_i = dy[i];
      if (z) store(args.dgate, r, i, (dy_i * z[i]) * at.slope);
      store(norm.dx, r, i, dy_i * at.value);
    }
  }
}

}  // namespace

void gated_norm_forward(const NormSpec& spec, const GatedForward& args) {
  norm_forward(spec, args.norm);
  args.norm.x.dtype == DType::kF64 ? gate<double>(args) : gate<float>(args);
}

void gated_norm_backward(const NormSpec& spec, const GatedBackward& args) {
  NormBackward norm = args.norm;
  if (args.dgate.data != nullptr) {
    norm_forward(spec, {norm.x, norm.weight, args.bias, args.dgate, {}});
  }
  norm.dy.dtype == DType::kF64 ? gate_backward<double>(args) : gate_backward<float>(args);
  norm.dy = {norm.dx.data, norm.dy.dtype, norm.dy.rows, norm.dy.cols, norm.dx.stride};
  norm_backward(spec, norm);
}

}  // namespace norma::ref
