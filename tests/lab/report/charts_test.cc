// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lab/report/markup.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Charts, TicksAreRoundAndInside) {
  EXPECT_THAT(linear_axis(0, 300, "").ticks, ElementsAre(0, 100, 200, 300));
  EXPECT_THAT(linear_axis(3.9, 6.1, "").ticks, ElementsAre(4, 4.5, 5, 5.5, 6));
  EXPECT_THAT(log_axis(0.1, 1, "").ticks, ElementsAre(0.1, 0.2, 0.5, 1));
}

TEST(Charts, RangesWithoutWidthOrNumbersStillMakeAnAxis) {
  for (const Axis& axis :
       {linear_axis(2, 2, ""), linear_axis(kInf, -kInf, ""), linear_axis(NAN, NAN, ""),
        log_axis(0, 0, ""), log_axis(1, 1, ""), log_axis(kInf, -kInf, "")}) {
    EXPECT_LT(axis.low, axis.high);
    EXPECT_FALSE(axis.ticks.empty());
    EXPECT_LT(axis.ticks.size(), 20u);
  }
}

TEST(Charts, ThinningKeepsEndsAndSpikes) {
  std::vector<Point> points;
  for (int i = 0; i < 5000; ++i) points.push_back({static_cast<double>(i), i == 2345 ? 99.0 : 1.0});
  const std::vector<Point> thin = thinned(points, 100);
  ASSERT_EQ(thin.size(), 100u);
  EXPECT_EQ(thin.front().step, 0);
  EXPECT_EQ(thin.back().step, 4999);
  EXPECT_TRUE(std::any_of(thin.begin(), thin.end(), [](const Point& p) { return p.value == 99; }));
  EXPECT_EQ(thinned(points, 5000).size(), 5000u);
}

TEST(Charts, WhatIsNotFiniteIsNotDrawn) {
  Panel panel;
  panel.x = linear_axis(0, 10, "step");
  panel.y = linear_axis(0, 10, "loss");
  Line line;
  line.bold = true;
  line.label = "a";
  line.traces.push_back({"", {{0, 1}, {1, NAN}, {2, kInf}, {3, 1e300}, {4, 2}, {5, 3}}, true});
  panel.lines.push_back(line);
  const std::string svg = draw(panel);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  // One point before the gap, a line of two after it.
  EXPECT_THAT(svg, testing::ContainsRegex("d=\"M0 [0-9.]+M[0-9.]+ [0-9.]+L[0-9.]+ [0-9.]+\""));
}

TEST(Charts, LabelsOfEqualLinesDoNotOverlap) {
  Panel panel;
  panel.x = linear_axis(0, 10, "step");
  panel.y = linear_axis(0, 10, "loss");
  for (const char* name : {"a", "b", "c"}) {
    Line line;
    line.bold = true;
    line.label = name;
    line.traces.push_back({"", {{0, 5}, {10, 0}}, false});
    panel.lines.push_back(line);
  }
  const std::string svg = draw(panel);
  std::vector<double> heights;
  for (size_t at = svg.find("class=\"end"); at != std::string::npos;
       at = svg.find("class=\"end", at + 1)) {
    heights.push_back(std::stod(svg.substr(svg.find(" y=\"", at) + 4)));
  }
  ASSERT_EQ(heights.size(), 3u);
  EXPECT_GE(heights[1] - heights[0], 13);
  EXPECT_GE(heights[2] - heights[1], 13);
}

TEST(Markup, EscapesWhatHtmlReads) {
  EXPECT_EQ(escape("<b a=\"x\" c='y'>&\x01"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;\ufffd");
  EXPECT_EQ(coordinate(1.25), "1.3");
  EXPECT_EQ(coordinate(-0.01), "0");
  EXPECT_EQ(coordinate(1e300), "1000000");
}

TEST(Words, NumbersAsPeopleWriteThem) {
  EXPECT_EQ(with_spread(4.0712, 0.0203), "4.07 \u00b1 0.02");
  EXPECT_EQ(with_spread(5.9003, 0.0025), "5.900 \u00b1 0.003");
  EXPECT_EQ(difference_with_spread(-0.0031, 0.0102), "\u22120.003 \u00b1 0.010");
  EXPECT_EQ(signed_fixed(-0.0001, 2), "0.00");
  EXPECT_EQ(fixed(kInf, 2), "not finite");
  EXPECT_EQ(thousands(11030.4), "11,030");
  EXPECT_EQ(thousands(-1234567), "\u22121,234,567");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(times(0.7099), "0.71x");
  EXPECT_EQ(times(10.44), "10.4x");
  EXPECT_EQ(joined({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace norma::lab::report
