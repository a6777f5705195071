// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// norma.hpp beside the internal vocabulary it must not clash with.
#include "norma/norma.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/rows_view.h"
#include "base/status.h"

namespace {

using norma::abi::Backward;
using norma::abi::Forward;
using norma::abi::Status;

// Mean 3, variance 1 in each row; with eps 3 the root is 2.
const std::vector<float> kX = {2, 4, 2, 4, 4, 4, 2, 2};

TEST(NormaHpp, LayerNormForwardAndBackward) {
  std::vector<float> y(8), hi(2), lo(2), rstd(2), dx(8);
  const std::vector<float> weight = {1, 2, 3, 4}, bias(4, 1.0f);
  Status status = norma::abi::layer_norm_forward({.x = {kX, 2, 4},
                                                  .weight = weight,
                                                  .bias = bias,
                                                  .eps = 3,
                                                  .y = {y, 2, 4},
                                                  .mean_hi = hi,
                                                  .mean_lo = lo,
                                                  .rstd = rstd});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(y, (std::vector<float>{0.5f, 2, -0.5f, 3, 1.5f, 2, -0.5f, -1}));
  EXPECT_EQ(hi, std::vector<float>(2, 3.0f));
  EXPECT_EQ(rstd, std::vector<float>(2, 0.5f));

  // dy is constant, so nothing reaches x.
  const std::vector<float> dy(8, 1.0f);
  std::array<float, 4> dweight, dbias;
  const Backward backward{.x = {kX, 2, 4},
                          .dy = {dy, 2, 4},
                          .mean_hi = hi,
                          .mean_lo = lo,
                          .rstd = rstd,
                          .dx = {dx, 2, 4},
                          .dweight = dweight,
                          .dbias = dbias};
  std::size_t bytes = 0;
  status = norma::abi::layer_norm_backward_workspace_size(backward, &bytes);
  ASSERT_TRUE(status.ok()) << status.message();
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> workspace(bytes / 64 + 1);
  status = norma::abi::layer_norm_backward(backward, std::as_writable_bytes(std::span(workspace)));
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(dx, std::vector<float>(8, 0.0f));
  EXPECT_EQ(dweight, (std::array<float, 4>{0, 1, -1, 0}));
  EXPECT_EQ(dbias, (std::array<float, 4>{2, 2, 2, 2}));
}

TEST(NormaHpp, RmsNormOfDoublesWithAStride) {
  const std::array<double, 7> x = {2, -2, 99, 99, 99, 4, 4};
  std::vector<double> y(4), rstd(2);
  const Status status = norma::abi::rms_norm_forward(
      {.x = {x, 2, 2, 5}, .eps = 0, .y = {y, 2, 2}, .rstd = rstd}, norma_serial_executor());
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(y, (std::vector<double>{1, -1, 1, 1}));
  EXPECT_EQ(rstd, (std::vector<double>{0.5, 0.25}));
}

TEST(NormaHpp, DialectsOfTheStatistics) {
  // The root of the mean square of the first two is 2.
  const std::vector<float> x = {2, -2, 16, 4}, dy = {1, 0, 0, 0};
  std::vector<float> y(4), rstd(1), dx(4);
  Status status = norma::abi::rms_norm_forward({.x = {x, 1, 4},
                                                .eps = 8,
                                                .y = {y, 1, 4},
                                                .rstd = rstd,
                                                .statistic_cols = 2,
                                                .eps_mode = NORMA_EPS_CLAMP});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(y, (std::vector<float>{0.25f, -0.25f, 2, 0.5f}));
  // Below the clamp rstd does not move.
  Backward backward{.x = {x, 1, 4},
                    .dy = {dy, 1, 4},
                    .rstd = rstd,
                    .dx = {dx, 1, 4},
                    .statistic_cols = 2,
                    .eps = 8,
                    .eps_mode = NORMA_EPS_CLAMP};
  status = norma::abi::rms_norm_backward(backward, {});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(dx, (std::vector<float>{0.125f, 0, 0, 0}));
  // The root is a quarter of the 8: h = 4 * 0.25 / 2.
  backward.eps = 6, backward.eps_mode = NORMA_EPS_OUTSIDE;
  status = norma::abi::rms_norm_backward(backward, {});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(dx, (std::vector<float>{0.109375f, 0.015625f, 0, 0}));
}

TEST(NormaHpp, L2NormAndCrmsNorm) {
  const std::vector<float> x = {2, -2, 2, -2}, scale = {8}, dy(4, 1.0f);
  std::vector<float> y(4), rstd(1), hi(1), dx(4), dscale(1);
  Status status = norma::abi::l2_norm_forward(
      {.x = {x, 1, 4}, .weight = scale, .y = {y, 1, 4}, .rstd = rstd});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(y, (std::vector<float>{4, -4, 4, -4}));
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  const Backward l2{.x = {x, 1, 4},
                    .dy = {dy, 1, 4},
                    .weight = scale,
                    .rstd = rstd,
                    .dx = {dx, 1, 4},
                    .dweight = dscale};
  std::size_t bytes = 0;
  ASSERT_TRUE(norma::abi::l2_norm_backward_workspace_size(l2, &bytes).ok());
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  status = norma::abi::l2_norm_backward(l2, std::as_writable_bytes(std::span(workspace)));
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(dx, std::vector<float>(4, 2.0f));  // nothing of dy lies along x
  EXPECT_EQ(dscale[0], 0);

  // With the -1 that is not stored the squares add up to 12, of four.
  const std::vector<float> most = {3, -1, -1};
  y.resize(3);
  status = norma::abi::crms_norm_forward(
      {.x = {most, 1, 3}, .eps = 1, .y = {y, 1, 3}, .mean_hi = hi, .rstd = rstd});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(y, (std::vector<float>{1.5f, -0.5f, -0.5f}));
  EXPECT_EQ(hi[0], 0.5f);
  dx.resize(3);
  const Backward crms{.x = {most, 1, 3},
                      .dy = {dy, 1, 3},
                      .mean_hi = hi,
                      .rstd = rstd,
                      .dx = {dx, 1, 3}};
  ASSERT_TRUE(norma::abi::crms_norm_backward_workspace_size(crms, &bytes).ok());
  workspace.resize(bytes / sizeof(Line) + 1);
  status = norma::abi::crms_norm_backward(crms, std::as_writable_bytes(std::span(workspace)));
  ASSERT_TRUE(status.ok()) << status.message();
  // h = (1.5 - 0.5 - 0.5) / 4.
  EXPECT_EQ(dx, (std::vector<float>{0.375f, 0.5f, 0.5f}));
}

std::string error_of(const Forward& forward) {
  const Status status = norma::abi::layer_norm_forward(forward);
  EXPECT_EQ(status.code(), NORMA_INVALID_ARGUMENT);
  return status.message();
}

TEST(NormaHpp, ASpanKnowsItsLength) {
  std::vector<float> y(8);
  std::vector<double> doubles(2);
  EXPECT_EQ(error_of({.x = {kX, 3, 4}, .y = {y, 3, 4}}),
            "[layer_norm] x must hold rows=3 of cols=4 at stride=4 but has 8 elements.");
  EXPECT_EQ(error_of({.x = {kX, 2, 3, 6}, .y = {y, 2, 3}}),
            "[layer_norm] x must hold rows=2 of cols=3 at stride=6 but has 8 elements.");
  EXPECT_EQ(error_of({.x = {kX, 2, 4, -4}, .y = {y, 2, 4}}),
            "[layer_norm] x must have a stride >= 0 but has -4.");
  EXPECT_EQ(error_of({.x = {kX, 2, 4}, .y = {y, 2, 4}, .rstd = std::span(y).first(1)}),
            "[layer_norm] rstd must have rows=2 elements but has 1.");
  EXPECT_EQ(error_of({.x = {kX, 2, 4}, .y = {y, 2, 4}, .rstd = doubles}),
            "[layer_norm] rstd must be f32, or f64 where x is f64.");
  EXPECT_EQ(error_of({.x = {kX, 2, 4}, .weight = std::span(kX).first(3), .y = {y, 2, 4}}),
            "[layer_norm] weight must have cols=4 elements but has 3.");
}

TEST(NormaHpp, SixteenBitTypesAndGemmasWeight) {
  const auto bf16 = [](float v) {
    return static_cast<norma::abi::BF16>(std::bit_cast<std::uint32_t>(v) >> 16);
  };
  // Mean square 4: x * rstd is 0.5, 1, 1.5, 0.5, 0.5, .., exactly, and 1 + weight is 3.
  const std::vector<norma::abi::BF16> x{bf16(1), bf16(2), bf16(3), bf16(-1), bf16(-1), bf16(0),
                                        bf16(0), bf16(4)};
  const std::vector<float> weight(8, 2.0f);
  std::vector<norma::abi::BF16> y(8);
  const Status status = norma::abi::rms_norm_forward(
      {.x = {x, 1, 8}, .weight = weight, .eps = 0, .y = {y, 1, 8}, .weight_plus_one = true});
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(y, (std::vector{bf16(1.5), bf16(3), bf16(4.5), bf16(-1.5), bf16(-1.5), bf16(0),
                            bf16(0), bf16(6)}));
}

struct alignas(64) Line {
  std::byte bytes[64];
};

TEST(NormaHpp, GroupNormOfBothLayouts) {
  for (const int layout : {NORMA_NCHW, NORMA_NHWC}) {
    const std::vector<float> x = layout == NORMA_NCHW ? std::vector<float>{2, 4, 2, 4}
                                                      : std::vector<float>{2, 2, 4, 4};
    std::vector<float> y(4), hi(1), lo(1), rstd(1), dx(4), dbias(2);
    const norma::abi::GroupNormForward f{.x = {x, 1, 2, 2, layout},
                                         .eps = 3,
                                         .y = {y, 1, 2, 2, layout},
                                         .mean_hi = hi,
                                         .mean_lo = lo,
                                         .rstd = rstd};
    std::size_t bytes = 0;
    ASSERT_TRUE(norma::abi::group_norm_forward_workspace_size(f, &bytes).ok());
    std::vector<Line> workspace(bytes / 64 + 1);
    Status status =
        norma::abi::group_norm_forward(f, std::as_writable_bytes(std::span(workspace)));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(y[0], -0.5f);
    EXPECT_EQ(y[3], 0.5f);
    EXPECT_EQ(rstd[0], 0.5f);
    // dy is constant, so nothing reaches x.
    const std::vector<float> dy(4, 1.0f);
    const norma::abi::GroupNormBackward b{.x = {x, 1, 2, 2, layout},
                                          .dy = {dy, 1, 2, 2, layout},
                                          .mean_hi = hi,
                                          .mean_lo = lo,
                                          .rstd = rstd,
                                          .dx = {dx, 1, 2, 2, layout},
                                          .dbias = dbias};
    ASSERT_TRUE(norma::abi::group_norm_backward_workspace_size(b, &bytes).ok());
    workspace.resize(bytes / 64 + 1);
    status = norma::abi::group_norm_backward(b, std::as_writable_bytes(std::span(workspace)));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(dx, std::vector<float>(4, 0.0f));
    EXPECT_EQ(dbias, std::vector<float>(2, 2.0f));
  }
}

TEST(NormaHpp, ASpanOfImagesKnowsItsLength) {
  std::vector<float> y(8), two(2);
  const auto error_of_images = [](const norma::abi::GroupNormForward& f) {
    std::size_t bytes = 0;
    return norma::abi::group_norm_forward_workspace_size(f, &bytes).message();
  };
  EXPECT_EQ(error_of_images({.x = {kX, 1, 3, 3}, .y = {y, 1, 3, 3}}),
            "[group_norm] x must hold samples=1 of channels=3 of positions=3 but has 8 elements.");
  EXPECT_EQ(error_of_images({.x = {kX, 2, 2, 2}, .groups = 2, .y = {y, 2, 2, 2}, .rstd = two}),
            "[group_norm] rstd must have samples*groups=4 elements but has 2.");
  EXPECT_EQ(error_of_images({.x = {kX, 2, 2, 2}, .groups = 3, .y = {y, 2, 2, 2}}),
            "[group_norm] groups must be >= 1 and divide channels=2 but is 3.");
}

TEST(NormaHpp, BatchNormTrainsAndEvaluates) {
  const std::vector<float> x = {1, 99, 3}, dy(3, 1.0f);
  const std::vector<std::uint8_t> mask = {1, 0, 1};
  std::vector<float> y(3), mean = {4}, var = {1}, hi(1), lo(1), rstd(1), dx(3), dbias(1);
  norma::abi::BatchNormForward f{.x = {x, 3, 1},
                                 .mask = mask,
                                 .momentum = 0.25,
                                 .eps = 3,
                                 .y = {y, 3, 1},
                                 .running_mean = mean,
                                 .running_var = var,
                                 .mean_hi = hi,
                                 .mean_lo = lo,
                                 .rstd = rstd};
  std::size_t bytes = 0;
  ASSERT_TRUE(norma::abi::batch_norm_forward_workspace_size(f, &bytes).ok());
  std::vector<Line> workspace(bytes / 64 + 1);
  const auto memory = [&] { return std::as_writable_bytes(std::span(workspace)); };
  ASSERT_TRUE(norma::abi::batch_norm_forward(f, memory()).ok());
  EXPECT_EQ(y, (std::vector<float>{-0.5f, 0, 0.5f}));
  EXPECT_EQ(mean[0], 3.5f);
  EXPECT_EQ(var[0], 1.25f);
  const norma::abi::BatchNormBackward b{.x = {x, 3, 1},
                                        .dy = {dy, 3, 1},
                                        .mask = mask,
                                        .mean_hi = hi,
                                        .mean_lo = lo,
                                        .rstd = rstd,
                                        .dx = {dx, 3, 1},
                                        .dbias = dbias};
  ASSERT_TRUE(norma::abi::batch_norm_backward_workspace_size(b, &bytes).ok());
  workspace.resize(bytes / 64 + 1);
  ASSERT_TRUE(norma::abi::batch_norm_backward(b, memory()).ok());
  EXPECT_EQ(dx, std::vector<float>(3, 0.0f));
  EXPECT_EQ(dbias[0], 2);
  f.mask = std::span(mask).first(2);
  EXPECT_EQ(norma::abi::batch_norm_forward(f, memory()).message(),
            "[batch_norm] mask must have rows=3 elements but has 2.");
  f.mask = {};
  f.rstd = y;
  EXPECT_EQ(norma::abi::batch_norm_forward(f, memory()).message(),
            "[batch_norm] rstd must have cols=1 elements but has 3.");
}

// A const vector cannot be written, and what has no dtype is no data.
static_assert(!std::is_constructible_v<norma::abi::Vector, const std::vector<float>&>);
static_assert(!std::is_constructible_v<norma::abi::ConstVector, std::vector<int>>);

// tanh is 0 at 0 and 1 far out, where no gradient gets through.
TEST(NormaHpp, DytForwardAndBackward) {
  const std::vector<float> x = {0, 100}, weight = {2, 3}, dy = {1, 5};
  std::vector<float> y(2), dx(2);
  std::array<float, 2> dweight;
  std::array<float, 1> dalpha;
  Status status = norma::abi::dyt_forward({.x = {x, 1, 2}, .weight = weight, .y = {y, 1, 2}});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(y, (std::vector<float>{0, 3}));
  norma::abi::DytBackward backward{.x = {x, 1, 2},
                                   .dy = {dy, 1, 2},
                                   .weight = weight,
                                   .dx = {dx, 1, 2},
                                   .dweight = dweight,
                                   .dalpha = dalpha};
  std::size_t bytes = 0;
  status = norma::abi::dyt_backward_workspace_size(backward, &bytes);
  ASSERT_TRUE(status.ok()) << status.message();
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> workspace(bytes / sizeof(Line) + 1);
  const std::span<std::byte> scratch(workspace.front().bytes, bytes);
  ASSERT_TRUE(norma::abi::dyt_backward(backward, scratch).ok());
  EXPECT_EQ(dx[0], 1);
  EXPECT_EQ(dweight[1], 5);
  std::array<float, 2> two;
  backward.dalpha = two;
  EXPECT_EQ(norma::abi::dyt_backward(backward, scratch).message(),
            "[dyt_backward] dalpha must have one element, f32, or f64 where dy is f64.");
  backward.dalpha = {};
  backward.x = {x, 2, 2};
  EXPECT_EQ(norma::abi::dyt_backward(backward, scratch).message(),
            "[dyt_backward] x must hold rows=2 of cols=2 at stride=2 but has 2 elements.");
}

TEST(NormaHpp, DerfForwardAndBackward) {
  const std::vector<float> x = {0.5f, 100}, dy = {1, 5};
  std::vector<float> y(2);
  std::array<float, 1> dalpha, dshift;
  ASSERT_TRUE(
      norma::abi::derf_forward({.x = {x, 1, 2}, .shift = -0.25, .y = {y, 1, 2}}).ok());
  EXPECT_EQ(y, (std::vector<float>{0, 1}));
  const norma::abi::DerfBackward backward{
      .x = {x, 1, 2}, .dy = {dy, 1, 2}, .shift = -0.25, .dalpha = dalpha, .dshift = dshift};
  std::size_t bytes = 0;
  ASSERT_TRUE(norma::abi::derf_backward_workspace_size(backward, &bytes).ok());
  ASSERT_EQ(bytes, 128u);
  alignas(64) std::byte workspace[128];
  ASSERT_TRUE(norma::abi::derf_backward(backward, workspace).ok());
  EXPECT_EQ(dshift[0], 0x1.20dd76p0f);
  EXPECT_EQ(dalpha[0], 0x1.20dd76p-1f);
}

}  // namespace
