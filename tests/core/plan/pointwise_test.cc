// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the pointwise functions accept and refuse, and the implementation that takes it.
#include "core/plan/pointwise.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/cpu/pointwise_run.h"

namespace norma::test {
namespace {

// A right call of both passes, to be broken.
struct Call {
  PointwiseSpec spec;
  int64_t rows = 40, cols = 6;
  std::vector<float> x = normal_values(240, 1), dy = normal_values(240, 2),
                     weight = normal_values(6, 3), bias = normal_values(6, 4), y = x, dx = x,
                     dweight = weight, dbias = weight;
  float dalpha = 0;
  std::vector<NormCase::Line> workspace = std::vector<NormCase::Line>(256);

  RowsView view(std::vector<float>& v) const { return {v.data(), DType::kF32, rows, cols, cols}; }
  VectorView vector(std::vector<float>& v) const { return {v.data(), DType::kF32, cols}; }
  static ConstVectorView read_only(const VectorView& v) { return {v.data, v.dtype, v.size}; }
  PointwiseForward forward() {
    return {view(x), read_only(vector(weight)), read_only(vector(bias)), view(y)};
  }
  PointwiseBackward backward() {
    return {view(x),         view(dy),      read_only(vector(weight)), view(dx),
            vector(dweight), vector(dbias), &dalpha};
  }
  Status run(const PointwiseForward& args) const {
    return pointwise_forward(spec, args, serial_executor());
  }
  Status run(const PointwiseBackward& args) {
    return pointwise_backward(spec, args, workspace.data(), 64 * workspace.size(),
                              serial_executor());
  }
};

TEST(PointwisePlan, TakesWhatIsRight) {
  Call c;
  EXPECT_TRUE(c.run(c.forward()).ok());
  EXPECT_TRUE(c.run(c.backward()).ok());
  PointwiseForward f = c.forward();
  f.y = c.view(c.x);
  EXPECT_TRUE(c.run(f).ok());
  PointwiseBackward b = c.backward();
  b.dx = c.view(c.dy);
  EXPECT_TRUE(c.run(b).ok());
  b = {};
  b.dy = c.view(c.dy);
  b.dbias = c.vector(c.dbias);
  EXPECT_TRUE(c.run(b).ok());
  b.x = {nullptr, DType::kF64, 7, 7, 7};  // not read
  EXPECT_TRUE(c.run(b).ok());
}

TEST(PointwisePlan, ForwardRefusals) {
  Call c;
  const auto refusal = [&](const auto& broken) {
    PointwiseForward f = c.forward();
    broken(f);
    return c.run(f).message();
  };
  EXPECT_EQ(refusal([](auto& f) { f.x.rows = -1; }),
            "[dyt] x must have rows >= 0 and cols >= 0 but is [-1, 6].");
  EXPECT_EQ(refusal([](auto& f) { f.x.data = nullptr; }), "[dyt] x must not be null.");
  EXPECT_EQ(refusal([](auto& f) { f.y.cols = 5; }),
            "[dyt] y must have the shape of x, [40, 6], but is [40, 5].");
  EXPECT_EQ(refusal([](auto& f) { f.y.stride = 5; }),
            "[dyt] y must have a stride of at least cols=6 elements but has 5: its rows would "
            "overwrite each other.");
  EXPECT_EQ(refusal([](auto& f) { f.weight.size = 5; }),
            "[dyt] weight must have cols=6 elements but has 5.");
  EXPECT_EQ(refusal([](auto& f) { f.bias.dtype = DType::kBF16; }),
            "[dyt] bias has dtype bf16 where x has f32: it must have that.");
  EXPECT_EQ(refusal([&](auto& f) { f.y.data = c.x.data() + 1; }),
            "[dyt] y must not overlap x: give it its own memory, or x's own data and stride for "
            "in-place.");
  EXPECT_EQ(refusal([&](auto& f) { f.bias.data = c.y.data() + 3; }),
            "[dyt] y must not overlap bias: give it its own memory, or x's own data and stride for "
            "in-place.");
}

TEST(PointwisePlan, BackwardRefusals) {
  Call c;
  const auto refusal = [&](const auto& broken) {
    PointwiseBackward b = c.backward();
    broken(b);
    return c.run(b).message();
  };
  EXPECT_EQ(refusal([](auto& b) { b.x.data = nullptr; }), "[dyt_backward] x must not be null.");
  EXPECT_EQ(refusal([](auto& b) { b.x.dtype = DType::kF16; }),
            "[dyt_backward] x has dtype f16 where dy has f32: they must be the same, convert one "
            "of them.");
  EXPECT_EQ(refusal([](auto& b) { b.dweight.size = 7; }),
            "[dyt_backward] dweight must have cols=6 elements but has 7.");
  EXPECT_EQ(refusal([](auto& b) { b.dalpha = reinterpret_cast<char*>(b.dalpha) + 1; }),
            "[dyt_backward] dalpha must be aligned to its elements of 4 bytes but is not.");
  EXPECT_EQ(refusal([&](auto& b) { b.dalpha = c.x.data(); }),
            "[dyt_backward] dalpha must not overlap x: give it its own memory.");
  EXPECT_EQ(refusal([&](auto& b) { b.dalpha = c.dbias.data() + 5; }),
            "[dyt_backward] dalpha must not overlap dbias: give it its own memory.");
  EXPECT_EQ(refusal([&](auto& b) { b.dx.data = c.x.data(); }),
            "[dyt_backward] dx must not overlap x: give it its own memory, or dy's own data and "
            "stride for in-place.");
}

TEST(PointwisePlan, DerfNamesItself) {
  Call c;
  c.spec = {PointwiseKind::kDerf, 1, 0};
  EXPECT_TRUE(c.run(c.forward()).ok());
  float dshift = 9;
  PointwiseBackward b = c.backward();
  b.dshift = &dshift;
  EXPECT_TRUE(c.run(b).ok());
  EXPECT_NE(dshift, 9);
  b.dshift = &c.dalpha;
  EXPECT_EQ(c.run(b).message(),
            "[derf_backward] dshift must not overlap dalpha: give it its own memory.");
  b.dshift = reinterpret_cast<char*>(&dshift) + 2;
  EXPECT_EQ(c.run(b).message(),
            "[derf_backward] dshift must be aligned to its elements of 4 bytes but is not.");
  PointwiseForward f = c.forward();
  f.weight.size = 5;
  EXPECT_EQ(c.run(f).message(), "[derf] weight must have cols=6 elements but has 5.");
}

TEST(PointwisePlan, Workspace) {
  Call c;
  size_t bytes = 0;
  const PointwiseBackward b = c.backward();
  ASSERT_TRUE(pointwise_backward_workspace_size(c.spec, b, serial_executor(), &bytes).ok());
  const auto run = [&](void* workspace, size_t size) {
    return pointwise_backward(c.spec, b, workspace, size, serial_executor()).message();
  };
  EXPECT_EQ(run(nullptr, bytes), "[dyt_backward] workspace must have " + std::to_string(bytes) +
                                     " bytes but has 0: ask dyt_backward_workspace_size with the "
                                     "same executor.");
  char* memory = reinterpret_cast<char*>(c.workspace.data());
  EXPECT_EQ(run(memory + 4, bytes),
            "[dyt_backward] workspace must be aligned to 64 bytes but is not.");
  EXPECT_EQ(run(memory, bytes), "");
  PointwiseBackward inside = b;
  inside.dalpha = memory + 8;
  EXPECT_EQ(pointwise_backward(c.spec, inside, memory, bytes, serial_executor()).message(),
            "[dyt_backward] workspace must not overlap dalpha: give it its own memory.");
  // More rows than any memory has room for the sums of: one row again and again.
  inside = {};
  inside.dy = inside.x = {c.dy.data(), DType::kF32, int64_t{1} << 58, 1, 0};
  inside.dalpha = &c.dalpha;
  ASSERT_TRUE(pointwise_backward_workspace_size(c.spec, inside, serial_executor(), &bytes).ok());
  EXPECT_EQ(bytes, size_t{1} << 62);
}

TEST(PointwisePlan, NothingThere) {
  Call c;
  PointwiseBackward b = c.backward();
  b.x.rows = b.dy.rows = b.dx.rows = 0;
  c.dweight[0] = c.dbias[0] = c.dalpha = 9;
  EXPECT_TRUE(c.run(b).ok());
  EXPECT_TRUE(c.dweight[0] == 0 && c.dbias[0] == 0 && c.dalpha == 0);
  b.x.rows = b.dy.rows = b.dx.rows = int64_t{1} << 60;
  b.x.stride = b.dy.stride = b.dx.stride = 0;
  b.x.cols = b.dy.cols = b.dx.cols = b.weight.size = b.dweight.size = b.dbias.size = 0;
  c.dalpha = 9;
  EXPECT_TRUE(c.run(b).ok());
  EXPECT_EQ(c.dalpha, 0);
  PointwiseForward f = c.forward();
  f.x.cols = f.y.cols = f.weight.size = f.bias.size = 0;
  f.x.rows = f.y.rows = int64_t{1} << 60;
  f.x.stride = f.y.stride = 0;
  EXPECT_TRUE(c.run(f).ok());
}

// The checked call is the kernels' call: bits of the specification.
TEST(PointwisePlan, HasTheSpecifiedBits) {
  const PointwiseProblem p = pointwise_problem({}, 40, 6);
  const PointwiseResults want = specified(p);
  Call c;
  c.x = p.x, c.dy = p.dy, c.weight = p.weight, c.bias = p.bias;
  ASSERT_TRUE(c.run(c.forward()).ok() && c.run(c.backward()).ok());
  EXPECT_TRUE(same_results({c.y, c.dx, c.dweight, c.dbias, {c.dalpha}, {}}, want));
}

}  // namespace
}  // namespace norma::test
