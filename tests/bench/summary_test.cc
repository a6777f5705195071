// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "bench/table.h"

namespace norma::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Ratios = std::vector<std::pair<std::string, double>>;

constexpr CacheSizes kCaches{.l1 = 1 << 10, .l2 = 1 << 14, .last_level = 1 << 20};

Record record(const std::string& task, int64_t rows, int64_t cols, const std::string& cache,
              Ratios ratios) {
  Record r;
  r.task = task, r.dtype = "f32", r.impl = "norma", r.cache = cache;
  r.rows = rows, r.cols = cols, r.threads = 1;
  r.ratios = std::move(ratios);
  return r;
}

// Not found: a verdict of no shapes.
Verdict find(const std::vector<Verdict>& all, const std::string& place, const std::string& against,
             const std::string& task = "layer_norm_forward") {
  for (const Verdict& v : all) {
    if (v.task == task && v.place == place && v.against == against) return v;
  }
  return {};
}

TEST(Summary, GeometricMeanWorstAndHowManyAreBehind) {
  const std::vector<Verdict> all = verdicts(
      {record("layer_norm_forward", 1, 64, "hot", {{"copy", 8}, {"torch", 0.5}, {"onednn", 0.25}}),
       record("layer_norm_forward", 8, 64, "hot", {{"copy", 2}, {"torch", 2}, {"onednn", 0.5}}),
       record("layer_norm_forward", 9, 64, "hot", {{"copy", 4}, {"torch", 1.03}, {"onednn", 4}})},
      kCaches);
  const Verdict copy = find(all, "hot", "copy"), torch = find(all, "hot", "torch");
  EXPECT_EQ(copy.shapes, 3);
  EXPECT_NEAR(copy.geomean, 4, 1e-12);  // 8 * 2 * 4 is 4 cubed
  EXPECT_EQ(copy.worst, 8);
  EXPECT_EQ(copy.worst_rows, 1);
  EXPECT_NEAR(torch.geomean, 1.00990163, 1e-6);  // the third root of 1.03
  EXPECT_EQ(torch.worst, 2);
  EXPECT_EQ(torch.worst_rows, 8);
  EXPECT_EQ(torch.worst_cols, 64);
  EXPECT_EQ(torch.behind, 1) << "1.03 itself is not behind";
  // The fastest peer changes from shape to shape: 0.5, 2, 4.
  const Verdict best = find(all, "hot", "best");
  EXPECT_NEAR(best.geomean, 1.58740105, 1e-6);  // the third root of 4
  EXPECT_EQ(best.worst, 4);
  EXPECT_EQ(best.behind, 2);
  EXPECT_EQ(find(all, "hot", "best fused").shapes, 0) << "both have kernels, so it is the best";
}

TEST(Summary, AChainOfOperationsIsNoFusedPeer) {
  const std::string task = "rms_norm_forward";
  const std::vector<Verdict> all =
      verdicts({record(task, 1, 64, "hot", {{"copy", 8}, {"torch", 0.5}, {"onnxruntime", 0.25}}),
                record(task, 2, 64, "hot", {{"copy", 8}, {"torch", 0.125}, {"onnxruntime", 1}})},
               kCaches);
  EXPECT_NEAR(find(all, "hot", "best", task).geomean, 0.70710678, 1e-6);  // of 0.5 and 1
  EXPECT_NEAR(find(all, "hot", "best fused", task).geomean, 0.5, 1e-12);  // of 0.25 and 1
  const Verdict unfused =
      find(verdicts({record(task, 1, 64, "hot", {{"copy", 8}, {"torch", 0.5}})}, kCaches), "hot",
           "best fused", task);
  EXPECT_EQ(unfused.shapes, 0);
}

TEST(Summary, PlacesAreThoseOfTheRowsOfOneCall) {
  const std::string forward = "layer_norm_forward", backward = "layer_norm_backward",
                    add = "add_rms_norm_forward";
  const std::vector<Verdict> all =
      verdicts({record(forward, 2, 64, "hot", {{"copy", 2}}),      // 2^10 bytes: in L1
                record(forward, 2, 65, "hot", {{"copy", 3}}),      // more
                record(forward, 32, 64, "hot", {{"copy", 5}}),     // 2^14 bytes
                record(forward, 32, 65, "hot", {{"copy", 7}}),     // more
                record(forward, 2048, 64, "hot", {{"copy", 11}}),  // 2^20 bytes
                record(forward, 2048, 65, "hot", {{"copy", 13}}),  // more
                record(forward, 32, 64, "cold", {{"copy", 17}}),   //
                record(backward, 32, 64, "hot", {{"copy", 19}}),   // 3 * 2^13 bytes
                record(add, 16, 64, "hot", {{"copy", 23}}),        // 4 * 2^12 bytes
                record(add, 16, 65, "hot", {{"copy", 29}})},       // more
               kCaches);
  EXPECT_EQ(find(all, "hot", "copy").shapes, 6);
  EXPECT_EQ(find(all, "L2", "copy").shapes, 2);
  EXPECT_EQ(find(all, "L2", "copy").worst, 5);
  EXPECT_EQ(find(all, "memory", "copy").shapes, 2);
  EXPECT_NEAR(find(all, "memory", "copy").geomean, 14.8660687, 1e-6);  // of 13 and 17
  EXPECT_EQ(find(all, "hot", "copy", backward).worst, 19);
  EXPECT_EQ(find(all, "L2", "copy", backward).shapes, 0);
  EXPECT_EQ(find(all, "L2", "copy", add).shapes, 1);
  EXPECT_EQ(find(all, "L2", "copy", add).worst, 23);
}

TEST(Summary, GroupsAreNotMixed) {
  std::vector<Record> records = {record("layer_norm_forward", 1, 64, "hot", {{"copy", 2}}),
                                 record("layer_norm_forward", 1, 64, "hot", {{"copy", 3}}),
                                 record("layer_norm_forward", 1, 64, "hot", {{"copy", 5}}),
                                 record("layer_norm_forward", 1, 64, "hot", {{"copy", 7}})};
  records[1].threads = 2;
  records[2].dtype = "bf16";
  records[3].impl = "torch";
  const std::vector<Verdict> all = verdicts(records, kCaches);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].worst, 2);
  EXPECT_EQ(all[1].worst, 3);
  EXPECT_EQ(all[1].threads, 2);
  EXPECT_EQ(all[2].worst, 5);
  EXPECT_EQ(all[2].dtype, "bf16");
}

TEST(Table, AGridHasACellAShape) {
  std::ostringstream out;
  print_grids(out,
              {record("layer_norm_forward", 8, 64, "hot", {{"copy", 2.5}, {"torch", 0.5}}),
               record("layer_norm_forward", 8, 300, "hot", {{"copy", 1.25}, {"torch", 0.75}}),
               record("layer_norm_forward", 1, 300, "hot", {{"copy", 3}, {"torch", 0.9}}),
               record("layer_norm_forward", 8, 300, "cold", {{"copy", 1}, {"torch", 0.6}}),
               record("rms_norm_forward", 8, 64, "hot", {{"copy", 9}, {"torch", 9}})},
              "layer_norm_forward");
  EXPECT_EQ(out.str(),
            "\nlayer_norm_forward, f32, hot, 1 threads\n"
            "    rows          64         300\n"
            "       1               3.00/0.90\n"
            "       8   2.50/0.50   1.25/0.75\n"
            "\nlayer_norm_forward, f32, cold, 1 threads\n"
            "    rows         300\n"
            "       8   1.00/0.60\n");
}

TEST(Table, AVerdictIsALine) {
  std::ostringstream out;
  print_verdicts(out, {{.task = "layer_norm_forward",
                        .dtype = "f32",
                        .threads = 2,
                        .place = "hot",
                        .against = "torch",
                        .shapes = 62,
                        .behind = 3,
                        .geomean = 0.5,
                        .worst = 1.25,
                        .worst_rows = 1,
                        .worst_cols = 300},
                       {.task = "layer_norm_forward",
                        .dtype = "f32",
                        .threads = 2,
                        .place = "hot",
                        .against = "copy",
                        .shapes = 61,
                        .behind = 60,
                        .geomean = 2,
                        .worst = 4,
                        .worst_rows = 8,
                        .worst_cols = 64}});
  EXPECT_THAT(out.str(), HasSubstr("62    0.500    1.250 [1, 300]            3\n"));
  EXPECT_THAT(out.str(), HasSubstr("61    2.000    4.000 [8, 64]              \n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("60")));
}

}  // namespace
}  // namespace norma::bench
