// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/configuration_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "lab/report/cost.h"
#include "lab/report/drawings.h"
#include "lab/report/markup.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

struct Cell {
  std::string html;
  double sort = NAN;  // nan: stands last in either direction
};

struct Column {
  std::string title;
  std::string css;
  std::string head;  // HTML below the title; may be empty
  bool is_sorted = true;
  std::function<Cell(const Configuration&)> cell;
};

std::vector<size_t> rows_by_loss(const Grid& grid) {
  std::vector<size_t> order(grid.configurations.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const Configuration &x = grid.configurations[a], &y = grid.configurations[b];
    return std::pair(x.done == 0, x.valid.mean) < std::pair(y.done == 0, y.valid.mean);
  });
  return order;
}

Cell number(const std::string& text, double sort) { return {escape(text), sort}; }

Cell spread(const Summary& s, int decimals, bool is_signed) {
  if (s.n == 0) return {};
  const int digits = std::max(decimals, s.n > 1 && decimals > 1 ? decimals_for(s.sd) : decimals);
  std::string text = is_signed ? signed_fixed(s.mean, digits) : fixed(s.mean, digits);
  if (s.n > 1) text += " \u00b1 " + fixed(s.sd, digits);
  return number(text, s.mean);
}

bool any(const Grid& grid, size_t Summary::*n, Summary Configuration::*summary) {
  return std::any_of(grid.configurations.begin(), grid.configurations.end(),
                     [&](const Configuration& c) { return c.*summary.*n > 0; });
}

void add_setting_columns(const Grid& grid, std::vector<Column>& columns) {
  columns.push_back({"lr", "number", "", true, [&](const Configuration& c) {
                       return number(plain(grid.setting_of(c).lr), grid.setting_of(c).lr);
                     }});
  columns.push_back({"warm-up", "number", "", true, [&](const Configuration& c) {
                       const int64_t steps = grid.setting_of(c).warmup_steps;
                       return number(steps == 0 ? "none" : std::to_string(steps),
                                     static_cast<double>(steps));
                     }});
  if (grid.names_init) {
    columns.push_back({"init", "", "", false, [&](const Configuration& c) {
                         return Cell{escape(grid.setting_of(c).init), NAN};
                       }});
  }
  for (const std::string& key : grid.varying_choices) {
    columns.push_back({key, "", "", false, [&grid, key](const Configuration& c) {
                         const auto& choices = grid.setting_of(c).choices;
                         return Cell{choices.count(key) ? escape(choices.at(key)) : "", NAN};
                       }});
  }
}

void add_cost_columns(const RunFolder& folder, const Grid& grid, std::vector<Column>& columns) {
  const auto cost = [&](const char* title, std::optional<double> Timing::*value,
                        std::string (*words)(double)) {
    const bool measured = std::any_of(folder.timing.begin(), folder.timing.end(),
                                      [&](const Timing& t) { return (t.*value).has_value(); });
    if (!measured) return;
    columns.push_back(
        {title, "number", "", true, [&folder, &grid, value, words](const Configuration& c) {
           const Timing* t = timing_of(folder, grid.variant_of(c));
           return t != nullptr && t->*value ? number(words(*(t->*value)), *(t->*value)) : Cell{};
         }});
  };
  cost("norm, % of step", &Timing::norm_share_of_step, percent);
  cost("saved B/row", &Timing::saved_bytes_per_row, thousands);
}

std::vector<Column> make_columns(const RunFolder& folder, const Grid& grid, const Looks& looks,
                                 const LossStrip& strip) {
  std::vector<Column> columns;
  columns.push_back(
      {"configuration", "what", "", false, [&](const Configuration& c) {
         const Variant& v = grid.variant_of(c);
         const Look look = looks.of(v);
         return Cell{fmt::format("{}<svg class=\"key v{} d{}\" viewBox=\"0 0 30 12\" width=\"30\" "
                                 "height=\"12\" aria-hidden=\"true\"><path d=\"M1 6h28\"/>{}</svg>"
                                 "<span>{}</span>",
                                 placement_drawing(v.placement), look.color, look.dash,
                                 marker(look, 15, 6, 3.5), escape(label(v))),
                     NAN};
       }});
  add_setting_columns(grid, columns);
  columns.push_back(
      {"validation loss", "number loss", "", true, [&](const Configuration& c) {
         return c.done > 0 ? number(loss_words(c), c.valid.mean) : Cell{escape(loss_words(c)), NAN};
       }});
  columns.push_back({"each seed", "seeds", strip.head(), false, [&](const Configuration& c) {
                       return Cell{strip.row(c), NAN};
                     }});
  if (any(grid, &Summary::n, &Configuration::gap)) {
    columns.push_back(
        {"gap", "number", "", true, [](const Configuration& c) { return spread(c.gap, 2, true); }});
  }
  if (any(grid, &Summary::n, &Configuration::bleu)) {
    columns.push_back({"BLEU", "number", "", true,
                       [](const Configuration& c) { return spread(c.bleu, 1, false); }});
  }
  if (any(grid, &Summary::n, &Configuration::accuracy)) {
    columns.push_back({"accuracy", "number", "", true, [](const Configuration& c) {
                         if (c.accuracy.n == 0) return Cell{};
                         const Summary& s = c.accuracy;
                         const std::string sd = s.n > 1 ? " \u00b1 " + fixed(100 * s.sd, 1) : "";
                         return number(percent(s.mean) + sd, s.mean);
                       }});
  }
  columns.push_back({"diverged", "number", "", true, [](const Configuration& c) {
                       return number(
                           fmt::format("{}/{}", c.diverged, c.runs.size()),
                           static_cast<double>(c.diverged) / static_cast<double>(c.runs.size()));
                     }});
  if (any(grid, &Summary::n, &Configuration::tokens_per_s)) {
    columns.push_back({folder.unit() + "s/s", "number", "", true, [](const Configuration& c) {
                         return c.tokens_per_s.n == 0
                                    ? Cell{}
                                    : number(thousands(c.tokens_per_s.mean), c.tokens_per_s.mean);
                       }});
  }
  add_cost_columns(folder, grid, columns);
  return columns;
}

// The lowest loss of the table and what is not told apart from it, by the same rule as the verdict.
bool is_best(const Grid& grid, const Configuration& c, const Configuration& best) {
  if (c.done == 0) return false;
  return &c == &best ||
         (grid.configurations.size() > 1 && compare(c, best).outcome == Outcome::kTie);
}

}  // namespace

std::string configuration_table(const RunFolder& folder, const Grid& grid, const Looks& looks) {
  if (grid.configurations.empty()) return "";
  const LossStrip strip(folder, grid, looks);
  const std::vector<Column> columns = make_columns(folder, grid, looks, strip);
  const std::vector<size_t> order = rows_by_loss(grid);
  std::string out =
      "<section id=\"configurations\"><h2 class=\"sr\">Configurations</h2>\n<div "
      "class=\"scroll\"><table class=\"main\"><thead><tr>";
  for (const Column& column : columns) {
    const bool is_loss = column.css == "number loss";
    const std::string title = escape(column.title);
    out += fmt::format("<th scope=\"col\" class=\"{}\"{}>{}{}</th>", column.css,
                       is_loss ? " aria-sort=\"ascending\"" : "",
                       column.is_sorted ? "<button type=\"button\">" + title + "</button>" : title,
                       column.head);
  }
  out += "</tr></thead><tbody>\n";
  const Configuration& best = grid.configurations[order[0]];
  for (const size_t i : order) {
    const Configuration& c = grid.configurations[i];
    const bool marked = grid.configurations.size() > 1 && is_best(grid, c, best);
    out += fmt::format("<tr data-config=\"c{}\"{}>", i, marked ? " class=\"best\"" : "");
    for (const Column& column : columns) {
      const Cell cell = column.cell(c);
      const std::string sort = column.is_sorted && std::isfinite(cell.sort)
                                   ? " data-sort=\"" + plain(cell.sort) + "\""
                                   : "";
      out += "<td class=\"" + column.css + "\"" + sort + ">" + cell.html + "</td>";
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n<p class=\"rule\">";
  if (grid.configurations.size() > 1)
    out +=
        "Marked with a bar and bold: the lowest mean loss, and what ties with it or is not told "
        "apart from it. ";
  out += "\u00b1 is the standard deviation over seeds; the gap is validation minus training loss";
  if (folder.unigram_loss)
    out += "; the dashed line is the " +
           (folder.has_pictures() ? "loss of " + folder.frequencies() + " alone, "
                                  : "unigram loss (" + folder.frequencies() + " alone), ") +
           fixed(*folder.unigram_loss, 2);
  if (any(grid, &Summary::n, &Configuration::tokens_per_s) && grid.configurations.size() > 1)
    out += "; " + folder.unit() +
           "s/s is what a run reached with its neighbours training beside it";
  return out + ".</p>\n</section>\n";
}

}  // namespace norma::lab::report
