// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/report/markup.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

constexpr size_t kColors = 8, kDashes = 4, kMarkers = 4;
constexpr size_t kPointsPerCurve = 120;
constexpr size_t kMostRateTicks = 6;
constexpr size_t kMostMarkers = 24;  // more of them would hide their line
constexpr double kShownShare =
    0.98;  // of all points of loss curves; the first steps may be cut off above

template <typename T>
size_t index_of(const std::vector<T>& all, const T& wanted) {
  return static_cast<size_t>(std::find(all.begin(), all.end(), wanted) - all.begin());
}

template <typename T>
void add_once(std::vector<T>& all, const T& item) {
  if (index_of(all, item) == all.size()) all.push_back(item);
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  void add(double value) {
    if (!drawable(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool is_empty() const { return low > high; }
};

// The mean over curves at the steps that all of them have.
std::vector<Point> mean_curve(const std::vector<const std::vector<Point>*>& curves) {
  std::map<double, std::pair<size_t, double>> sums;
  for (const auto* curve : curves) {
    for (const Point& p : *curve) {
      if (!std::isfinite(p.value)) continue;
      sums[p.step].first += 1;
      sums[p.step].second += p.value;
    }
  }
  std::vector<Point> mean;
  for (const auto& [step, sum] : sums) {
    if (sum.first == curves.size())
      mean.push_back({step, sum.second / static_cast<double>(sum.first)});
  }
  return mean;
}

std::string run_attributes(const Run& run, size_t configuration) {
  return fmt::format(" data-run=\"{}\" data-config=\"c{}\"", escape(run.name), configuration);
}

Line mean_line(const RunFolder& folder, const Configuration& c, const Variant& variant,
               const Look& look, size_t index) {
  std::vector<const std::vector<Point>*> valid, train;
  for (const bool wants_done : {true, false}) {
    for (const size_t i : c.runs) {
      const Run& run = folder.runs[i];
      if (wants_done && !run.done()) continue;
      valid.push_back(&run.valid_curve);
      train.push_back(&run.train_curve);
    }
    if (!valid.empty()) break;  // where no run is done, what there is
  }
  Line line{look, true, label(variant), fmt::format(" data-config=\"c{}\"", index), "", {}, {}};
  line.traces.push_back({"valid", thinned(mean_curve(valid), kPointsPerCurve), true});
  line.traces.push_back({"train", thinned(mean_curve(train), kPointsPerCurve), false});
  if (line.traces[0].points.size() > kMostMarkers) line.traces[0].markers = false;
  if (c.done == 0) line.end_note = c.diverged > 0 ? "diverged" : "unfinished";
  return line;
}

Axis loss_axis(const RunFolder& folder) {
  std::vector<double> values;
  for (const Run& run : folder.runs) {
    for (const auto* curve : {&run.train_curve, &run.valid_curve}) {
      for (const Point& p : *curve) {
        if (drawable(p.value)) values.push_back(p.value);
      }
    }
  }
  Range range;
  if (!values.empty()) {
    std::sort(values.begin(), values.end());
    range.add(values.front());
    range.add(values[static_cast<size_t>(kShownShare * static_cast<double>(values.size() - 1))]);
  }
  if (folder.unigram_loss) range.add(*folder.unigram_loss);
  if (range.is_empty()) range = {0, 1};
  const double margin = 0.04 * (range.high - range.low);
  return linear_axis(range.low - margin, range.high + margin, "loss, nats a " + folder.unit());
}

double last_step(const RunFolder& folder) {
  Range range;
  for (const Run& run : folder.runs) {
    if (!run.train_curve.empty()) range.add(run.train_curve.back().step);
    if (!run.valid_curve.empty()) range.add(run.valid_curve.back().step);
  }
  return range.is_empty() ? 1 : range.high;
}

// Layers or depths: 1, 2, ... or 0, 1, ...
Axis layer_axis(double first, double last, const std::string& label) {
  Axis axis{first, std::max(last, first + 1), false, {}, label};
  const double stride = std::max(1.0, std::ceil((axis.high - axis.low) / 8));
  for (double t = first; t <= axis.high; t += stride) axis.ticks.push_back(t);
  return axis;
}

using Profile = std::map<std::string, std::vector<double>> Probe::*;

struct ProfileFigure {
  Profile profile;
  double first_index;
  bool logarithmic;
  std::string x_label, y_label;
};

std::vector<Line> profile_lines(const RunFolder& folder, const Looks& looks,
                                const ProfileFigure& figure, const std::string& stack,
                                const std::string& init) {
  std::vector<Line> faint, bold;
  for (const Variant& v : looks.variants()) {
    std::vector<std::vector<Point>> curves;
    for (const Probe& probe : folder.probes) {
      const auto values = (probe.*figure.profile).find(stack);
      if (Variant{probe.placement, probe.norm} != v || probe.init != init ||
          values == (probe.*figure.profile).end())
        continue;
      std::vector<Point> curve;
      for (size_t i = 0; i < values->second.size(); ++i) {
        const double value = values->second[i];
        // Means of a logarithmic axis are geometric.
        curve.push_back({figure.first_index + static_cast<double>(i),
                         figure.logarithmic ? std::log(value) : value});
      }
      curves.push_back(std::move(curve));
    }
    if (curves.empty()) continue;
    std::vector<const std::vector<Point>*> pointers;
    for (const auto& curve : curves) pointers.push_back(&curve);
    std::vector<Point> mean = mean_curve(pointers);
    const auto unlog = [&](std::vector<Point> points) {
      for (Point& p : points) p.value = figure.logarithmic ? std::exp(p.value) : p.value;
      return points;
    };
    std::string text = label(v);
    if (figure.logarithmic && mean.size() > 1)
      text += " " + times(std::exp(mean.back().value - mean.front().value));
    for (const auto& curve : curves)
      faint.push_back({looks.of(v), false, "", "", "", {{"", unlog(curve), false}}, {}});
    bold.push_back(
        {looks.of(v), true, text, "", "", {{"", unlog(mean), mean.size() <= kMostMarkers}}, {}});
  }
  faint.insert(faint.end(), bold.begin(), bold.end());
  return faint;
}

std::string profile_panels(const RunFolder& folder, const Looks& looks,
                           const ProfileFigure& figure) {
  std::vector<std::string> stacks, inits;
  std::map<std::string, size_t> depth;
  Range range;
  for (const Probe& probe : folder.probes) {
    add_once(inits, probe.init);
    for (const auto& [stack, values] : probe.*figure.profile) {
      add_once(stacks, stack);
      depth[stack] = std::max(depth[stack], values.size());
      for (const double v : values) {
        if (!figure.logarithmic || v > 0) range.add(v);
      }
    }
  }
  if (range.is_empty()) return "";
  std::sort(stacks.begin(), stacks.end());
  std::string out;
  for (const std::string& stack : stacks) {
    for (const std::string& init : inits) {
      Panel panel;
      panel.title = capitalized(stack) + ", " + init + " initialisation";
      panel.x =
          layer_axis(figure.first_index, figure.first_index + static_cast<double>(depth[stack]) - 1,
                     figure.x_label);
      panel.y = figure.logarithmic
                    ? log_axis(range.low, range.high, figure.y_label)
                    : linear_axis(std::min(0.0, range.low), 1.05 * range.high, figure.y_label);
      panel.lines = profile_lines(folder, looks, figure, stack, init);
      panel.value_decimals = figure.logarithmic ? 0 : 2;
      panel.description = figure.y_label + " by " + figure.x_label + ", one line a norm and place";
      if (!panel.lines.empty()) out += draw(panel);
    }
  }
  return "<div class=\"panels\">" + out + "</div>\n";
}

}  // namespace

Looks::Looks(const RunFolder& folder, const Grid& grid) : variants_(grid.variants) {
  for (const Probe& p : folder.probes) add_once(variants_, Variant{p.placement, p.norm});
  for (const Variant& v : variants_) {
    add_once(norms_, v.norm);
    add_once(placements_, v.placement);
  }
}

Look Looks::of(const Variant& v) const {
  return {index_of(variants_, v) % kColors, index_of(norms_, v.norm) % kDashes,
          index_of(placements_, v.placement) % kMarkers};
}

// Of a run alone both curves are shown at once: what lies between them is the gap.
std::string single_run_panel(const Run& run, const Axis& x, const Axis& y, const Look& look) {
  Panel panel;
  panel.title = run.name;
  panel.description = "validation and training loss by step";
  panel.x = x;
  panel.y = y;
  const auto valid = thinned(run.valid_curve, kPointsPerCurve);
  const auto train = thinned(run.train_curve, kPointsPerCurve);
  const Look dotted{look.color, 2, look.marker};
  panel.lines.push_back({look,
                         false,
                         "",
                         run_attributes(run, 0),
                         "",
                         {{"", valid, false}},
                         run.diverged_at_step,
                         ""});
  panel.lines.push_back({dotted, true, "training", "", "", {{"", train, false}}, {}, ""});
  panel.lines.push_back(
      {look, true, "validation", "", "", {{"", valid, valid.size() <= kMostMarkers}}, {}, ""});
  return draw(panel);
}

std::string loss_panels(const RunFolder& folder, const Grid& grid, const Looks& looks) {
  const Axis y = loss_axis(folder), x = linear_axis(0, last_step(folder), "step");
  std::string out = "<div class=\"panels\">";
  if (!folder.is_comparison) {
    return out + single_run_panel(folder.runs[0], x, y, looks.of(grid.variants[0])) + "</div>\n";
  }
  for (size_t s = 0; s < grid.settings.size(); ++s) {
    Panel panel;
    panel.title = grid.words(grid.settings[s]);
    panel.x = x;
    panel.y = y;
    std::vector<Line> bold;
    for (size_t i = 0; i < grid.configurations.size(); ++i) {
      const Configuration& c = grid.configurations[i];
      if (c.setting != s) continue;
      const Variant& variant = grid.variant_of(c);
      for (const size_t r : c.runs) {
        const Run& run = folder.runs[r];
        Line line{looks.of(variant),   false, "", run_attributes(run, i), "", {},
                  run.diverged_at_step};
        line.title = label(variant) + ", seed " + std::to_string(run.seed) + ", " +
                     (run.done() ? "final loss " + fixed(*run.valid_loss, 3) : run.status);
        line.traces = {{"valid", thinned(run.valid_curve, kPointsPerCurve), false},
                       {"train", thinned(run.train_curve, kPointsPerCurve), false}};
        panel.lines.push_back(std::move(line));
      }
      bold.push_back(mean_line(folder, c, variant, looks.of(variant), i));
      panel.description += label(variant) + " " + loss_words(c) + ". ";
    }
    panel.lines.insert(panel.lines.end(), bold.begin(), bold.end());
    if (folder.unigram_loss)
      panel.level = Level{*folder.unigram_loss,
                          (folder.has_pictures() ? "classes alone " : "unigram ") +
                              fixed(*folder.unigram_loss, 2)};
    out += draw(panel);
  }
  return out + "</div>\n";
}

std::string learning_rate_panels(const Grid& grid, const Looks& looks) {
  Range lrs, losses;
  std::vector<double> distinct;
  for (const Configuration& c : grid.configurations) {
    const double lr = grid.setting_of(c).lr;
    if (!(lr > 0)) continue;
    add_once(distinct, lr);
    lrs.add(lr);
    if (c.done > 0) losses.add(c.valid.mean);
  }
  if (distinct.size() < 3 || losses.is_empty()) return "";
  const double margin = 0.06 * (losses.high - losses.low);
  std::map<std::string, Panel> panels;
  Grid no_lr = grid;
  for (size_t v = 0; v < grid.variants.size(); ++v) {
    std::map<std::string, Line> lines;
    for (const Configuration& c : grid.configurations) {
      const Setting& s = grid.setting_of(c);
      if (c.variant != v || !(s.lr > 0)) continue;
      // Settings that differ only in the learning rate share a panel: their words from the first
      // separator on.
      std::string key = grid.words(s).substr(("lr " + plain(s.lr)).size());
      key.erase(0, key.find_first_not_of(" ,"));
      Line& line = lines[key];
      if (line.traces.empty()) {
        line = {looks.of(grid.variants[v]), true, label(grid.variants[v]), "", "",
                {{"", {}, true}},           {}};
      }
      if (c.done > 0) line.traces[0].points.push_back({s.lr, c.valid.mean});
      if (c.diverged > 0) line.diverged_at = s.lr;
    }
    for (auto& [key, line] : lines) panels[key].lines.push_back(std::move(line));
  }
  std::string out = "<div class=\"panels\">";
  for (auto& [key, panel] : panels) {
    panel.title = capitalized(key);
    panel.x = log_axis(lrs.low, lrs.high, "learning rate");
    if (distinct.size() <= kMostRateTicks) panel.x.ticks = distinct;
    panel.y = linear_axis(losses.low - margin, losses.high + margin,
                          "final validation loss, nats");
    panel.description =
        "mean final loss by learning rate; a cross on the upper edge where runs diverged";
    out += draw(panel);
  }
  return out + "</div>\n";
}

std::string gradient_panels(const RunFolder& folder, const Looks& looks) {
  return profile_panels(folder, looks,
                        {&Probe::gradient_norm, 1, true, "layer",
                         folder.has_pictures()
                             ? "gradient norm of the layer's matrix, log scale"
                             : "gradient norm of the FFN's second matrix, log scale"});
}

std::string stream_panels(const RunFolder& folder, const Looks& looks) {
  return profile_panels(folder, looks,
                        {&Probe::stream_rms, 0, false,
                         folder.has_pictures() ? "depth (0 is the picture)"
                                               : "depth (0 is the embedding)",
                         "root mean square of the stream"});
}

}  // namespace norma::lab::report
