// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the elementwise part of an LSTM accepts and refuses.
#include "core/plan/lstm.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace norma::test {
namespace {

// Right calls on two rows of three units, to be broken.
struct Calls {
  std::vector<float> x = std::vector<float>(24), h = x, bias = std::vector<float>(12), gates = x,
                     dgates = x, a = std::vector<float>(6), b = a, c = a, d = a;

  static RowsView wide(std::vector<float>& v) { return {v.data(), DType::kF32, 2, 12, 12}; }
  static RowsView narrow(std::vector<float>& v) { return {v.data(), DType::kF32, 2, 3, 3}; }
  LstmGatesForward gates_forward() {
    return {wide(x), wide(h), {bias.data(), DType::kF32, 12}, narrow(a), wide(gates), narrow(b)};
  }
  LstmOutputForward output_forward() { return {wide(gates), narrow(a), narrow(b), narrow(c)}; }
  LstmOutputBackward output_backward() {
    return {wide(gates), narrow(a), narrow(b), narrow(c), wide(dgates), narrow(d)};
  }
  LstmGatesBackward gates_backward() {
    return {wide(gates), narrow(a), narrow(b), narrow(c), wide(dgates), narrow(d)};
  }
};

TEST(LstmPlan, TakesWhatIsRight) {
  Calls c;
  EXPECT_TRUE(lstm_gates_forward(c.gates_forward()).ok());
  EXPECT_TRUE(lstm_output_forward(c.output_forward()).ok());
  EXPECT_TRUE(lstm_output_backward(c.output_backward()).ok());
  EXPECT_TRUE(lstm_gates_backward(c.gates_backward()).ok());
  LstmGatesForward f = c.gates_forward();
  f.h = {};
  f.bias = {};
  f.gates = Calls::wide(c.x);
  f.c_next = Calls::narrow(c.a);
  EXPECT_TRUE(lstm_gates_forward(f).ok());
  LstmOutputBackward o = c.output_backward();
  o.du = Calls::narrow(c.c);
  EXPECT_TRUE(lstm_output_backward(o).ok());
  o.dy_later = {};
  EXPECT_TRUE(lstm_output_backward(o).ok());
  // Nothing to do, whatever the pointers.
  EXPECT_TRUE(lstm_gates_forward({}).ok());
}

TEST(LstmPlan, Refusals) {
  Calls c;
  LstmGatesForward f = c.gates_forward();
  f.x.cols = 11;
  EXPECT_EQ(lstm_gates_forward(f).message(),
            "[lstm_gates] x must have the shape of four of its states side by side, [2, 12], but "
            "is [2, 11].");
  f = c.gates_forward();
  f.bias.size = 3;
  EXPECT_EQ(lstm_gates_forward(f).message(),
            "[lstm_gates] bias must have cols=12 elements but has 3.");
  f = c.gates_forward();
  f.c.dtype = DType::kBF16;
  EXPECT_EQ(lstm_gates_forward(f).message(),
            "[lstm_gates] c must be f32 or f64 but is bf16: convert it, 16-bit rows have no kernel "
            "here.");
  f = c.gates_forward();
  f.gates = Calls::wide(c.x);
  f.gates.stride = 13;
  EXPECT_EQ(lstm_gates_forward(f).message(),
            "[lstm_gates] gates must not overlap x: give it its own memory, or x's own data and "
            "stride for in-place.");
  LstmOutputForward y = c.output_forward();
  y.y = Calls::narrow(c.b);
  EXPECT_EQ(lstm_output_forward(y).message(),
            "[lstm_output] y must not overlap t: give it its own memory.");
  y = c.output_forward();
  y.t.stride = 2;
  EXPECT_EQ(lstm_output_forward(y).message(),
            "[lstm_output] t must have a stride of at least cols=3 elements but has 2: its rows "
            "would overwrite each other.");
  LstmOutputBackward o = c.output_backward();
  o.dy.data = nullptr;
  EXPECT_EQ(lstm_output_backward(o).message(), "[lstm_output_backward] dy must not be null.");
  LstmGatesBackward g = c.gates_backward();
  g.dc_before = Calls::narrow(c.a);
  EXPECT_EQ(lstm_gates_backward(g).message(),
            "[lstm_gates_backward] dc_before must not overlap c: give it its own memory, or dc's "
            "own data and stride for in-place.");
  g = c.gates_backward();
  g.dc_later.rows = 1;
  EXPECT_EQ(lstm_gates_backward(g).message(),
            "[lstm_gates_backward] dc_later must have the shape of c, [2, 3], but is [1, 3].");
}

}  // namespace
}  // namespace norma::test
