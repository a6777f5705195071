// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// The door to GroupNorm: a right call, one change for each rule with its message, and what runs.
#include "core/plan/channel_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/cpu/cost.h"
#include "tests/core/group_problem.h"
#include "tests/core/norm_case.h"

namespace norma::test {
namespace {

constexpr int64_t kSamples = 2, kChannels = 6, kPositions = 4, kGroups = 3;
constexpr int64_t kSize = kSamples * kChannels * kPositions, kRows = kSamples * kGroups;

template <typename T>
T* odd(T* p) {  // one byte off its alignment
  return reinterpret_cast<T*>(reinterpret_cast<char*>(p) + 1);
}

// A right call with room after every argument.
struct Call {
  std::vector<float> x = std::vector<float>(2 * kSize, 1), y = x, dy = x, dx = x;
  std::vector<float> weight = std::vector<float>(2 * kChannels), bias = weight, dweight = weight;
  std::vector<float> dbias = weight, hi = std::vector<float>(2 * kRows), lo = hi, rstd = hi;
  std::vector<NormCase::Line> workspace = std::vector<NormCase::Line>(256);
  void* memory = workspace.data();
  size_t bytes = sizeof(NormCase::Line) * 256;
  GroupNormSpec spec{kGroups, 1e-5};
  GroupNormForward f{images(x),
                     {weight.data(), DType::kF32, kChannels},
                     {bias.data(), DType::kF32, kChannels},
                     images(y),
                     {hi.data(), lo.data(), rstd.data()}};
  GroupNormBackward b{images(x),
                      images(dy),
                      {weight.data(), DType::kF32, kChannels},
                      {hi.data(), lo.data(), rstd.data()},
                      images(dx),
                      {dweight.data(), DType::kF32, kChannels},
                      {dbias.data(), DType::kF32, kChannels}};

  static ImagesView images(std::vector<float>& data) {
    return {data.data(), DType::kF32, Layout::kNhwc, kSamples, kChannels, kPositions};
  }
  Status forward() { return group_norm_forward(spec, f, memory, bytes, serial_executor()); }
  Status backward() { return group_norm_backward(spec, b, memory, bytes, serial_executor()); }
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
    expect_rule(rule, call.forward(), "[group_norm] ");
  }
}

void expect_backward(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    Call call;
    rule.broken(call);
    expect_rule(rule, call.backward(), "[group_norm_backward] ");
  }
}

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TEST(GroupNormChecks, Spec) {
  expect_forward({
      {[](Call&) {}, ""},
      {[](Call& c) { c.spec.eps = -1; }, "eps must be finite and >= 0 but is -1."},
      {[](Call& c) { c.spec.eps = std::nan(""); }, "eps must be finite and >= 0 but is nan."},
      {[](Call& c) { c.spec.eps = HUGE_VAL; }, "eps must be finite and >= 0 but is inf."},
      {[](Call& c) { c.spec.groups = 4; }, "groups must be >= 1 and divide channels=6 but is 4."},
      {[](Call& c) { c.spec.groups = 0; }, "groups must be >= 1 and divide channels=6 but is 0."},
      {[](Call& c) { c.spec.groups = -3; }, "groups must be >= 1 and divide channels=6 but is -3."},
      {[](Call& c) { c.spec.groups = 12; }, "groups must be >= 1 and divide channels=6 but is 12."},
      {[](Call& c) { c.spec.groups = 6; }, ""},
  });
}

TEST(GroupNormChecks, Images) {
  expect_forward({
      {[](Call& c) { c.f.x.dtype = static_cast<DType>(7); },
       "x must have dtype 0 (f32), 1 (bf16), 2 (f16) or 3 (f64) but has 7."},
      {[](Call& c) { c.f.x.layout = static_cast<Layout>(2); },
       "x must have layout 0 (nchw) or 1 (nhwc) but has 2."},
      {[](Call& c) { c.f.y.positions = -1; },
       "y must have samples >= 0, channels >= 0 and positions >= 0 but is [2, 6, -1]."},
      {[](Call& c) { c.f.x.samples = kMost / 8; },
       "x must end below 2^63 bytes but is [1152921504606846975, 6, 4]."},
      {[](Call& c) { c.f.x.samples = kMost / 2, c.f.x.positions = 0; },
       "x must end below 2^63 bytes but is [4611686018427387903, 6, 0]."},
      {[](Call& c) { c.f.x.data = nullptr; }, "x must not be null."},
      {[](Call& c) { c.f.y.data = odd(c.y.data()); },
       "y must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.f.y.samples = 1; },
       "y must have the shape of x, [2, 6, 4], but is [1, 6, 4]."},
      {[](Call& c) { c.f.y.layout = Layout::kNchw; },
       "y must have the layout of x, nhwc, but has nchw."},
      {[](Call& c) { c.f.y.dtype = DType::kF64; },
       "y has dtype f64 where x has f32: they must be the same, convert one of them.",
       StatusCode::kUnsupported},
      {[](Call& c) { c.f.y.dtype = DType::kF16; },
       "y has dtype f16 where x has f32: they must be the same, convert one of them.",
       StatusCode::kUnsupported},
  });
}

TEST(GroupNormChecks, ParametersStatisticsAndWorkspace) {
  expect_forward({
      {[](Call& c) { c.f.weight.size = 5; }, "weight must have channels=6 elements but has 5."},
      {[](Call& c) { c.f.bias.size = 7; }, "bias must have channels=6 elements but has 7."},
      {[](Call& c) { c.f.weight.data = nullptr; }, ""},
      {[](Call& c) { c.f.statistics = {}; }, ""},
      {[](Call& c) { c.f.statistics.rstd = odd(c.rstd.data()); },
       "rstd must be aligned to its elements of 4 bytes but is not."},
      {[](Call& c) { c.memory = odd(c.workspace.data()); },
       "workspace must be aligned to 64 bytes but is not."},
      {[](Call& c) { c.memory = nullptr; },
       "workspace must have 448 bytes but has 0: ask group_norm_forward_workspace_size with the "
       "same executor."},
      {[](Call& c) { c.bytes = 447; },
       "workspace must have 448 bytes but has 447: ask group_norm_forward_workspace_size with the "
       "same executor."},
      {[](Call& c) { c.f.statistics.mean_hi = reinterpret_cast<float*>(c.workspace.data() + 255); },
       "workspace must not overlap mean_hi: give it its own memory."},
      {[](Call& c) { c.f.x.layout = c.f.y.layout = Layout::kNchw, c.memory = nullptr; }, ""},
  });
}

TEST(GroupNormChecks, Overlap) {
  expect_forward({
      {[](Call& c) { c.f.y.data = c.x.data(); }, ""},
      {[](Call& c) { c.f.y.data = c.x.data() + 1; },
       "y must not overlap x: give it its own memory, or x's own data for in-place."},
      {[](Call& c) { c.f.y.data = c.x.data() + kSize; }, ""},
      {[](Call& c) { c.f.statistics.rstd = c.hi.data() + kRows - 1; },
       "rstd must not overlap mean_hi: give it its own memory."},
      {[](Call& c) { c.f.statistics.mean_hi = c.bias.data(); },
       "mean_hi must not overlap bias: give it its own memory."},
  });
  expect_backward({
      {[](Call& c) { c.b.dx.data = c.dy.data(); }, ""},
      {[](Call& c) { c.b.dx.data = c.dy.data() + 1; },
       "dx must not overlap dy: give it its own memory, or dy's own data for in-place."},
      {[](Call& c) { c.b.dx.data = c.x.data(); },
       "dx must not overlap x: give it its own memory, or dy's own data for in-place."},
      {[](Call& c) { c.b.dbias.data = c.dweight.data() + 5; },
       "dbias must not overlap dweight: give it its own memory."},
      {[](Call& c) { c.b.dweight.data = c.weight.data(); },
       "dweight must not overlap weight: give it its own memory."},
  });
}

TEST(GroupNormChecks, Backward) {
  expect_backward({
      {[](Call&) {}, ""},
      {[](Call& c) { c.spec.groups = 5; }, "groups must be >= 1 and divide channels=6 but is 5."},
      {[](Call& c) { c.b.statistics.mean_lo = nullptr; },
       "mean_lo is missing: the backward needs the statistics that the forward saved."},
      {[](Call& c) { c.b.x.positions = 3; },
       "x must have the shape of dy, [2, 6, 4], but is [2, 6, 3]."},
      {[](Call& c) { c.b.dweight.size = 3; }, "dweight must have channels=6 elements but has 3."},
      {[](Call& c) { c.b.dbias.size = 3; }, "dbias must have channels=6 elements but has 3."},
      // dbias alone needs neither x nor its statistics.
      {[](Call& c) {
         c.b.dx.data = c.b.dweight.data = nullptr;
         c.b.x = {};
         c.b.statistics = {};
       },
       ""},
      {[](Call& c) { c.bytes = 64; },
       "workspace must have 896 bytes but has 64: ask group_norm_backward_workspace_size with the "
       "same executor."},
  });
}

// Of 16-bit images weight and bias have the same type or are f32, and so is each gradient; of f32
// and f64 images, they have theirs.
TEST(GroupNormChecks, Types) {
  const auto images_of = [](Call& c, DType dtype) {
    c.f.x.dtype = c.f.y.dtype = c.b.x.dtype = c.b.dy.dtype = c.b.dx.dtype = dtype;
  };
  expect_forward({
      {[=](Call& c) { images_of(c, DType::kBF16); }, ""},
      {[=](Call& c) { images_of(c, DType::kF16), c.f.bias.dtype = DType::kF16; },
       "bias has dtype f16 where weight has f32: they must be the same, convert one of them.",
       StatusCode::kUnsupported},
      {[=](Call& c) {
         images_of(c, DType::kF16), c.f.bias.dtype = DType::kF16, c.f.weight.data = nullptr;
       },
       ""},
      {[=](Call& c) { images_of(c, DType::kBF16), c.f.weight.dtype = DType::kF16; },
       "weight has dtype f16 where x has bf16: it must have that, or f32.",
       StatusCode::kUnsupported},
      {[](Call& c) { c.f.bias.dtype = DType::kBF16; },
       "bias has dtype bf16 where x has f32: it must have that.", StatusCode::kUnsupported},
      {[=](Call& c) { images_of(c, DType::kF64); },
       "weight has dtype f32 where x has f64: it must have that.", StatusCode::kUnsupported},
      // Statistics are f32 and as long as ever.
      {[=](Call& c) { images_of(c, DType::kBF16), c.f.statistics.rstd = c.hi.data() + kRows - 1; },
       "rstd must not overlap mean_hi: give it its own memory."},
      {[=](Call& c) {
         images_of(c, DType::kBF16);
         c.f.statistics.rstd = reinterpret_cast<char*>(c.rstd.data()) + 2;
       },
       "rstd must be aligned to its elements of 4 bytes but is not."},
      // Parameters that are widened need memory, in NCHW too: 6 of 4 bytes, each in a cache line.
      {[=](Call& c) {
         images_of(c, DType::kBF16);
         c.f.weight.dtype = c.f.bias.dtype = DType::kBF16;
         c.f.x.layout = c.f.y.layout = Layout::kNchw, c.memory = nullptr;
       },
       "workspace must have 128 bytes but has 0: ask group_norm_forward_workspace_size with the "
       "same executor."},
  });
  expect_backward({
      {[=](Call& c) { images_of(c, DType::kF16); }, ""},
      {[=](Call& c) { images_of(c, DType::kF16), c.b.dweight.dtype = DType::kF16; }, ""},
      {[=](Call& c) { images_of(c, DType::kF16), c.b.dbias.dtype = DType::kBF16; },
       "dbias has dtype bf16 where dy has f16: it must have that, or f32.",
       StatusCode::kUnsupported},
  });
}

// What a refused call leaves: nothing is touched.
TEST(GroupNormChecks, ARefusedCallWritesNothing) {
  Call call;
  call.y.assign(call.y.size(), 42);
  call.f.bias.size = 1;
  EXPECT_FALSE(call.forward().ok());
  EXPECT_EQ(call.y, std::vector<float>(2 * kSize, 42));
}

TEST(GroupNormPlan, F64RunsTheSpecificationAndNeedsNoWorkspace) {
  GroupProblemOf<double> p{{2, 1e-5}, Layout::kNhwc, 3, 4, 5, {}, {}, {}, {}};
  for (int i = 0; i < 60; ++i) {
    p.x.push_back(std::sin(i));
    p.dy.push_back(std::cos(i));
  }
  const GroupResultsOf<double> want = specified(p);
  GroupResultsOf<double> got = want;
  got.y.assign(60, 0);
  got.dx.assign(60, 0);
  const GroupNormForward f{p.view(p.x.data()),
                           {},
                           {},
                           p.view(got.y.data()),
                           {got.mean_hi.data(), got.mean_lo.data(), got.rstd.data()}};
  const GroupNormBackward b{f.x,
                            p.view(p.dy.data()),
                            {},
                            {got.mean_hi.data(), got.mean_lo.data(), got.rstd.data()},
                            p.view(got.dx.data()),
                            {},
                            {}};
  size_t bytes = 1;
  ASSERT_TRUE(group_norm_forward_workspace_size(p.spec, f, serial_executor(), &bytes).ok());
  EXPECT_EQ(bytes, 0u);
  ASSERT_TRUE(group_norm_forward(p.spec, f, nullptr, 0, serial_executor()).ok());
  ASSERT_TRUE(group_norm_backward_workspace_size(p.spec, b, serial_executor(), &bytes).ok());
  EXPECT_EQ(bytes, 0u);
  ASSERT_TRUE(group_norm_backward(p.spec, b, nullptr, 0, serial_executor()).ok());
  EXPECT_TRUE(same_results(got, want));
}

TEST(GroupNormPlan, WithoutElements) {
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    std::vector<float> hi(6, 9), rstd(6, 9), dweight(6, 9), dbias(6, 9);
    const ImagesView none{nullptr, DType::kF32, layout, 2, 6, 0};
    ASSERT_TRUE(group_norm_forward({3}, {none, {}, {}, none, {hi.data(), nullptr, rstd.data()}},
                                   nullptr, 0, serial_executor())
                    .ok());
    EXPECT_EQ(hi, std::vector<float>(6, 0));
    for (const float v : rstd) EXPECT_TRUE(std::isnan(v));
    ASSERT_TRUE(group_norm_backward({3},
                                    {none,
                                     none,
                                     {},
                                     {},
                                     {},
                                     {dweight.data(), DType::kF32, 6},
                                     {dbias.data(), DType::kF32, 6}},
                                    nullptr, 0, serial_executor())
                    .ok());
    EXPECT_EQ(dweight, std::vector<float>(6, 0));
    EXPECT_EQ(dbias, std::vector<float>(6, 0));
  }
}

// No thread is woken for little work.
TEST(GroupNormPlan, SmallCallsStayOnTheirThread) {
  static int calls;
  calls = 0;
  const Executor counting{[](void*, int64_t count, int64_t, Executor::Body body, void* context) {
                            ++calls;
                            body(context, 0, count);
                          },
                          [](void*) { return 8; }, nullptr};
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    Call call;
    call.f.x.layout = call.f.y.layout = layout;
    ASSERT_TRUE(group_norm_forward(call.spec, call.f, call.memory, call.bytes, counting).ok());
    ASSERT_TRUE(group_norm_backward(call.spec, call.b, call.memory, call.bytes, counting).ok());
  }
  EXPECT_EQ(calls, 0);
  cpu::force_grain(1);
  Call call;
  call.f.x.layout = call.f.y.layout = Layout::kNchw;
  ASSERT_TRUE(group_norm_forward(call.spec, call.f, nullptr, 0, counting).ok());
  cpu::force_grain(0);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace norma::test
