// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// fused_norms.hpp: that each call reaches the library, and what a span knows and a pointer does
// not.
#include "norma/fused_norms.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace {

using norma::abi::Status;

// x is as long as its root of mean squares, so that eps = 0 gives y = x.
const std::vector<float> x = {1, -1, -1, 1};

TEST(FusedNormsHpp, Gate) {
  const std::vector<float> gate = {0, 100, 0, 100};
  std::vector<float> y(4), rstd(1), dx(4), dgate(4);
  norma::abi::GatedForward f{
      .norm = {.x = {x, 1, 4}, .eps = 0, .y = {y, 1, 4}, .rstd = rstd}, .gate = {gate, 1, 4}};
  ASSERT_TRUE(norma::abi::gated_norm_forward(f).ok());
  EXPECT_EQ(y, (std::vector<float>{0, -100, -0.0f, 100}));
  norma::abi::GatedBackward b{
      .norm = {.x = {x, 1, 4}, .dy = {x, 1, 4}, .rstd = rstd, .dx = {dx, 1, 4}, .eps = 0},
      .gate = {gate, 1, 4},
      .dgate = {dgate, 1, 4}};
  std::size_t bytes = 1;
  ASSERT_TRUE(norma::abi::gated_norm_backward_workspace_size(b, &bytes).ok());
  ASSERT_EQ(bytes, 0u);
  ASSERT_TRUE(norma::abi::gated_norm_backward(b, {}).ok());
  EXPECT_EQ(dgate, (std::vector<float>{0.5f, 1, 0.5f, 1}));
  f.gate = {gate, 2, 4};
  EXPECT_EQ(norma::abi::gated_norm_forward(f).message(),
            "[gated_norm] gate must hold rows=2 of cols=4 at stride=4 but has 4 elements.");
}

TEST(FusedNormsHpp, Rope) {
  const std::vector<float> cos = {1, 0}, sin = {0, 1};
  const std::array<std::int64_t, 1> positions = {1};
  std::vector<float> y(4), rstd(1), dx(4);
  const norma::abi::Rope rope{.cos = {cos, 2, 1}, .sin = {sin, 2, 1}, .positions = positions};
  norma::abi::RopeForward f{
      .norm = {.x = {x, 1, 4}, .eps = 0, .y = {y, 1, 4}, .rstd = rstd}, .rope = rope};
  ASSERT_TRUE(norma::abi::rope_norm_forward(f).ok());
  EXPECT_EQ(y, (std::vector<float>{1, 1, -1, 1}));
  const norma::abi::RopeBackward b{
      .norm = {.x = {x, 1, 4}, .dy = {y, 1, 4}, .rstd = rstd, .dx = {dx, 1, 4}}, .rope = rope};
  std::size_t bytes = 1;
  ASSERT_TRUE(norma::abi::rope_norm_backward_workspace_size(b, &bytes).ok());
  ASSERT_TRUE(norma::abi::rope_norm_backward(b, {}).ok());
  EXPECT_EQ(dx, (std::vector<float>{0, 0, 0, 0}));  // along x, which the norm takes out
  f.rope.sin = {sin, 3, 1};
  EXPECT_EQ(norma::abi::rope_norm_forward(f).message(),
            "[rope_norm] sin must hold rows=3 of cols=1 at stride=1 but has 2 elements.");
}

TEST(FusedNormsHpp, Quantized) {
  std::vector<std::uint8_t> q(4);
  std::vector<float> scale(1);
  norma::abi::QuantizedForward f{.norm = {.x = {x, 1, 4}, .eps = 0}, .q = q, .scale = scale};
  alignas(64) std::byte workspace[64];
  std::size_t bytes = 0;
  ASSERT_TRUE(norma::abi::quantized_norm_forward_workspace_size(f, &bytes).ok());
  ASSERT_EQ(bytes, 64u);
  ASSERT_TRUE(norma::abi::quantized_norm_forward(f, workspace).ok());
  EXPECT_EQ(q, (std::vector<std::uint8_t>{127, 129, 129, 127}));
  EXPECT_EQ(scale[0], 1.0f / 127);
  f.scale = {};
  EXPECT_EQ(norma::abi::quantized_norm_forward(f, workspace).message(),
            "[quantized_norm] scale must have rows=1 elements but has 0.");
  f.scale = scale;
  f.q = std::span(q).first(3);
  EXPECT_EQ(norma::abi::quantized_norm_forward(f, workspace).message(),
            "[quantized_norm] q must hold rows=1 of cols=4 at stride=4 but has 3 elements.");
}

}  // namespace
