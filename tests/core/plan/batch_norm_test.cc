// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The door to BatchNorm: a right call, one change for each rule with its message, and what runs.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/cpu/cost.h"
#include "core/plan/channel_norm.h"
#include "tests/core/batch_problem.h"
#include "tests/core/norm_case.h"

namespace norma::test {
namespace {

constexpr int64_t kRows = 4, kCols = 6, kSize = kRows * kCols;

template <typename T>
T* odd(T* p) {  // one byte off its alignment
  return reinterpret_cast<T*>(reinterpret_cast<char*>(p) + 1);
}

// A right call with room after every argument.
struct Call {
  std::vector<float> x = std::vector<float>(2 * kSize, 1), y = x, dy = x, dx = x;
  std::vector<float> weight = std::vector<float>(2 * kCols), bias = weight, dweight = weight;
  std::vector<float> dbias = weight, hi = weight, lo = weight, rstd = weight, mean = weight;
  std::vector<float> var = std::vector<float>(2 * kCols, 1);
  std::vector<uint8_t> mask = std::vector<uint8_t>(kRows, 1);
  std::vector<NormCase::Line> workspace = std::vector<NormCase::Line>(64);
  void* memory = workspace.data();
  size_t bytes = sizeof(NormCase::Line) * 64;
  BatchNormSpec spec;
  BatchNormForward f{rows(x), mask.data(),  vector(weight), vector(bias),
                     rows(y), vector(mean), vector(var),    {hi.data(), lo.data(), rstd.data()}};
  BatchNormBackward b{
      rows(x),  rows(dy),        mask.data(),  vector(weight), {hi.data(), lo.data(), rstd.data()},
      rows(dx), vector(dweight), vector(dbias)};

  static RowsView rows(std::vector<float>& v) {
    return {v.data(), DType::kF32, kRows, kCols, kCols};
  }
  struct AnyVector {
    float* data;
    operator VectorView() const { return {data, DType::kF32, kCols}; }
    operator ConstVectorView() const { return {data, DType::kF32, kCols}; }
  };
  static AnyVector vector(std::vector<float>& v) { return {v.data()}; }
  Status forward() { return batch_norm_forward(spec, f, memory, bytes, serial_executor()); }
  Status backward() { return batch_norm_backward(spec, b, memory, bytes, serial_executor()); }
};

struct Rule {
  std::function<void(Call&)> broken;
  const char* message;  // after the function's name; empty: allowed
  StatusCode code = StatusCode::kInvalidArgument;
};

void expect_rule(const Rule& rule, const Status& status, const char* function) {
  if (*rule.message == '\0') {
    EXPECT_TRUE(status.ok()) << status.message();
    return;
  }
  EXPECT_EQ(status.message(), std::string(function) + rule.message);
  EXPECT_EQ(status.code(), rule.code) << rule.message;
}

void expect_forward(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    Call call;
    rule.broken(call);
    expect_rule(rule, call.forward(), "[batch_norm] ");
  }
}

void expect_backward(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    Call call;
    rule.broken(call);
    expect_rule(rule, call.backward(), "[batch_norm_backward] ");
  }
}

TEST(BatchNormChecks, Spec) {
  expect_forward({
      {[](Call&) {}, ""},
      {[](Call& c) { c.spec.eps = -1; }, "eps must be finite and >= 0 but is -1."},
      {[](Call& c) { c.spec.momentum = 1.5; }, "momentum must be from 0 to 1 but is 1.5."},
      {[](Call& c) { c.spec.momentum = -0.1; }, "momentum must be from 0 to 1 but is -0.1."},
      {[](Call& c) { c.spec.momentum = std::nan(""); }, "momentum must be from 0 to 1 but is nan."},
      {[](Call& c) { c.spec.momentum = 1; }, ""},
  });
}

// PyTorch refuses to train on one value a channel too.
TEST(BatchNormChecks, TrainingWantsTwoRowsThatCount) {
  expect_forward({
      {[](Call& c) {
         c.mask = {0, 0, 1, 0}, c.f.mask = c.mask.data();
       },
       "training must have at least 2 rows that count but has 1: the variance of fewer is "
       "undefined, take the running statistics."},
      {[](Call& c) {
         c.mask = {0, 0, 0, 0}, c.f.mask = c.mask.data();
       },
       "training must have at least 2 rows that count but has 0: the variance of fewer is "
       "undefined, take the running statistics."},
      {[](Call& c) { c.f.x.rows = c.f.y.rows = 1; },
       "training must have at least 2 rows that count but has 1: the variance of fewer is "
       "undefined, take the running statistics."},
      {[](Call& c) { c.f.x.rows = c.f.y.rows = 0; },
       "training must have at least 2 rows that count but has 0: the variance of fewer is "
       "undefined, take the running statistics."},
      {[](Call& c) {
         c.mask = {0, 0, 0, 0}, c.f.mask = c.mask.data(), c.spec.training = false;
       },
       ""},
      {[](Call& c) { c.f.x.rows = c.f.y.rows = 1, c.spec.training = false; }, ""},
  });
}

TEST(BatchNormChecks, ArgumentsOfTheForward) {
  expect_forward({
      {[](Call& c) { c.f.x.data = nullptr; }, "x must not be null."},
      {[](Call& c) { c.f.x.dtype = static_cast<DType>(4); },
       "x must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has 4."},
      {[](Call& c) { c.f.x.rows = -1; }, "x must have rows >= 0 and cols >= 0 but is [-1, 6]."},
      {[](Call& c) { c.f.x.stride = std::numeric_limits<int64_t>::max() / 8; },
       "x must end below 2^63 bytes but is [4, 6] with stride 1152921504606846975."},
      {[](Call& c) { c.f.y.stride = 5; },
       "y must have a stride of at least cols=6 elements but has 5: its rows would overwrite each "
       "other."},
      {[](Call& c) { c.f.y.rows = 3; }, "y must have the shape of x, [4, 6], but is [3, 6]."},
      {[](Call& c) { c.f.y.dtype = DType::kF64; },
       "y has dtype f64 where x has f32: they must be the same, convert one of them.",
       StatusCode::kUnsupported},
      {[](Call& c) { c.f.weight.size = 32; }, "weight must have cols=6 elements but has 32."},
      {[](Call& c) { c.f.running_mean.size = 5; },
       "running_mean must have cols=6 elements but has 5."},
      {[](Call& c) { c.f.running_var.data = nullptr; }, ""},
      {[](Call& c) { c.f.running_var.data = nullptr, c.spec.training = false; },
       "running_var is missing: evaluation normalises by it."},
      {[](Call& c) { c.f.statistics.mean_lo = odd(c.lo.data()); },
       "mean_lo must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.bytes = 64; },
       "workspace must have 512 bytes but has 64: ask batch_norm_forward_workspace_size with the "
       "same executor."},
  });
}

TEST(BatchNormChecks, Overlap) {
  expect_forward({
      {[](Call& c) { c.f.y.data = c.x.data(); }, ""},
      {[](Call& c) { c.f.y.data = c.x.data() + 1; },
       "y must not overlap x: give it its own memory, or x's own data and stride for in-place."},
      {[](Call& c) { c.f.running_mean.data = c.hi.data(); },
       "running_mean must not overlap mean_hi: give it its own memory."},
      // Evaluation only reads them.
      {[](Call& c) { c.f.running_mean.data = c.var.data(), c.spec.training = false; }, ""},
      {[](Call& c) { c.f.running_mean.data = c.var.data(); },
       "running_var must not overlap running_mean: give it its own memory."},
      {[](Call& c) { c.f.mask = reinterpret_cast<uint8_t*>(c.y.data()); },
       "y must not overlap mask: give it its own memory, or x's own data and stride for in-place."},
      {[](Call& c) { c.f.mask = reinterpret_cast<uint8_t*>(c.workspace.data()) + 9; },
       "training must have at least 2 rows that count but has 0: the variance of fewer is "
       "undefined, take the running statistics."},
      {[](Call& c) {
         c.f.mask = reinterpret_cast<uint8_t*>(c.workspace.data()) + 9;
         c.spec.training = false;
       },
       "workspace must not overlap mask: give it its own memory."},
  });
  expect_backward({
      {[](Call& c) { c.b.dx.data = c.dy.data(); }, ""},
      {[](Call& c) { c.b.dx.data = c.dy.data() + 1; },
       "dx must not overlap dy: give it its own memory, or dy's own data and stride for in-place."},
      {[](Call& c) { c.b.dweight.data = c.rstd.data(); },
       "dweight must not overlap rstd: give it its own memory."},
  });
}

TEST(BatchNormChecks, ArgumentsOfTheBackward) {
  expect_backward({
      {[](Call&) {}, ""},
      {[](Call& c) { c.b.statistics.rstd = nullptr; },
       "rstd is missing: the backward needs the statistics that the forward saved."},
      {[](Call& c) { c.b.x.cols = 5; }, "x must have the shape of dy, [4, 6], but is [4, 5]."},
      {[](Call& c) { c.b.dweight.size = 3; }, "dweight must have cols=6 elements but has 3."},
      {[](Call& c) { c.b.dx.stride = 3; },
       "dx must have a stride of at least cols=6 elements but has 3: its rows would overwrite each "
       "other."},
      // dbias alone needs neither x nor its statistics.
      {[](Call& c) {
         c.b.dx.data = c.b.dweight.data = nullptr;
         c.b.x = {};
         c.b.statistics = {};
       },
       ""},
  });
}

// Of 16-bit rows weight and bias have the same type or are f32, and so is each gradient; running
// statistics are f32.
TEST(BatchNormChecks, Types) {
  const auto rows_of = [](Call& c, DType dtype) {
    c.f.x.dtype = c.f.y.dtype = c.b.x.dtype = c.b.dy.dtype = c.b.dx.dtype = dtype;
  };
  expect_forward({
      {[=](Call& c) { rows_of(c, DType::kBF16); }, ""},
      {[=](Call& c) { rows_of(c, DType::kBF16), c.spec.training = false; }, ""},
      {[=](Call& c) {
         rows_of(c, DType::kF16), c.f.weight.dtype = c.f.bias.dtype = DType::kF16;
       },
       ""},
      {[=](Call& c) { rows_of(c, DType::kF16), c.f.weight.dtype = DType::kF16; },
       "bias has dtype f32 where weight has f16: they must be the same, convert one of them.",
       StatusCode::kUnsupported},
      {[=](Call& c) { rows_of(c, DType::kF16), c.f.bias.dtype = DType::kBF16; },
       "bias has dtype bf16 where x has f16: it must have that, or f32.", StatusCode::kUnsupported},
      {[=](Call& c) { rows_of(c, DType::kBF16), c.f.running_mean.dtype = DType::kBF16; },
       "running_mean has dtype bf16 where x has bf16: it must have f32, as saved statistics have.",
       StatusCode::kUnsupported},
      {[](Call& c) { c.f.running_var.dtype = DType::kF64; },
       "running_var has dtype f64 where x has f32: it must have f32, as saved statistics have.",
       StatusCode::kUnsupported},
  });
  expect_backward({
      {[=](Call& c) { rows_of(c, DType::kF16); }, ""},
      {[=](Call& c) { rows_of(c, DType::kBF16), c.b.dweight.dtype = DType::kBF16; }, ""},
      {[=](Call& c) { rows_of(c, DType::kBF16), c.b.dweight.dtype = DType::kF16; },
       "dweight has dtype f16 where dy has bf16: it must have that, or f32.",
       StatusCode::kUnsupported},
  });
}

TEST(BatchNormPlan, WithoutRowsOrColumns) {
  for (const bool training : {false, true}) {
    Call call;
    call.spec.training = training;
    call.dweight.assign(call.dweight.size(), 9);
    call.dbias = call.dweight;
    call.b.x.rows = call.b.dy.rows = call.b.dx.rows = 0;
    ASSERT_TRUE(call.backward().ok());
    EXPECT_EQ(std::vector<float>(call.dweight.begin(), call.dweight.begin() + kCols),
              std::vector<float>(kCols, 0));
    EXPECT_EQ(call.dbias[0], 0);
    EXPECT_EQ(call.dbias[kCols], 9);
  }
  Call call;
  call.f.x.cols = call.f.y.cols = 0;
  call.f.weight = call.f.bias = {};
  call.f.running_mean = call.f.running_var = {};
  EXPECT_TRUE(call.forward().ok());
}

// All rows are padding: y and dx are 0, and so are the gradients.
TEST(BatchNormPlan, NothingCounts) {
  Call call;
  call.mask.assign(kRows, 0);
  call.f.mask = call.b.mask = call.mask.data();
  call.spec.training = false;
  ASSERT_TRUE(call.forward().ok());
  EXPECT_EQ(call.y[0], 0);
  EXPECT_EQ(call.y[kSize], 1);
  for (const bool training : {false, true}) {
    call.spec.training = training;
    ASSERT_TRUE(call.backward().ok());
    EXPECT_EQ(call.dx[0], 0);
    EXPECT_EQ(call.dweight[0], 0);
    EXPECT_EQ(call.dbias[0], 0);
  }
}

TEST(BatchNormPlan, F64RunsTheSpecificationAndNeedsNoWorkspace) {
  BatchProblemOf<double> p;
  p.rows = 9;
  p.cols = 4;
  for (int i = 0; i < 36; ++i) {
    p.x.push_back(std::sin(i));
    p.dy.push_back(std::cos(i));
  }
  p.running_mean.assign(4, 0.5);
  p.running_var.assign(4, 2);
  const BatchResultsOf<double> want = specified(p);
  BatchResultsOf<double> got = want;
  got.y.assign(36, 0);
  got.dx.assign(36, 0);
  got.running_mean = p.running_mean;
  got.running_var = p.running_var;
  const ConstRowsView x{p.x.data(), DType::kF64, 9, 4, 4}, dy{p.dy.data(), DType::kF64, 9, 4, 4};
  const BatchNormForward f{x,
                           nullptr,
                           {},
                           {},
                           {got.y.data(), DType::kF64, 9, 4, 4},
                           {got.running_mean.data(), DType::kF64, 4},
                           {got.running_var.data(), DType::kF64, 4},
                           {got.mean_hi.data(), got.mean_lo.data(), got.rstd.data()}};
  const BatchNormBackward b{x,
                            dy,
                            nullptr,
                            {},
                            {got.mean_hi.data(), got.mean_lo.data(), got.rstd.data()},
                            {got.dx.data(), DType::kF64, 9, 4, 4},
                            {},
                            {}};
  size_t bytes = 1;
  ASSERT_TRUE(batch_norm_forward_workspace_size(p.spec, f, &bytes).ok());
  EXPECT_EQ(bytes, 0u);
  ASSERT_TRUE(batch_norm_forward(p.spec, f, nullptr, 0, serial_executor()).ok());
  ASSERT_TRUE(batch_norm_backward_workspace_size(p.spec, b, &bytes).ok());
  EXPECT_EQ(bytes, 0u);
  ASSERT_TRUE(batch_norm_backward(p.spec, b, nullptr, 0, serial_executor()).ok());
  EXPECT_TRUE(same_results(got, want));
}

TEST(BatchNormPlan, SmallCallsStayOnTheirThread) {
  static int calls;
  calls = 0;
  const Executor counting{[](void*, int64_t count, int64_t, Executor::Body body, void* context) {
                            ++calls;
                            body(context, 0, count);
                          },
                          [](void*) { return 8; }, nullptr};
  Call call;
  ASSERT_TRUE(batch_norm_forward(call.spec, call.f, call.memory, call.bytes, counting).ok());
  ASSERT_TRUE(batch_norm_backward(call.spec, call.b, call.memory, call.bytes, counting).ok());
  EXPECT_EQ(calls, 0);
  cpu::force_grain(1);
  ASSERT_TRUE(batch_norm_forward(call.spec, call.f, call.memory, call.bytes, counting).ok());
  cpu::force_grain(0);
  EXPECT_GT(calls, 0);
}

}  // namespace
}  // namespace norma::test
