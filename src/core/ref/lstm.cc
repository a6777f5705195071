// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "core/ref/lstm.h"

#include "core/fp_environment.h"
#include "core/ref/elementary.h"
#include "core/ref/rows.h"

namespace norma::ref {
namespace {

// All that one element needs is read before anything of it is stored: outputs may be inputs.
template <typename T>
void gates_forward(const LstmGatesForward& args) {
  const auto bias = elements<T>(args.bias);
  const int64_t units = args.c.cols;
  for (int64_t r = 0; units > 0 && r < args.c.rows; ++r) {
    const Elements<T> x = row<T>(args.x, r), h = row<T>(args.h, r), c = row<T>(args.c, r);
    for (int64_t j = 0; j < units; ++j) {
      const auto sum = [&](int64_t gate) {
        const int64_t k = gate * units + j;
        T s = x[k];
        if (bias) s = s + bias[k];
        if (h) s = s + h[k];
        return s;
      };
      const T f = sigmoid(sum(0)), i = sigmoid(sum(1)), o = sigmoid(sum(2));
      const T g = tanh_and_slope(sum(3)).value;
      const T kept = f * c[j], added = i * g;
      store(args.c_next, r, j, kept + added);
      store(args.gates, r, j, f);
      store(args.gates, r, units + j, i);
      store(args.gates, r, 2 * units + j, o);
      store(args.gates, r, 3 * units + j, g);
    }
  }
}

template <typename T>
void output_forward(const LstmOutputForward& args) {
  const int64_t units = args.u.cols;
  for (int64_t r = 0; units > 0 && r < args.u.rows; ++r) {
    const Elements<T> gates = row<T>(args.gates, r), u = row<T>(args.u, r);
    for (int64_t j = 0; j < units; ++j) {
      const T t = tanh_and_slope(u[j]).value;
      store(args.t, r, j, t);
      store(args.y, r, j, gates[2 * units + j] * t);
    }
  }
}

template <typename T>
T slope_of_sigmoid(T s) {
  return s * (1 - s);
}
template <typename T>
T slope_of_tanh(T t) {
  return (1 - t) * (1 + t);
}

template <typename T>
void output_backward(const LstmOutputBackward& args) {
  const int64_t units = args.t.cols;
  for (int64_t r = 0; units > 0 && r < args.t.rows; ++r) {
    const Elements<T> gates = row<T>(args.gates, r), ts = row<T>(args.t, r);
    const Elements<T> dy = row<T>(args.dy, r), dy_later = row<T>(args.dy_later, r);
    for (int64_t j = 0; j < units; ++j) {
      const T d = dy_later ? dy[j] + dy_later[j] : dy[j];
      const T o = gates[2 * units + j], t = ts[j];
      store(args.dgates, r, 2 * units + j, (d * t) * slope_of_sigmoid(o));
      store(args.du, r, j, (d * o) * slope_of_tanh(t));
    }
  }
}

template <typename T>
void gates_backward(const LstmGatesBackward& args) {
  const int64_t units = args.c.cols;
  for (int64_t r = 0; units > 0 && r < args.c.rows; ++r) {
    const Elements<T> gates = row<T>(args.gates, r), c = row<T>(args.c, r);
    const Elements<T> dc = row<T>(args.dc, r), dc_later = row<T>(args.dc_later, r);
    for (int64_t j = 0; j < units; ++j) {
      const T e = dc_later ? dc[j] + dc_later[j] : dc[j];
      const T f = gates[j], i = gates[units + j], g = gates[3 * units + j];
      store(args.dgates, r, j, (e * c[j]) * slope_of_sigmoid(f));
      store(args.dgates, r, units + j, (e * g) * slope_of_sigmoid(i));
      store(args.dgates, r, 3 * units + j, (e * i) * slope_of_tanh(g));
      store(args.dc_before, r, j, e * f);
    }
  }
}

}  // namespace

void lstm_gates_forward(const LstmGatesForward& args) {
  args.c.dtype == DType::kF64 ? gates_forward<double>(args) : gates_forward<float>(args);
}
void lstm_output_forward(const LstmOutputForward& args) {
  args.u.dtype == DType::kF64 ? output_forward<double>(args) : output_forward<float>(args);
}
void lstm_output_backward(const LstmOutputBackward& args) {
  args.t.dtype == DType::kF64 ? output_backward<double>(args) : output_backward<float>(args);
}
void lstm_gates_backward(const LstmGatesBackward& args) {
  args.c.dtype == DType::kF64 ? gates_backward<double>(args) : gates_backward<float>(args);
}

}  // namespace norma::ref
