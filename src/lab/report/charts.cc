// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/report/markup.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

constexpr double kWidth = 468, kHeight = 250;
constexpr double kLeft = 40, kRight = 156, kTop = 24, kBottom = 34;
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;
constexpr double kSlack = 5;        // room for a marker on the frame
constexpr double kLabelGap = 13.5;  // between lines of text
constexpr double kLargest = 1e12;   // what is beyond is not drawn

bool drawable_on(double value, const Axis& axis) {
  return drawable(value) && (!axis.logarithmic || value > 0);
}

// 0 at the low end, 1 at the high end.
double position(double value, const Axis& axis) {
  if (axis.logarithmic) return std::log(value / axis.low) / std::log(axis.high / axis.low);
  return (value - axis.low) / (axis.high - axis.low);
}

double x_of(double value, const Panel& p) { return position(value, p.x) * kPlotWidth; }
double y_of(double value, const Panel& p) { return (1 - position(value, p.y)) * kPlotHeight; }

std::string tick_words(double value) {
  if (value >= 10000 && value == std::floor(value)) return plain(value / 1000) + "k";
  const double rounded = std::round(value * 1e6) / 1e6;
  return rounded < 0 ? "\u2212" + plain(-rounded) : plain(rounded);
}

std::string path_of(const std::vector<Point>& points, const Panel& panel) {
  std::string d;
  bool pen_down = false;
  for (const Point& p : points) {
    if (!drawable_on(p.value, panel.y) || !drawable_on(p.step, panel.x)) {
      pen_down = false;
      continue;
    }
    d += pen_down ? "L" : "M";
    // Far outside the frame a coordinate only has to be outside.
    const double y = std::clamp(y_of(p.value, panel), -3 * kHeight, 4 * kHeight);
    d += coordinate(x_of(p.step, panel)) + " " + coordinate(y);
    pen_down = true;
  }
  return d;
}

std::optional<Point> last_drawable(const std::vector<Point>& points, const Panel& panel) {
  for (auto it = points.rbegin(); it != points.rend(); ++it) {
    if (drawable_on(it->value, panel.y) && drawable_on(it->step, panel.x)) return *it;
  }
  return std::nullopt;
}

void draw_axes(const Panel& p, std::string& out) {
  for (const double tick : p.y.ticks) {
    const std::string y = coordinate(kTop + y_of(tick, p));
    out += fmt::format("<path class=\"grid\" d=\"M{} {}H{}\"/>", kLeft, y, kLeft + kPlotWidth);
    out += fmt::format(
        "<text class=\"tick\" x=\"{}\" y=\"{}\" dy=\".32em\" text-anchor=\"end\">{}</text>",
        kLeft - 6, y, tick_words(tick));
  }
  const double base = kTop + kPlotHeight;
  out += fmt::format("<path class=\"axis\" d=\"M{} {}h{}\"/>", kLeft, base, kPlotWidth);
  for (const double tick : p.x.ticks) {
    const std::string x = coordinate(kLeft + x_of(tick, p));
    out += fmt::format("<path class=\"axis\" d=\"M{} {}v4\"/>", x, base);
    out += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x,
                       base + 16, tick_words(tick));
  }
  out += fmt::format("<text class=\"name\" x=\"2\" y=\"11\">{}</text>", escape(p.y.label));
  out += fmt::format("<text class=\"name\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                     kLeft + kPlotWidth, base + 30, escape(p.x.label));
}

std::string draw_line(const Line& line, const Panel& panel) {
  std::string out = fmt::format("<g class=\"{} v{} d{}\"{}>", line.bold ? "mean" : "curve",
                                line.look.color, line.look.dash, line.attributes);
  if (!line.title.empty()) out += "<title>" + escape(line.title) + "</title>";
  for (const Trace& trace : line.traces) {
    const std::string css = trace.css.empty() ? "" : " class=\"" + trace.css + "\"";
    out += "<g" + css + "><path d=\"" + path_of(trace.points, panel) + "\"/>";
    for (const Point& p : trace.points) {
      if (!trace.markers || !drawable_on(p.value, panel.y) || !drawable_on(p.step, panel.x))
        continue;
      out += marker(line.look, x_of(p.step, panel), y_of(p.value, panel), 3);
    }
    out += "</g>";
  }
  if (line.diverged_at && drawable_on(*line.diverged_at, panel.x)) {
    out += fmt::format("<path class=\"cross\" d=\"M{} 3l8 8m0 -8l-8 8\"/>",
                       coordinate(x_of(*line.diverged_at, panel) - 4));
  }
  return out + "</g>";
}

bool shows_level(const Panel& panel) {
  return panel.level && drawable_on(panel.level->value, panel.y) &&
         panel.level->value >= panel.y.low && panel.level->value <= panel.y.high;
}

struct EndLabel {
  double wanted = 0, y = 0, end = 0;
  std::string text;
  std::string css;
};

// Labels of one kind of trace keep their order and stand at least kLabelGap apart, inside the
// frame.
void place_labels(std::vector<EndLabel>& labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const auto& a, const auto& b) { return a.wanted < b.wanted; });
  const double lowest = kTop + kPlotHeight;
  double next = kTop;
  for (EndLabel& l : labels) {
    l.y = std::max(l.wanted, next);
    next = l.y + kLabelGap;
  }
  double limit = lowest;
  for (auto l = labels.rbegin(); l != labels.rend() && l->y > limit; ++l) {
    l->y = limit;
    limit -= kLabelGap;
  }
}

void draw_end_labels(const Panel& panel, std::string& out) {
  std::map<std::string, std::vector<EndLabel>> by_kind;
  for (const Line& line : panel.lines) {
    if (!line.bold || line.label.empty()) continue;
    for (const Trace& trace : line.traces) {
      const auto end = last_drawable(trace.points, panel);
      if (!end) continue;
      const double y = kTop + std::clamp(y_of(end->value, panel), 0.0, kPlotHeight);
      std::string text = line.label;
      if (!line.end_note.empty()) {
        text = fmt::format("{} {}", text, line.end_note);
      } else if (panel.value_decimals > 0) {
        text = fmt::format("{} {}", text, fixed(end->value, panel.value_decimals));
      }
      by_kind[trace.css].push_back(
          {y, y, kLeft + x_of(end->step, panel), text, fmt::format("end v{}", line.look.color)});
    }
  }
  for (auto& [kind, labels] : by_kind) {
    if (shows_level(panel)) {
      const double y = kTop + y_of(panel.level->value, panel);
      labels.push_back({y, y, kLeft + kPlotWidth, panel.level->label, ""});
    }
    place_labels(labels);
    out += kind.empty() ? "<g>" : "<g class=\"" + kind + "\">";
    for (const EndLabel& l : labels) {
      const double x = kLeft + kPlotWidth;
      out += fmt::format("<path class=\"lead {}\" d=\"M{} {}L{} {}\"/>", l.css, coordinate(l.end),
                         coordinate(l.wanted), x + 8, coordinate(l.y));
      out += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" dy=\".32em\">{}</text>", l.css,
                         x + 11, coordinate(l.y), escape(l.text));
    }
    out += "</g>";
  }
}

// What the page's script shows beside the pointer: by kind of trace the steps, and each bold line's
// values there.
std::string readout(const Panel& panel) {
  std::map<std::string, std::map<double, std::map<std::string, std::string>>> kinds;
  for (const Line& line : panel.lines) {
    if (!line.bold) continue;
    for (const Trace& trace : line.traces) {
      for (const Point& p : trace.points) {
        if (!drawable_on(p.value, panel.y) || !drawable_on(p.step, panel.x)) continue;
        const int decimals =
            panel.y.logarithmic ? std::clamp(2 - static_cast<int>(std::log10(p.value)), 0, 6) : 3;
        kinds[trace.css][p.step][line.label] = fixed(p.value, decimals);
      }
    }
  }
  // One line a step, its fields apart by tabs: kind, step, x, then labels and values in turn.
  std::string text;
  for (const auto& [kind, steps] : kinds) {
    for (const auto& [step, values] : steps) {
      text += kind + "\t" + plain(step) + "\t" + coordinate(kLeft + x_of(step, panel));
      for (const auto& [label, value] : values) text += "\t" + label + "\t" + value;
      text += "\n";
    }
  }
  return text;
}

}  // namespace

bool drawable(double value) { return std::isfinite(value) && std::abs(value) < kLargest; }

Axis linear_axis(double low, double high, const std::string& label) {
  Axis axis{low, high, false, {}, label};
  if (!std::isfinite(low) || !std::isfinite(high) || !(high > low)) {
    const double middle = std::isfinite(low) ? low : 0;
    axis.low = middle - 0.5;
    axis.high = middle + 0.5;
  }
  const double raw = (axis.high - axis.low) / 4;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double step = raw / power < 1.5   ? power
                      : raw / power < 3.5 ? 2 * power
                      : raw / power < 7.5 ? 5 * power
                                          : 10 * power;
  for (double k = std::ceil(axis.low / step - 1e-9); k * step <= axis.high + 1e-9 * step; ++k) {
    axis.ticks.push_back(k * step + 0.0);  // no negative zero
  }
  return axis;
}

Axis log_axis(double low, double high, const std::string& label) {
  if (!(low > 0) || !std::isfinite(low) || !std::isfinite(high) || high < low) low = high = 1;
  Axis axis{low / 1.15, high * 1.15, true, {}, label};
  const bool is_narrow = axis.high / axis.low < 30;
  const std::vector<int> digits = is_narrow ? std::vector<int>{1, 2, 5} : std::vector<int>{1};
  const int first = static_cast<int>(std::floor(std::log10(axis.low)));
  const int last = static_cast<int>(std::ceil(std::log10(axis.high)));
  const int stride = std::max(1, (last - first) / 6);
  for (int decade = first; decade <= last; decade += stride) {
    for (const int digit : digits) {
      const double tick = digit * std::pow(10, decade);
      if (tick >= axis.low && tick <= axis.high) axis.ticks.push_back(tick);
    }
  }
  return axis;
}

std::string marker(const Look& look, double x, double y, double r) {
  const std::string cx = coordinate(x), cy = coordinate(y), d = coordinate(2 * r);
  switch (look.marker % 4) {
    case 0:
      return fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>", cx, cy,
                         coordinate(r));
    case 1:
      return fmt::format("<path class=\"dot\" d=\"M{} {}h{}v{}h-{}z\"/>", coordinate(x - r),
                         coordinate(y - r), d, d, d);
    case 2:
      return fmt::format("<path class=\"dot\" d=\"M{} {}L{} {}H{}z\"/>", cx,
                         coordinate(y - 1.4 * r), coordinate(x + 1.35 * r), coordinate(y + r),
                         coordinate(x - 1.35 * r));
    default:
      return fmt::format("<path class=\"dot\" d=\"M{} {}L{} {}L{} {}L{} {}z\"/>", cx,
                         coordinate(y - 1.3 * r), coordinate(x + 1.3 * r), cy, cx,
                         coordinate(y + 1.3 * r), coordinate(x - 1.3 * r), cy);
  }
}

std::vector<Point> thinned(const std::vector<Point>& points, size_t limit) {
  const size_t n = points.size();
  if (n <= limit || limit < 3) return points;
  std::vector<Point> kept = {points.front()};
  const size_t buckets = limit - 2;
  for (size_t b = 0; b < buckets; ++b) {
    const size_t begin = 1 + b * (n - 2) / buckets, end = 1 + (b + 1) * (n - 2) / buckets;
    const size_t next_end = b + 1 == buckets ? n : 1 + (b + 2) * (n - 2) / buckets;
    Point ahead;
    for (size_t i = end; i < next_end; ++i) {
      ahead.step += points[i].step / static_cast<double>(next_end - end);
      ahead.value += points[i].value / static_cast<double>(next_end - end);
    }
    size_t best = begin;
    double best_area = -1;
    for (size_t i = begin; i < end; ++i) {
      const double area =
          std::abs((kept.back().step - ahead.step) * (points[i].value - kept.back().value) -
                   (kept.back().step - points[i].step) * (ahead.value - kept.back().value));
      // A value that is not finite breaks the line and must stay.
      if (!std::isfinite(points[i].value) || area > best_area) {
        best = i;
        best_area = std::isfinite(points[i].value) ? area : INFINITY;
      }
    }
    kept.push_back(points[best]);
  }
  kept.push_back(points.back());
  return kept;
}

std::string draw(const Panel& panel) {
  std::string out = fmt::format(
      "<figure class=\"panel\"><figcaption>{}</figcaption><svg class=\"chart\" viewBox=\"0 0 {} "
      "{}\" role=\"img\" "
      "aria-label=\"{}\" data-readout=\"{}\">",
      escape(panel.title), kWidth, kHeight, escape(panel.title + ": " + panel.description),
      escape(readout(panel)));
  draw_axes(panel, out);
  // A nested svg cuts what lies outside the frame.
  out +=
      fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" viewBox=\"{} {} {} {}\">",
                  kLeft - kSlack, kTop - kSlack, kPlotWidth + 2 * kSlack, kPlotHeight + 2 * kSlack,
                  -kSlack, -kSlack, kPlotWidth + 2 * kSlack, kPlotHeight + 2 * kSlack);
  for (const Line& line : panel.lines) out += draw_line(line, panel);
  out += "</svg>";
  if (shows_level(panel)) {
    out += fmt::format("<path class=\"level\" d=\"M{} {}h{}\"/>", kLeft,
                       coordinate(kTop + y_of(panel.level->value, panel)), kPlotWidth);
  }
  draw_end_labels(panel, out);
  return out + "</svg></figure>\n";
}

}  // namespace norma::lab::report
