// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Line charts as inline SVG: axes, faint and bold lines, labels at the ends of the lines. Colours
// come from the page's style by class (v0, v1, ... for variants); dashes and marker shapes say the
// same without colour.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/report/read_run.h"

namespace norma::lab::report {

// How a variant looks everywhere on the page. Norms have dashes, placements have markers.
struct Look {
  size_t color = 0, dash = 0, marker = 0;
};

struct Trace {
  std::string css;  // "valid", "train": what the page may show or hide; may be empty
  std::vector<Point> points;
  bool markers = false;
};

struct Line {
  Look look;
  bool bold = false;
  std::string label;       // at the line's end, bold lines only
  std::string attributes;  // of the line's group, ready-made
  std::string title;       // what a pointer resting on it reads
  std::vector<Trace> traces;
  std::optional<double> diverged_at;  // a cross on the upper edge
  std::string end_note = "";          // after the label, instead of the last value
};

struct Level {  // a horizontal reference
  double value = 0;
  std::string label;
};

struct Axis {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<double> ticks;
  std::string label;
};

struct Panel {
  std::string title;
  std::string description;  // for those who cannot see it
  Axis x, y;
  std::vector<Line> lines;
  std::optional<Level> level;
  int value_decimals = 2;
};

// Finite, and not so large that a scale for it would show nothing else.
bool drawable(double value);

// Round steps of 1, 2 or 5 that cover the values. A range without width or without numbers becomes
// one of width 1.
Axis linear_axis(double low, double high, const std::string& label);
Axis log_axis(double low, double high, const std::string& label);

std::string draw(const Panel& panel);

// A marker of the look's shape and colour, for legends and strips; `filled` false draws its
// outline.
std::string marker(const Look& look, double x, double y, double radius);

// At most `limit` of the points: first, last, and those that keep the line's shape (largest
// triangles).
std::vector<Point> thinned(const std::vector<Point>& points, size_t limit);

}  // namespace norma::lab::report
