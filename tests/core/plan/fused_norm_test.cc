// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What the fused norms accept and refuse, and the implementation that takes them.
#include "core/plan/fused_norm.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/cpu/fused_run.h"

namespace norma::test {
namespace {

// Right calls of every kind, to be broken.
struct Call {
  NormSpec spec{NormKind::kRmsNorm};
  int64_t rows = 40, cols = 6;
  std::vector<float> x = normal_values(240, 1), dy = normal_values(240, 2),
                     gate = normal_values(240, 3), weight = normal_values(6, 4),
                     bias = normal_values(6, 5), y = x, dx = x, dgate = x, dweight = weight,
                     dbias = weight, rstd = std::vector<float>(40), cos = normal_values(60, 6),
                     sin = normal_values(60, 7), scale = rstd;
  std::vector<int64_t> positions{0, 19, 5};
  std::vector<uint8_t> q = std::vector<uint8_t>(240);
  std::vector<NormCase::Line> workspace = std::vector<NormCase::Line>(256);

  RowsView view(std::vector<float>& v) const { return {v.data(), DType::kF32, rows, cols, cols}; }
  VectorView vector(std::vector<float>& v) const { return {v.data(), DType::kF32, cols}; }
  static ConstVectorView read_only(const VectorView& v) { return {v.data, v.dtype, v.size}; }
  NormForward norm() {
    return {view(x), read_only(vector(weight)), read_only(vector(bias)), view(y),
            {nullptr, nullptr, rstd.data()}};
  }
  NormBackward norm_backward() {
    return {view(x), view(dy), read_only(vector(weight)), {nullptr, nullptr, rstd.data()},
            view(dx), vector(dweight), vector(dbias)};
  }
  Rope rope() const {
    return {{cos.data(), DType::kF32, 20, 3, 3}, {sin.data(), DType::kF32, 20, 3, 3},
            positions.data(), 3, 4};
  }
  GatedForward gated() { return {norm(), view(gate)}; }
  GatedBackward gated_backward() {
    return {norm_backward(), read_only(vector(bias)), view(gate), view(dgate)};
  }
  RopeForward roped() { return {norm(), rope()}; }
  RopeBackward roped_backward() { return {norm_backward(), rope()}; }
  QuantizedForward quantized() {
    QuantizedForward args{norm(), q.data(), cols, scale.data()};
    args.norm.y = {};
    return args;
  }
  void* memory() { return workspace.data(); }
  size_t bytes() const { return 64 * workspace.size(); }
  Status run(const GatedForward& a) { return gated_norm_forward(spec, a, serial_executor()); }
  Status run(const RopeForward& a) { return rope_norm_forward(spec, a, serial_executor()); }
  Status run(const GatedBackward& a) {
    return gated_norm_backward(spec, a, memory(), bytes(), serial_executor());
  }
  Status run(const RopeBackward& a) {
    return rope_norm_backward(spec, a, memory(), bytes(), serial_executor());
  }
  Status run(const QuantizedForward& a) {
    return quantized_norm_forward(spec, a, memory(), bytes(), serial_executor());
  }
  // Of args that are broken first.
  template <typename Args, typename Break>
  std::string refusal(Args args, const Break& broken) {
    broken(args);
    return run(args).message();
  }
};

// The stride of no row, or of a single one, leads nowhere.
TEST(FusedNorm, NoRowOrOneMayHaveAnyStride) {
  for (const int64_t rows : {0, 1}) {
    for (const int64_t stride : {rows == 0 ? INT64_MIN : -9, int64_t{0}, int64_t{-1}}) {
      SCOPED_TRACE(stride);
      Call call, usual;
      call.rows = usual.rows = rows;
      const auto far = [stride](NormForward* norm) { norm->x.stride = norm->y.stride = stride; };
      GatedForward gated = call.gated();
      far(&gated.norm);
      gated.gate.stride = stride;
      EXPECT_TRUE(call.run(gated).ok()) << call.run(gated).message();
      EXPECT_TRUE(usual.run(usual.gated()).ok());
      EXPECT_EQ(call.y, usual.y);
      RopeForward roped = call.roped();
      far(&roped.norm);
      EXPECT_TRUE(call.run(roped).ok()) << call.run(roped).message();
      EXPECT_TRUE(usual.run(usual.roped()).ok());
      EXPECT_EQ(call.y, usual.y);
    }
  }
}

TEST(FusedPlan, TakesWhatIsRight) {
  Call c;
  EXPECT_EQ(c.run(c.gated()).message(), "");
  EXPECT_EQ(c.run(c.gated_backward()).message(), "");
  EXPECT_EQ(c.run(c.roped()).message(), "");
  EXPECT_EQ(c.run(c.roped_backward()).message(), "");
  EXPECT_EQ(c.run(c.quantized()).message(), "");
  EXPECT_EQ(c.refusal(c.gated(), [&](auto& a) { a.norm.y = c.view(c.x); }), "");
  EXPECT_EQ(c.refusal(c.gated_backward(), [&](auto& a) { a.norm.dx = c.view(c.dy); }), "");
  EXPECT_EQ(c.refusal(c.gated_backward(), [](auto& a) { a.dgate = {}; }), "");
  // No positions: there is a row of the tables for each group of two.
  EXPECT_EQ(c.refusal(c.roped(),
                      [](auto& a) { a.rope.positions = nullptr, a.rope.rows_per_position = 2; }),
            "");
}

TEST(FusedPlan, TheNormsOwnRulesAreKept) {
  Call c;
  EXPECT_EQ(c.refusal(c.gated(), [](auto& a) { a.norm.weight.size = 5; }),
            "[rms_norm] weight must have cols=6 elements but has 5.");
  EXPECT_EQ(c.refusal(c.roped_backward(), [](auto& a) { a.norm.statistics.rstd = nullptr; }),
            "[rms_norm_backward] rstd is missing: the backward needs the statistics that the "
            "forward saved.");
  EXPECT_EQ(c.refusal(c.quantized(), [](auto& a) { a.norm.x.rows = -1; }),
            "[rms_norm] x must have rows >= 0 and cols >= 0 but is [-1, 6].");
  EXPECT_EQ(c.refusal(c.quantized(), [&](auto& a) { a.norm.y = c.view(c.y); }),
            "[rms_norm] y must be absent: it is not stored.");
}

TEST(FusedPlan, GateRefusals) {
  Call c;
  EXPECT_EQ(c.refusal(c.gated(), [](auto& a) { a.gate.data = nullptr; }),
            "[gated_norm] gate must not be null.");
  EXPECT_EQ(c.refusal(c.gated(), [](auto& a) { a.gate.cols = 5; }),
            "[gated_norm] gate must have the shape of x, [40, 6], but is [40, 5].");
  EXPECT_EQ(c.refusal(c.gated(), [](auto& a) { a.gate.dtype = DType::kBF16; }),
            "[gated_norm] gate has dtype bf16 where x has f32: they must be the same, convert one "
            "of them.");
  EXPECT_EQ(c.refusal(c.gated(), [&](auto& a) { a.gate.data = c.y.data(); }),
            "[gated_norm] y must not overlap gate: give it its own memory.");
  EXPECT_EQ(c.refusal(c.gated(), [&](auto& a) { a.gate.data = c.rstd.data(), a.gate.stride = 0; }),
            "[gated_norm] rstd must not overlap gate: give it its own memory.");
  EXPECT_EQ(c.refusal(c.gated_backward(), [](auto& a) { a.norm.dx = {}; }),
            "[gated_norm_backward] dx is missing: the gradient of the norm's output is kept "
            "there.");
  EXPECT_EQ(c.refusal(c.gated_backward(), [](auto& a) { a.bias.size = 7; }),
            "[gated_norm_backward] bias must have cols=6 elements but has 7.");
  for (auto* memory : {&c.dy, &c.x, &c.gate, &c.dx}) {
    const std::string why =
        c.refusal(c.gated_backward(), [&](auto& a) { a.dgate.data = memory->data(); });
    EXPECT_NE(why.find("must not overlap"), std::string::npos) << why;
  }
}

TEST(FusedPlan, RopeRefusals) {
  Call c;
  EXPECT_EQ(c.refusal(c.roped(), [](auto& a) { a.rope.pairs = static_cast<RopePairs>(2); }),
            "[rope_norm] pairs must be 0 (halves) or 1 (interleaved) but is 2.");
  EXPECT_EQ(c.refusal(c.roped(), [](auto& a) { a.rope.sin.cols = 2; }),
            "[rope_norm] sin must have the shape of cos, [20, 3], but is [20, 2].");
  EXPECT_EQ(c.refusal(c.roped(), [](auto& a) { a.rope.cos.cols = a.rope.sin.cols = 4; }),
            "[rope_norm] cos must have at most half of the cols=6 but has 4.");
  EXPECT_EQ(c.refusal(c.roped(),
                      [](auto& a) { a.rope.cos.dtype = a.rope.sin.dtype = DType::kBF16; }),
            "[rope_norm] cos has dtype bf16 where x has f32: it must have f32.");
  EXPECT_EQ(c.refusal(c.roped(), [](auto& a) { a.rope.rows_per_position = 0; }),
            "[rope_norm] rows_per_position must be at least 1 but is 0.");
  EXPECT_EQ(c.refusal(c.roped(), [](auto& a) { a.rope.position_count = 0; }),
            "[rope_norm] position_count must be between 1 and 2^56 but is 0.");
  c.positions[1] = 20;
  EXPECT_EQ(c.run(c.roped()).message(),
            "[rope_norm] positions must be rows of cos and sin, 0 .. 19, but position 1 is 20.");
  c.positions[1] = -1;
  EXPECT_EQ(c.run(c.roped_backward()).message(),
            "[rope_norm_backward] positions must be rows of cos and sin, 0 .. 19, but position 1 "
            "is -1.");
  EXPECT_EQ(c.refusal(c.roped(),
                      [](auto& a) { a.rope.positions = nullptr, a.rope.rows_per_position = 1; }),
            "[rope_norm] cos and sin must have a row for each of 40 positions but have 20: give "
            "them more rows, or positions.");
  c.positions[1] = 0;
  EXPECT_EQ(c.refusal(c.roped(), [&](auto& a) { a.rope.cos.data = c.y.data(); }),
            "[rope_norm] y must not overlap cos: give it its own memory.");
  EXPECT_EQ(c.refusal(c.roped(),
                      [&](auto& a) { a.norm.y.data = c.positions.data(), a.norm.y.rows = 1; }),
            "[rms_norm] y must have the shape of x, [40, 6], but is [1, 6].");
}

TEST(FusedPlan, QuantRefusals) {
  Call c;
  EXPECT_EQ(c.refusal(c.quantized(), [](auto& a) { a.format = static_cast<QuantFormat>(9); }),
            "[quantized_norm] format must be 0 (int8) or 1 (e4m3) but is 9.");
  EXPECT_EQ(c.refusal(c.quantized(), [](auto& a) { a.q = nullptr; }),
            "[quantized_norm] q must not be null.");
  EXPECT_EQ(c.refusal(c.quantized(), [](auto& a) { a.scale = nullptr; }),
            "[quantized_norm] scale must not be null.");
  EXPECT_EQ(c.refusal(c.quantized(), [](auto& a) { a.q_stride = 5; }),
            "[quantized_norm] q must have a stride of at least cols=6 bytes but has 5: its rows "
            "would overwrite each other.");
  EXPECT_EQ(c.refusal(c.quantized(), [](auto& a) { a.q_stride = INT64_MAX; }),
            "[quantized_norm] q must end below 2^63 bytes but is [40, 6] with stride "
            "9223372036854775807.");
  EXPECT_EQ(c.refusal(c.quantized(), [&](auto& a) { a.q = c.x.data(); }),
            "[quantized_norm] q must not overlap x: give it its own memory.");
  EXPECT_EQ(c.refusal(c.quantized(), [&](auto& a) { a.scale = c.rstd.data() + 39; }),
            "[quantized_norm] scale must not overlap rstd: give it its own memory.");
}

TEST(FusedPlan, Workspaces) {
  Call c;
  size_t bytes = 0;
  const GatedBackward b = c.gated_backward();
  ASSERT_TRUE(gated_norm_backward_workspace_size(c.spec, b, serial_executor(), &bytes).ok());
  ASSERT_GT(bytes, 0u);
  const auto run = [&](void* workspace, size_t size) {
    return gated_norm_backward(c.spec, b, workspace, size, serial_executor()).message();
  };
  EXPECT_EQ(run(c.memory(), bytes), "");
  EXPECT_EQ(run(nullptr, bytes),
            "[gated_norm_backward] workspace must have " + std::to_string(bytes) +
                " bytes but has 0: ask gated_norm_backward_workspace_size with the same executor.");
  const QuantizedForward q = c.quantized();
  ASSERT_TRUE(quantized_norm_forward_workspace_size(c.spec, q, serial_executor(), &bytes).ok());
  EXPECT_EQ(bytes, 960u);  // 40 rows of 6 f32
  EXPECT_EQ(quantized_norm_forward(c.spec, q, c.memory(), 959, serial_executor()).message(),
            "[quantized_norm] workspace must have 960 bytes but has 959: ask "
            "quantized_norm_forward_workspace_size with the same executor.");
  QuantizedForward inside = q;
  inside.q = c.memory();
  EXPECT_EQ(quantized_norm_forward(c.spec, inside, c.memory(), bytes, serial_executor()).message(),
            "[quantized_norm] workspace must not overlap q: give it its own memory.");
  inside = q;
  inside.norm.x.data = c.memory();
  EXPECT_EQ(quantized_norm_forward(c.spec, inside, c.memory(), bytes, serial_executor()).message(),
            "[quantized_norm] workspace must not overlap x: give it its own memory.");
}

TEST(FusedPlan, NothingThere) {
  Call c;
  GatedBackward b = c.gated_backward();
  b.norm.x.rows = b.norm.dy.rows = b.gate.rows = 0;
  b.norm.dx = {}, b.dgate = {};
  c.dweight[0] = c.dbias[0] = 9;
  EXPECT_EQ(c.run(b).message(), "");
  EXPECT_TRUE(c.dweight[0] == 0 && c.dbias[0] == 0);
  QuantizedForward q = c.quantized();
  q.norm.x.cols = q.norm.weight.size = q.norm.bias.size = 0;
  q.q = nullptr;
  EXPECT_EQ(c.run(q).message(), "");
  EXPECT_EQ(c.scale[39], 0x1p-126f);
  // Rows without columns cost no time.
  RopeForward f = c.roped();
  f.norm.x.cols = f.norm.y.cols = f.norm.weight.size = f.norm.bias.size = 0;
  f.norm.x.rows = f.norm.y.rows = int64_t{1} << 60;
  f.norm.x.stride = f.norm.y.stride = 0;
  f.norm.statistics = {};
  f.rope.cos.cols = f.rope.sin.cols = 0;
  EXPECT_EQ(c.run(f).message(), "");
}

// The checked call is the kernels' call: bits of the specification. f64 takes that itself.
TEST(FusedPlan, HasTheSpecifiedBits) {
  const FusedNorm p =
      fused_norm(normal_problem({NormKind::kRmsNorm, 1e-5}, 40, 6), Fused::kGate);
  const FusedNormResults want = in_parts(p);
  Call c;
  c.x = p.norm.x, c.dy = p.norm.dy, c.gate = p.gate;
  c.weight = p.norm.weight, c.bias = p.norm.bias;
  ASSERT_TRUE(c.run(c.gated()).ok() && c.run(c.gated_backward()).ok());
  Results got;
  got.y = c.y, got.dx = c.dx, got.dweight = c.dweight, got.dbias = c.dbias, got.rstd = c.rstd;
  EXPECT_TRUE(same_results({got, c.dgate, {}, {}}, want));
}

}  // namespace
}  // namespace norma::test
