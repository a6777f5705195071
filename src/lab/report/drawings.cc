// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/drawings.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "lab/report/charts.h"
#include "lab/report/markup.h"
#include "lab/report/words.h"

namespace norma::lab::report {

std::string placement_drawing(const std::string& placement) {
  struct Boxes {
    const char* name;
    bool before, inside, after_branch, after_sum;
    const char* words;
  };
  static constexpr Boxes kKnown[] = {
      {"none", false, false, false, false, "no norm"},
      {"post", false, false, false, true, "the norm stands on the stream, after each sum"},
      {"pre", true, false, false, false, "the norm stands in the branch, before each sub-layer"},
      {"parallel", true, false, false, false, "one norm stands before the sub-layers of a block"},
      {"parallel_two", true, false, false, false, "a norm stands before each parallel sub-layer"},
      {"peri_embedding", true, false, true, false, "norms before and after each, one first of all"},
      {"gpas", true, false, false, false, "the norm stands before each sub-layer, the stream less"},
      {"hybrid_star", false, true, false, true, "as hybrid, its first block's before"},
      {"peri", true, false, true, false, "norms stand before and after each sub-layer"},
      {"olmo2", false, false, true, false, "the norm stands in the branch, after each sub-layer"},
      {"deepnorm", false, false, false, true, "the norm stands after each sum, the stream larger"},
      {"admin", false, false, false, true, "the norm stands after each sum with a scaled stream"},
      {"sub_ln", true, true, false, false, "norms stand before and inside each sub-layer"},
      {"lns", true, false, false, false, "the norm stands before each sub-layer, less with depth"},
      {"mix", true, false, false, true, "after each sum in the first quarter, then before"},
      {"normformer", true, true, true, false, "norms stand before, inside and after sub-layers"},
      {"hybrid", false, true, false, true, "norms stand inside attention and after its sum"},
      {"b2t", false, false, false, true, "the norm stands after each sum, with a block's bottom"},
      {"residual", false, false, false, true, "after each sum, beside a plain stream"},
      {"dlcl", true, false, false, false, "norms stand before each sub-layer and on all blocks"},
      {"keel", true, false, false, true, "norms stand before each sub-layer and after each sum"},
      {"siamese", true, false, false, true, "norms of two streams, before and after"},
      {"ngpt", false, true, true, true, "queries, keys, branches and the stream have length 1"},
      {"layerscale", true, false, false, false, "the norm stands before each sub-layer"},
      {"rezero", false, false, false, false, "no norm"},
      {"gates", false, true, false, false, "norms stand inside the cell, before its gates"},
      {"per_gate", false, true, false, false, "norms stand inside the cell, one a gate"},
      {"cell", false, true, false, false, "the norm stands inside the cell, on its memory"},
  };
  const Boxes* boxes = std::find_if(std::begin(kKnown), std::end(kKnown),
                                    [&](const Boxes& b) { return placement == b.name; });
  if (boxes == std::end(kKnown)) return "";
  const auto norm = [](int x, int y) {
    return fmt::format(
        "<rect class=\"norm\" x=\"{}\" y=\"{}\" width=\"7\" height=\"12\" rx=\"1.5\"/>", x, y);
  };
  std::string out = fmt::format(
      "<svg class=\"block\" viewBox=\"0 0 96 30\" width=\"77\" height=\"24\" role=\"img\" "
      "aria-label=\"{0}\"><title>{0}</title>"
      "<path d=\"M1 23H90M14 23V8H66V18M90 20l4 3-4 3\"/><rect class=\"layer\" x=\"33\" y=\"2\" "
      "width=\"18\" height=\"12\" rx=\"2\"/>"
      "<circle class=\"sum\" cx=\"66\" cy=\"23\" r=\"4.5\"/><path d=\"M63.5 23h5M66 20.5v5\"/>",
      boxes->words);
  if (boxes->before) out += norm(20, 2);
  if (boxes->inside) out += norm(38, 2);
  if (boxes->after_branch) out += norm(56, 2);
  if (boxes->after_sum) out += norm(76, 17);
  return out + "</svg>";
}

LossStrip::LossStrip(const RunFolder& folder, const Grid& grid, const Looks& looks)
    : folder_(folder), grid_(grid), looks_(looks) {
  std::vector<double> losses;
  for (const Run& run : folder.runs) {
    if (run.done() && drawable(*run.valid_loss)) losses.push_back(*run.valid_loss);
    some_diverged_ |= run.diverged();
  }
  is_empty_ = losses.empty();
  if (is_empty_) return;
  if (folder.unigram_loss && drawable(*folder.unigram_loss)) losses.push_back(*folder.unigram_loss);
  const Summary s = summarize(losses);
  const double margin = s.high > s.low ? 0.05 * (s.high - s.low) : 0.5;
  low_ = s.low - margin;
  high_ = s.high + margin;
}

constexpr double kStripWidth = 116, kStripHeight = 22;

std::string LossStrip::head() const {
  if (is_empty_) return "";
  return std::string("<span class=\"ends") + (some_diverged_ ? " short" : "") + "\"><span>" +
         fixed(low_, 1) + "</span><span>" + fixed(high_, 1) + "</span></span>";
}

std::string LossStrip::row(const Configuration& c) const {
  // Diverged runs have a place of their own, right of the axis.
  const double width = some_diverged_ ? kStripWidth - 16 : kStripWidth;
  const auto x_of = [&](double loss) { return (loss - low_) / (high_ - low_) * width; };
  std::string out = fmt::format(
      "<svg class=\"strip v{} d0\" viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" role=\"img\" "
      "aria-label=\"each seed\">",
      looks_.of(grid_.variant_of(c)).color, kStripWidth, kStripHeight, kStripWidth, kStripHeight);
  out += fmt::format("<path class=\"axis\" d=\"M0 {}h{}\"/>", kStripHeight / 2, width);
  if (folder_.unigram_loss && !is_empty_) {
    out += fmt::format("<path class=\"level\" d=\"M{} 1v20\"/>",
                       coordinate(x_of(*folder_.unigram_loss)));
  }
  for (const size_t i : c.runs) {
    const Run& run = folder_.runs[i];
    if (!run.done() || !drawable(*run.valid_loss)) continue;
    out += "<g><title>seed " + std::to_string(run.seed) + ": " + fixed(*run.valid_loss, 3) +
           "</title>" +
           marker(looks_.of(grid_.variant_of(c)), x_of(*run.valid_loss), kStripHeight / 2, 4) +
           "</g>";
  }
  if (c.diverged > 0) {
    out += fmt::format(
        "<path class=\"cross\" d=\"M{} 7l8 8m0 -8l-8 8\"><title>diverged</title></path>",
        kStripWidth - 9);
  }
  return out + "</svg>";
}

}  // namespace norma::lab::report
