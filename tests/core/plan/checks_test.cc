// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// A right call, and one change for each rule: the message names the function, the rule and the
// value. That overlap is found wherever it is, is overlap_test's.
#include "core/plan/checks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace norma::test {
namespace {

constexpr int64_t kRows = 3, kCols = 8;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// Memory for each argument with room after it; never read by the checks.
struct Memory {
  explicit Memory(size_t floats = 64) : data(floats) {}
  operator float*() { return data.data(); }
  std::vector<float> data;
};

struct Call {
  Memory x, y, dy, dx, weight, bias, dweight, dbias, hi, lo, rstd;
  NormSpec spec;
  NormForward f{{x, DType::kF32, kRows, kCols, kCols}, {weight, DType::kF32, kCols},
                {bias, DType::kF32, kCols}, {y, DType::kF32, kRows, kCols, kCols}, {hi, lo, rstd}};
  NormBackward b{{x, DType::kF32, kRows, kCols, kCols}, {dy, DType::kF32, kRows, kCols, kCols},
                 {weight, DType::kF32, kCols}, {hi, lo, rstd},
                 {dx, DType::kF32, kRows, kCols, kCols}, {dweight, DType::kF32, kCols},
                 {dbias, DType::kF32, kCols}};
};

struct Rule {
  std::function<void(Call&)> broken;
  const char* message;  // after "[layer_norm] " or "[layer_norm_backward] "; empty: allowed
  StatusCode code = StatusCode::kInvalidArgument;
};

template <typename T>
T* odd(T* p) {  // one byte off its alignment
  return reinterpret_cast<T*>(reinterpret_cast<char*>(p) + 1);
}

void expect_rule(const Rule& rule, const Status& status, const std::string& function) {
  if (*rule.message == '\0') {
    EXPECT_TRUE(status.ok()) << status.message();
    return;
  }
  EXPECT_EQ(status.message(), "[" + function + "] " + rule.message);
  EXPECT_EQ(status.code(), rule.code) << rule.message;
}

void expect_forward(const std::vector<Rule>& rules) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const Rule& rule : rules) {
      Call call;
      call.spec.kind = kind;
      ASSERT_TRUE(check_forward(call.spec, call.f).ok()) << "the call itself is right";
      rule.broken(call);
      expect_rule(rule, check_forward(call.spec, call.f), name_of(kind));
    }
  }
}

void expect_backward(const std::vector<Rule>& rules, NormKind kind = NormKind::kLayerNorm) {
  for (const Rule& rule : rules) {
    Call call;
    call.spec.kind = kind;
    ASSERT_TRUE(check_backward(call.spec, call.b).ok()) << "the call itself is right";
    rule.broken(call);
    expect_rule(rule, check_backward(call.spec, call.b), std::string(name_of(kind)) + "_backward");
  }
}

TEST(Checks, Spec) {
  const double kNaN = std::nan(""), kInf = HUGE_VAL;
  expect_forward({
      {[&](Call& c) { c.spec.eps = kNaN; }, "eps must be finite and >= 0 but is nan."},
      {[&](Call& c) { c.spec.eps = kInf; }, "eps must be finite and >= 0 but is inf."},
      {[](Call& c) { c.spec.eps = -1e-5; }, "eps must be finite and >= 0 but is -1e-05."},
      {[](Call& c) { c.spec.eps = 0; }, ""},
      {[](Call& c) { c.spec.eps = 1e300; }, ""},
      {[](Call& c) { c.spec.eps_mode = EpsMode::kInside; }, ""},
      {[](Call& c) { c.spec.eps_mode = static_cast<EpsMode>(4); },
       "eps_mode must be 0 (default), 1 (outside), 2 (clamp) or 3 (inside) but is 4."},
      {[](Call& c) { c.spec.eps_mode = static_cast<EpsMode>(-1); },
       "eps_mode must be 0 (default), 1 (outside), 2 (clamp) or 3 (inside) but is -1."},
  });
  expect_backward({
      {[](Call& c) { c.spec.statistic_cols = 4; },
       "statistic_cols must be 0 but is 4: statistics of a part of the columns are RMSNorm's and "
       "the L2 norm's."},
      {[](Call& c) { c.spec.eps_mode = static_cast<EpsMode>(9); },
       "eps_mode must be 0 (default), 1 (outside), 2 (clamp) or 3 (inside) but is 9."},
  });
  expect_backward(
      {
          {[](Call& c) { c.spec.statistic_cols = 1; }, ""},
          {[](Call& c) { c.spec.statistic_cols = kCols; }, ""},
          {[](Call& c) { c.spec.statistic_cols = kCols + 1; },
           "statistic_cols must be 0 or between 1 and cols=8 but is 9."},
          {[](Call& c) { c.spec.statistic_cols = -1; },
           "statistic_cols must be 0 or between 1 and cols=8 but is -1."},
      },
      NormKind::kRmsNorm);
  expect_backward(
      {
          {[](Call& c) { c.b.weight.size = c.b.dweight.size = 1; }, ""},
          {[](Call& c) { c.b.weight.data = nullptr, c.b.dweight.size = 1; }, ""},
          {[](Call& c) { c.b.weight.size = 1; },
           "dweight must have weight's size, 1, but has 8."},
          {[](Call& c) { c.b.dweight.size = 2; },
           "dweight must have cols=8 elements, or one, but has 2."},
          {[](Call& c) { c.b.dbias.size = 1; }, "dbias must have cols=8 elements but has 1."},
      },
      NormKind::kL2Norm);
  Call call;
  call.spec.kind = static_cast<NormKind>(7);
  const std::string message = 
      "[norm] kind must be 0 (layer_norm), 1 (rms_norm), 2 (l2_norm) or 3 (crms_norm) but is 7.";
  EXPECT_EQ(check_forward(call.spec, call.f).message(), message);
  EXPECT_EQ(check_backward(call.spec, call.b).message(), message);
}

TEST(Checks, Rows) {
  expect_forward({
      {[](Call& c) { c.f.x.dtype = static_cast<DType>(4); },
       "x must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has 4."},
      {[](Call& c) { c.f.y.dtype = static_cast<DType>(-1); },
       "y must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has -1."},
      {[](Call& c) { c.f.x.rows = -1; }, "x must have rows >= 0 and cols >= 0 but is [-1, 8]."},
      {[](Call& c) { c.f.y.cols = -2; }, "y must have rows >= 0 and cols >= 0 but is [3, -2]."},
      {[](Call& c) { c.f.x.rows = kMost, c.f.x.cols = 2; },
       "x must end below 2^63 bytes but is [9223372036854775807, 2] with stride 8."},
      {[](Call& c) { c.f.x.stride = kMost / 8; },
       "x must end below 2^63 bytes but is [3, 8] with stride 1152921504606846975."},
      {[](Call& c) { c.f.x.stride = -kMost / 4; },
       "x must end below 2^63 bytes but is [3, 8] with stride -2305843009213693951."},
      {[](Call& c) { c.f.x.data = nullptr; }, "x must not be null."},
      {[](Call& c) { c.f.y.data = nullptr; }, "y must not be null."},
      {[](Call& c) { c.f.x.data = odd(c.x.data.data()); },
       "x must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.f.y.rows = 2; }, "y must have the shape of x, [3, 8], but is [2, 8]."},
      {[](Call& c) { c.f.y.dtype = DType::kF64; },
       "y has dtype f64 where x has f32: they must be the same, convert one of them.",
       StatusCode::kUnsupported},
  });
}

TEST(Checks, Strides) {
  expect_forward({
      {[](Call& c) { c.f.x.stride = 0; }, ""},
      {[](Call& c) { c.f.x.stride = 1; }, ""},
      {[](Call& c) { c.f.x.data = &c.x.data[24], c.f.x.stride = -8; }, ""},
      {[](Call& c) { c.f.y.stride = 13; }, ""},
      {[](Call& c) { c.f.y.data = &c.y.data[24], c.f.y.stride = -8; }, ""},
      {[](Call& c) { c.f.y.stride = 7; },
       "y must have a stride of at least cols=8 elements but has 7: its rows would overwrite each "
       "other."},
      {[](Call& c) { c.f.y.stride = 0; },
       "y must have a stride of at least cols=8 elements but has 0: its rows would overwrite each "
       "other."},
      {[](Call& c) { c.f.y.data = &c.y.data[24], c.f.y.stride = -7; },
       "y must have a stride of at least cols=8 elements but has -7: its rows would overwrite each "
       "other."},
      {[](Call& c) { c.f.x.rows = c.f.y.rows = 1, c.f.y.stride = 0; }, ""},
  });
}

TEST(Checks, ParametersAndStatistics) {
  expect_forward({
      {[](Call& c) { c.f.weight.size = 7; }, "weight must have cols=8 elements but has 7."},
      {[](Call& c) { c.f.bias.size = 9; }, "bias must have cols=8 elements but has 9."},
      {[](Call& c) { c.f.weight.dtype = static_cast<DType>(9); },
       "weight must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has 9."},
      {[](Call& c) { c.f.bias.dtype = DType::kBF16; },
       "bias has dtype bf16 where x has f32: it must have that.",
       StatusCode::kUnsupported},
      {[](Call& c) { c.f.weight.data = odd(c.weight.data.data()); },
       "weight must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.f.weight = {nullptr, static_cast<DType>(9), 77}; }, ""},
      {[](Call& c) { c.f.bias = {}; }, ""},
      {[](Call& c) { c.f.statistics.mean_hi = odd(c.hi.data.data()); },
       "mean_hi must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.f.statistics.mean_lo = odd(c.lo.data.data()); },
       "mean_lo must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.f.statistics.rstd = odd(c.rstd.data.data()); },
       "rstd must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.f.statistics = {}; }, ""},
  });
}

TEST(Checks, ForwardOverlap) {
  const char* remedy = "give it its own memory, or x's own data and stride for in-place.";
  const std::string y_on_x = std::string("y must not overlap x: ") + remedy;
  const std::string y_on_weight = std::string("y must not overlap weight: ") + remedy;
  expect_forward({
      {[](Call& c) { c.f.y.data = c.x; }, ""},  // in place
      {[](Call& c) { c.f.y.data = c.x, c.f.y.stride = 9; }, y_on_x.c_str()},
      {[](Call& c) { c.f.y.data = &c.x.data[1]; }, y_on_x.c_str()},
      {[](Call& c) { c.f.y.data = c.x, c.f.y.stride = 9, c.f.x.rows = c.f.y.rows = 1; }, ""},
      {[](Call& c) { c.f.x.stride = c.f.y.stride = 16, c.f.y.data = &c.x.data[8]; }, ""},
      {[](Call& c) { c.f.weight.data = &c.y.data[20]; }, y_on_weight.c_str()},
      {[](Call& c) { c.f.statistics.mean_hi = &c.x.data[2]; },
       "mean_hi must not overlap x: give it its own memory."},
      {[](Call& c) { c.f.statistics.mean_lo = &c.bias.data[7]; },
       "mean_lo must not overlap bias: give it its own memory."},
      {[](Call& c) { c.f.statistics.rstd = &c.y.data[23]; },
       "rstd must not overlap y: give it its own memory."},
      {[](Call& c) { c.f.statistics.rstd = c.lo; },
       "rstd must not overlap mean_lo: give it its own memory."},
      {[](Call& c) { c.f.statistics.mean_lo = &c.hi.data[3]; }, ""},  // just after its 3 values
      {[](Call& c) { c.f.bias.data = c.weight; }, ""},                // inputs may be one
  });
}

TEST(Checks, Backward) {
  expect_backward({
      {[](Call& c) { c.b.dy.rows = -1; }, "dy must have rows >= 0 and cols >= 0 but is [-1, 8]."},
      {[](Call& c) { c.b.dy.data = nullptr; }, "dy must not be null."},
      {[](Call& c) { c.b.x.data = nullptr; }, "x must not be null."},
      {[](Call& c) { c.b.x.cols = 7; }, "x must have the shape of dy, [3, 8], but is [3, 7]."},
      {[](Call& c) { c.b.x.dtype = DType::kF16; },
       "x has dtype f16 where dy has f32: they must be the same, convert one of them.",
       StatusCode::kUnsupported},
      {[](Call& c) { c.b.dx.rows = 4; }, "dx must have the shape of dy, [3, 8], but is [4, 8]."},
      {[](Call& c) { c.b.dx.stride = 5; },
       "dx must have a stride of at least cols=8 elements but has 5: its rows would overwrite each "
       "other."},
      {[](Call& c) { c.b.weight.size = 1; }, "weight must have cols=8 elements but has 1."},
      {[](Call& c) { c.b.dweight.size = 1; }, "dweight must have cols=8 elements but has 1."},
      {[](Call& c) { c.b.dbias.size = 0; }, "dbias must have cols=8 elements but has 0."},
      {[](Call& c) { c.b.dbias.dtype = DType::kF64; },
       "dbias has dtype f64 where dy has f32: it must have that.",
       StatusCode::kUnsupported},
      {[](Call& c) { c.b.statistics.rstd = odd(c.rstd.data.data()); },
       "rstd must be aligned to its elements of 4 bytes but is not."},
  });
}

TEST(Checks, BackwardNeedsWhatTheGradientsNeed) {
  const auto missing = [](const char* name) {
    return std::string(name) +
           " is missing: the backward needs the statistics that the forward saved.";
  };
  const std::string hi = missing("mean_hi"), lo = missing("mean_lo"), rstd = missing("rstd");
  expect_backward({
      {[](Call& c) { c.b.statistics.mean_hi = nullptr; }, hi.c_str()},
      {[](Call& c) { c.b.statistics.mean_lo = nullptr; }, lo.c_str()},
      {[](Call& c) { c.b.statistics.rstd = nullptr; }, rstd.c_str()},
      {[](Call& c) { c.b.statistics.rstd = nullptr, c.b.dx.data = nullptr; }, rstd.c_str()},
      // dbias alone needs neither x nor statistics.
      {[](Call& c) { c.b.x = {}, c.b.statistics = {}, c.b.dx = {}, c.b.dweight = {}; }, ""},
      // No rows, no statistics.
      {[](Call& c) { c.b.statistics = {}, c.b.x.rows = c.b.dy.rows = c.b.dx.rows = 0; }, ""},
  });
  expect_backward({{[](Call& c) { c.b.statistics.mean_hi = nullptr; }, ""},
                   {[](Call& c) { c.b.statistics.mean_lo = nullptr; }, ""},
                   {[](Call& c) { c.b.statistics.rstd = nullptr; }, rstd.c_str()}},
                  NormKind::kRmsNorm);
  Call call;
  EXPECT_TRUE(needs_x(call.b));
  call.b.dx.data = nullptr;
  EXPECT_TRUE(needs_x(call.b));
  call.b.dweight.data = nullptr;
  EXPECT_FALSE(needs_x(call.b));
}

TEST(Checks, BackwardOverlap) {
  const char* own = "give it its own memory, or dy's own data and stride for in-place.";
  const std::string dx_on_x = std::string("dx must not overlap x: ") + own;
  const std::string dx_on_dy = std::string("dx must not overlap dy: ") + own;
  expect_backward({
      {[](Call& c) { c.b.dx.data = c.dy; }, ""},
      {[](Call& c) { c.b.dx.data = c.x; }, dx_on_x.c_str()},
      {[](Call& c) { c.b.dx.data = c.dy, c.b.dx.stride = 10; }, dx_on_dy.c_str()},
      {[](Call& c) { c.b.dx.data = c.dy, c.b.x.data = c.dy; }, dx_on_x.c_str()},
      {[](Call& c) { c.b.dweight.data = c.weight; },
       "dweight must not overlap weight: give it its own memory."},
      {[](Call& c) { c.b.dweight.data = &c.dx.data[23]; },
       "dweight must not overlap dx: give it its own memory."},
      {[](Call& c) { c.b.dbias.data = &c.dweight.data[7]; },
       "dbias must not overlap dweight: give it its own memory."},
      {[](Call& c) { c.b.dbias.data = &c.rstd.data[2]; },
       "dbias must not overlap rstd: give it its own memory."},
      {[](Call& c) { c.b.dbias.data = &c.dweight.data[8]; }, ""},
      {[](Call& c) { c.b.x.data = c.dy; }, ""},
  });
}

TEST(Checks, Workspace) {
  alignas(64) static char memory[4096];
  Call call;
  const auto message = [&](const void* workspace, size_t bytes, size_t needed) {
    return check_workspace(call.spec, call.b, workspace, bytes, needed).message();
  };
  EXPECT_EQ(message(memory, 128, 128), "");
  EXPECT_EQ(message(nullptr, 0, 0), "");
  EXPECT_EQ(message(memory, 127, 128),
            "[layer_norm_backward] workspace must have 128 bytes but has 127: ask "
            "norm_backward_workspace_size with the same executor.");
  EXPECT_EQ(message(nullptr, 128, 128),
            "[layer_norm_backward] workspace must have 128 bytes but has 0: ask "
            "norm_backward_workspace_size with the same executor.");
  EXPECT_EQ(message(memory + 32, 128, 128),
            "[layer_norm_backward] workspace must be aligned to 64 bytes but is not.");
  const auto overlaps = [](const char* name) {
    return std::string("[layer_norm_backward] workspace must not overlap ") + name +
           ": give it its own memory.";
  };
  call.b.dx.data = memory + 192;
  EXPECT_EQ(message(memory, 192, 128), "");
  EXPECT_EQ(message(memory, 193, 128), overlaps("dx")) << "all that is given may be written";
  EXPECT_NE(message(memory, SIZE_MAX, 128), "") << "as much as all memory, so anything is inside";
  call.b.dx.data = call.dx;
  float* const inside = reinterpret_cast<float*>(memory + 64);
  const std::pair<const char*, std::function<void(Call&)>> places[] = {
      {"x", [&](Call& c) { c.b.x.data = inside; }},
      {"dy", [&](Call& c) { c.b.dy.data = inside; }},
      {"weight", [&](Call& c) { c.b.weight.data = inside; }},
      {"mean_hi", [&](Call& c) { c.b.statistics.mean_hi = inside; }},
      {"mean_lo", [&](Call& c) { c.b.statistics.mean_lo = inside; }},
      {"rstd", [&](Call& c) { c.b.statistics.rstd = inside; }},
      {"dweight", [&](Call& c) { c.b.dweight.data = inside; }},
      {"dbias", [&](Call& c) { c.b.dbias.data = inside; }}};
  for (const auto& [name, place] : places) {
    Call other;
    place(other);
    EXPECT_EQ(check_workspace(other.spec, other.b, memory, 128, 128).message(), overlaps(name));
  }
}

// Sizes at the end of what can be counted are refused or accepted, never added up wrongly.
TEST(Checks, EmptyAndHugeShapes) {
  expect_forward({
      {[](Call& c) { c.f.x.rows = c.f.y.rows = 0; }, ""},
      {[](Call& c) {
         c.f.x.rows = c.f.y.rows = 0;
         c.f.x.data = c.f.y.data = nullptr;
       }, ""},
      {[](Call& c) {
         c.f.x.cols = c.f.y.cols = c.f.x.stride = c.f.y.stride = 0;
         c.f.weight = c.f.bias = {};
         c.f.x.rows = c.f.y.rows = kMost;
         c.f.x.data = c.f.y.data = nullptr;
         c.f.statistics = {};
       }, ""},
      {[](Call& c) { c.f.x.rows = c.f.y.rows = 0, c.f.x.cols = c.f.y.cols = kMost; },
       "x must end below 2^63 bytes but is [0, 9223372036854775807] with stride 8."},
  });
}

}  // namespace
}  // namespace norma::test
