// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace norma::bench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

const Task kForward{"layer_norm_forward", NormKind::kLayerNorm, false};
const Task kBackward{"layer_norm_backward", NormKind::kLayerNorm, true};

TEST(Suite, AreFoundByName) {
  EXPECT_THAT(suite_names(), ElementsAre("short", "cpu", "models", "operators", "toy"));
  EXPECT_EQ(find_suite("gpu"), nullptr);
  // That of the committed result of 2026-11-25.
  const Suite& of_then = *find_suite("short");
  EXPECT_THAT(of_then.rows, ElementsAre(1, 16, 128, 2048, 8192));
  EXPECT_THAT(of_then.cols, ElementsAre(64, 768, 1024, 4096));
  EXPECT_EQ(of_then.cap.of(DType::kF32, 1), 0);
  EXPECT_EQ(of_then.cap.of(DType::kF32, 65536), 0);
  EXPECT_FALSE(of_then.all_peers);
}

TEST(Suite, CpuHasEveryShapeThatFits) {
  const Suite& cpu = *find_suite("cpu");
  EXPECT_THAT(cpu.threads, ElementsAre(1, 0));
  EXPECT_TRUE(cpu.cold && cpu.all_peers);
  EXPECT_EQ(cpu.least_samples, 31);
  EXPECT_THAT(cpu.dtypes, ElementsAre(DType::kF32, DType::kBF16, DType::kF16));
  const auto shapes = [&](const Task& task, DType dtype) {
    return shapes_of(task, dtype, cpu.rows, cpu.cols, cpu.cap);
  };
  const Task add{"add_rms_norm_forward", NormKind::kRmsNorm, false, true};
  for (const DType dtype : cpu.dtypes) {
    // x and y of 65536 rows: 2^24 elements, 256 columns.
    const Shapes forward = shapes(kForward, dtype);
    EXPECT_THAT(forward.left_out,
                ElementsAre(Shape{65536, 300}, Shape{65536, 768}, Shape{65536, 1023},
                            Shape{65536, 1024}, Shape{65536, 2048}, Shape{65536, 4096},
                            Shape{65536, 4097}, Shape{65536, 8192}));
    EXPECT_THAT(forward.fit, SizeIs(6 * 11 - 8));
    EXPECT_THAT(forward.fit, Contains(Shape{65536, 256}));
    // x, dy and dx: 170 columns; x, residual, sum and y: 128. Of 4096 rows the longest are there.
    for (const Task& task : {kBackward, add}) {
      const Shapes fewer = shapes(task, dtype);
      EXPECT_THAT(fewer.fit, Contains(Shape{65536, 128}));
      EXPECT_THAT(fewer.fit, Contains(Shape{4096, 8192}));
      EXPECT_THAT(fewer.left_out, Contains(Shape{65536, 256}));
      EXPECT_THAT(fewer.fit, SizeIs(6 * 11 - 9));
    }
  }
}

TEST(Suite, CapIsOnTheRowsOfOneCall) {
  constexpr DType kF32 = DType::kF32;
  const int64_t of_two = 2 * 8 * 16 * 4, of_three = 3 * 8 * 16 * 4;
  EXPECT_THAT(shapes_of(kForward, kF32, {8}, {16}, {of_two}).fit, ElementsAre(Shape{8, 16}));
  EXPECT_THAT(shapes_of(kForward, kF32, {8}, {16}, {of_two - 1}).left_out,
              ElementsAre(Shape{8, 16}));
  EXPECT_THAT(shapes_of(kBackward, kF32, {8}, {16}, {of_three - 1}).fit, SizeIs(0));
  EXPECT_THAT(shapes_of(kBackward, kF32, {8}, {16}, {of_three}).fit, SizeIs(1));
  EXPECT_THAT(shapes_of(kForward, kF32, {2, 1}, {3, 4}, {}).fit,
              ElementsAre(Shape{2, 3}, Shape{2, 4}, Shape{1, 3}, Shape{1, 4}));
  // 8 rows have a cap of their own, 9 not.
  EXPECT_THAT(shapes_of(kForward, kF32, {8, 9}, {16}, {of_two - 1, 8, of_two}).fit,
              ElementsAre(Shape{8, 16}));
  EXPECT_THAT(shapes_of(kForward, DType::kF16, {8}, {16}, {1, 8, of_two}).fit, SizeIs(1));
  EXPECT_THAT(shapes_of(kForward, DType::kF16, {8}, {17}, {1, 8, of_two}).fit, SizeIs(0));
}

}  // namespace
}  // namespace norma::bench
