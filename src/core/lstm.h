// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The vocabulary of the elementwise part of an LSTM (Hochreiter and Schmidhuber 1997), one position
// of it, forward and backward; products of matrices and norms are the caller's. s is the logistic
// function, N whatever the caller does between the two halves of a pass:
//
//   gates   (f, i, o, g) = (s, s, s, tanh)((x + bias) + h);   c_next = f * c + i * g
//   output  t = tanh(u), u = N(c_next);                       y = o * t
//
// and backwards, dy + dy_later being what y is to pass on:
//
//   output  d = dy + dy_later;  do = (d * t) * (o * (1 - o));  du = (d * o) * ((1 - t) * (1 + t))
//   gates   e = dc + dc_later, dc what du has become on its way through N
//           df = (e * c) * (f * (1 - f));  di = (e * g) * (i * (1 - i));
//           dg = (e * i) * ((1 - g) * (1 + g));  dc_before = e * f
//
// Every operation is rounded once, in the order written; the functions are docs/numerics.md's.
// Matrices of gates are [rows, 4 * units], f, i, o, g beside each other; the others [rows, units].
// All of one type, f32 or f64 (f64 by the scalar reference, for checking), any stride between rows.
// An absent input (data null) is an operation that does not happen. Outputs overlap nothing else
// but where a line below says that they may be an input itself: the same data and stride.
#pragma once

#include "base/rows_view.h"

namespace norma {

inline constexpr int64_t kLstmGates = 4;  // f, i, o, g

struct LstmGatesForward {
  ConstRowsView x;       // gates
  ConstRowsView h;       // gates; may be absent
  ConstVectorView bias;  // 4 * units; may be absent
  ConstRowsView c;
  RowsView gates;   // f, i, o, g; may be x or h
  RowsView c_next;  // may be c
};

struct LstmOutputForward {
  ConstRowsView gates;
  ConstRowsView u;
  RowsView t;  // may be u
  RowsView y;
};

struct LstmOutputBackward {
  ConstRowsView gates;
  ConstRowsView t;
  ConstRowsView dy;
  ConstRowsView dy_later;  // may be absent
  RowsView dgates;         // of o alone is written
  RowsView du;             // may be dy or dy_later
};

struct LstmGatesBackward {
  ConstRowsView gates;
  ConstRowsView c;  // before the position
  ConstRowsView dc;
  ConstRowsView dc_later;  // may be absent
  RowsView dgates;         // of f, i and g are written
  RowsView dc_before;      // may be dc or dc_later
};

}  // namespace norma
