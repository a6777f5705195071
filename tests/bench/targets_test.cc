// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "bench/table.h"

namespace norma::bench {
namespace {

using ::testing::HasSubstr;
using Ratios = std::vector<std::pair<std::string, double>>;

constexpr CacheSizes kCaches{.l1 = 1 << 10, .l2 = 1 << 14, .last_level = 1 << 20};

struct Made {
  std::string task = "layer_norm_forward", dtype = "f32";
  int threads = 1;
  std::string cache = "hot";
  int64_t rows = 1, cols = 64;
  double median_ns = 100;
  Ratios ratios = {};
};

Record record(const Made& made) {
  Record r;
  r.task = made.task, r.dtype = made.dtype, r.impl = "norma", r.cache = made.cache;
  r.rows = made.rows, r.cols = made.cols, r.threads = made.threads;
  r.median_ns = made.median_ns, r.ratios = made.ratios;
  return r;
}

std::vector<Target> of(const std::vector<Made>& all) {
  std::vector<Record> records;
  for (const Made& made : all) records.push_back(record(made));
  return targets(records, kCaches);
}

// Not found: a target of 0 threads.
Target find(const std::vector<Target>& all, const std::string& wish, const Made& about = {}) {
  for (const Target& t : all) {
    if (t.wish == wish && t.task == about.task && t.dtype == about.dtype &&
        t.threads == about.threads) {
      return t;
    }
  }
  return {};
}

constexpr const char* kBest = "never behind the best peer";
constexpr const char* kFused = "ahead of best fused peer";
constexpr const char* kTorch = "ahead of torch";
constexpr const char* kMemory = "out of the caches, to copy";
constexpr const char* kL2 = "in L2, to copy";
constexpr const char* kNarrow = "16 bits in f32's time";
constexpr const char* kRow = "a row of 4096, in ns";

TEST(Targets, NeverBehindIsAboutEveryCell) {
  const std::vector<Target> all =
      of({{.rows = 8, .ratios = {{"copy", 9}, {"torch", 0.5}, {"onednn", 1.03}}},
          {.cache = "cold", .rows = 9, .ratios = {{"copy", 9}, {"torch", 0.1}, {"onednn", 0.2}}},
          {.threads = 2, .rows = 8, .ratios = {{"torch", 1.04}, {"onednn", 0.2}}},
          {.threads = 2, .rows = 9, .ratios = {{"torch", 1.5}}},
          {.threads = 2, .rows = 10, .ratios = {{"torch", 0.01}}}});
  const Target one = find(all, kBest), two = find(all, kBest, {.threads = 2});
  EXPECT_TRUE(one.is_reached());
  EXPECT_EQ(one.cells, 2) << "hot and cold";
  EXPECT_EQ(one.behind, 0) << "1.03 itself is not behind";
  EXPECT_EQ(one.reached, 1.03);
  EXPECT_FALSE(two.is_reached()) << "whatever the mean is";
  EXPECT_EQ(two.reached, 1.5);
  EXPECT_EQ(two.worst_rows, 9);
  EXPECT_EQ(two.behind, 2);
  EXPECT_EQ(two.cells, 3);
}

TEST(Targets, AheadIsHowManyTimesAsFastInTheMean) {
  // 1 / 0.25 and 1 / 1: twice as fast in the mean.
  const std::vector<Target> all = of({{.rows = 1, .ratios = {{"torch", 0.25}}},
                                      {.rows = 2, .ratios = {{"torch", 1}}},
                                      {.cache = "cold", .rows = 3, .ratios = {{"torch", 9}}},
                                      {.task = "layer_norm_backward", .ratios = {{"torch", 0.41}}},
                                      {.task = "rms_norm_forward",
                                       .ratios = {{"torch", 0.3}, {"onnxruntime", 0.8}}},
                                      {.task = "rms_norm_backward", .ratios = {{"torch", 0.3}}},
                                      {.task = "add_rms_norm_forward",
                                       .ratios = {{"torch", 0.34}}}});
  const Target layer = find(all, kTorch);
  EXPECT_DOUBLE_EQ(layer.reached, 2);
  EXPECT_TRUE(layer.is_reached());
  EXPECT_EQ(layer.worst, 1);
  EXPECT_EQ(layer.worst_rows, 2);
  EXPECT_EQ(layer.behind, 1);
  EXPECT_EQ(layer.cells, 2) << "hot ones";
  const Target fused = find(all, kFused);
  EXPECT_EQ(fused.wished, 1.5);
  EXPECT_DOUBLE_EQ(fused.reached, 2) << "torch's LayerNorm is a kernel";
  const Target backward = find(all, kTorch, {.task = "layer_norm_backward"});
  EXPECT_EQ(backward.wished, 2.5);
  EXPECT_NEAR(backward.reached, 2.439, 1e-3);
  EXPECT_FALSE(backward.is_reached());
  EXPECT_TRUE(find(all, kFused, {.task = "layer_norm_backward"}).is_reached()) << "2 is wished";
  EXPECT_TRUE(find(all, kTorch, {.task = "rms_norm_forward"}).is_reached());
  EXPECT_NEAR(find(all, kFused, {.task = "rms_norm_forward"}).reached, 1.25, 1e-12);
  EXPECT_FALSE(find(all, kTorch, {.task = "add_rms_norm_forward"}).is_reached());  // 2.94 of 3
  // No peer has a kernel for it: a wish all the same, and none that was reached.
  const Target nobody = find(all, kFused, {.task = "rms_norm_backward"});
  EXPECT_EQ(nobody.threads, 1);
  EXPECT_EQ(nobody.cells, 0);
  EXPECT_FALSE(nobody.is_reached());
}

TEST(Targets, OutOfTheCachesIsColdOrLarge) {
  const Ratios copy = {{"copy", 1.05}};
  const std::vector<Target> all =
      of({{.cache = "cold", .rows = 40, .ratios = {{"copy", 1.05 * 1.05}}},
          {.rows = 2048, .cols = 65, .ratios = {{"copy", 1}}},  // more than 2^20 bytes
          {.rows = 2048, .cols = 64, .ratios = {{"copy", 9}}},
          {.threads = 2, .cache = "cold", .ratios = {{"copy", 1.06}}},
          {.threads = 4, .cache = "cold", .ratios = copy},
          {.dtype = "bf16", .threads = 1, .cache = "cold", .ratios = copy},
          {.dtype = "bf16", .threads = 4, .cache = "cold", .ratios = {{"copy", 1.2}}},
          {.task = "rms_norm_backward", .cache = "cold", .ratios = {{"copy", 1.6}}},
          {.task = "add_rms_norm_forward", .cache = "cold", .ratios = {{"copy", 2.11}}}});
  const Target one = find(all, kMemory);
  EXPECT_NEAR(one.reached, 1.05, 1e-12);
  EXPECT_TRUE(one.is_reached());
  EXPECT_EQ(one.cells, 2);
  EXPECT_EQ(one.behind, 1);
  EXPECT_EQ(one.worst_rows, 40);
  EXPECT_EQ(find(all, kMemory, {.threads = 2}).threads, 0) << "on one thread and on all";
  EXPECT_TRUE(find(all, kMemory, {.threads = 4}).is_reached());
  EXPECT_EQ(find(all, kMemory, {.dtype = "bf16", .threads = 1}).threads, 0) << "on all";
  EXPECT_FALSE(find(all, kMemory, {.dtype = "bf16", .threads = 4}).is_reached());
  EXPECT_TRUE(find(all, kMemory, {.task = "rms_norm_backward"}).is_reached());
  EXPECT_FALSE(find(all, kMemory, {.task = "add_rms_norm_forward"}).is_reached());
}

TEST(Targets, InL2EachNormHasItsOwn) {
  const std::vector<Target> all =
      of({{.rows = 2, .cols = 64, .ratios = {{"copy", 9}}},    // 2^10 bytes: in L1
          {.rows = 32, .cols = 64, .ratios = {{"copy", 2.5}}},
          {.rows = 32, .cols = 65, .ratios = {{"copy", 9}}},   // more than 2^14
          {.task = "rms_norm_forward", .rows = 32, .cols = 64, .ratios = {{"copy", 2.5}}}});
  EXPECT_TRUE(find(all, kL2).is_reached());
  EXPECT_EQ(find(all, kL2).cells, 1);
  EXPECT_EQ(find(all, kL2).reached, 2.5);
  EXPECT_EQ(find(all, kL2, {.task = "rms_norm_forward"}).wished, 1.5);
  EXPECT_FALSE(find(all, kL2, {.task = "rms_norm_forward"}).is_reached());
}

TEST(Targets, SixteenBitsAreHeldAgainstF32OfThatShape) {
  // x and y in f32: 64 KiB, 2 MiB, and just beside.
  const std::vector<Target> all =
      of({{.rows = 8, .cols = 1024, .median_ns = 100},
          {.rows = 256, .cols = 1024, .median_ns = 200},
          {.rows = 257, .cols = 1024, .median_ns = 200},
          {.rows = 8, .cols = 1023, .median_ns = 200},
          {.cache = "cold", .rows = 8, .cols = 1024, .median_ns = 900},
          {.dtype = "bf16", .rows = 8, .cols = 1024, .median_ns = 50},
          {.dtype = "bf16", .rows = 256, .cols = 1024, .median_ns = 800},
          {.dtype = "bf16", .rows = 257, .cols = 1024, .median_ns = 1},
          {.dtype = "bf16", .rows = 8, .cols = 1023, .median_ns = 1},
          {.dtype = "bf16", .cache = "cold", .rows = 8, .cols = 1024, .median_ns = 1},
          {.dtype = "f16", .rows = 8, .cols = 1024, .median_ns = 100},
          {.dtype = "f16", .threads = 2, .rows = 8, .cols = 1024, .median_ns = 100}});
  const Target bf16 = find(all, kNarrow, {.dtype = "bf16"});
  EXPECT_NEAR(bf16.reached, 1.41421356, 1e-8);  // of 0.5 and 4
  EXPECT_EQ(bf16.worst, 4);
  EXPECT_EQ(bf16.worst_rows, 256);
  EXPECT_EQ(bf16.behind, 1);
  EXPECT_EQ(bf16.cells, 2);
  EXPECT_FALSE(bf16.is_reached());
  EXPECT_TRUE(find(all, kNarrow, {.dtype = "f16"}).is_reached()) << "the same time";
  EXPECT_EQ(find(all, kNarrow, {.dtype = "f16", .threads = 2}).cells, 0) << "no f32 there";
}

TEST(Targets, OneRowIsBelowAMicrosecond) {
  for (const double ns : {999.9, 1000.}) {
    const std::vector<Target> all =
        of({{.cols = 4096, .median_ns = ns}, {.cache = "cold", .cols = 4096, .median_ns = 1}});
    EXPECT_EQ(find(all, kRow).reached, ns);
    EXPECT_EQ(find(all, kRow).is_reached(), ns < 1000);
  }
}

TEST(Targets, OthersThanNormaAreNotWishedAnything) {
  Record r = record({.ratios = {{"copy", 1}}});
  r.impl = "torch";
  EXPECT_TRUE(targets({r}, kCaches).empty());
}

TEST(Table, ATargetIsALine) {
  std::ostringstream out;
  print_targets(out, of({{.rows = 1, .ratios = {{"torch", 0.25}}},
                         {.rows = 2, .ratios = {{"torch", 1.25}}}}));
  EXPECT_THAT(out.str(), HasSubstr("never behind the best peer layer_norm_forward     f32     1  "
                                   "<= 1.03    1.250    1.250 [2, 64]            1/2  missed\n"));
  EXPECT_THAT(out.str(), HasSubstr("ahead of best fused peer   layer_norm_forward     f32     1  "
                                   " >= 1.5    1.789    0.800 [2, 64]            1/2  reached\n"));
  EXPECT_THAT(out.str(), HasSubstr("a row of 4096, in ns       layer_norm_forward     f32     1  "
                                   " < 1000                                           "
                                   "not measured\n"));
  EXPECT_THAT(out.str(), HasSubstr("reached: 1 of 3 that were measured\n"));
}

}  // namespace
}  // namespace norma::bench
