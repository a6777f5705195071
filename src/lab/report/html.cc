// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/report/configuration_table.h"
#include "lab/report/contrasts.h"
#include "lab/report/cost.h"
#include "lab/report/figures.h"
#include "lab/report/markup.h"
#include "lab/report/page_assets.h"
#include "lab/report/verdict.h"
#include "lab/report/words.h"

namespace norma::lab::report {
namespace {

constexpr size_t kSamplesShown = 4;

struct Page {
  const RunFolder& folder;
  Grid grid;
  Looks looks;
  std::vector<Contrast> contrasts;
};

std::string paragraph(const std::string& text) { return "<p>" + escape(text) + "</p>\n"; }

std::string section(const std::string& id, const std::string& title, const std::string& body) {
  if (body.empty()) return "";
  return fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}</section>\n", escape(id), escape(title),
                     body);
}

std::string table_of(const Table& table) {
  if (table.rows.empty()) return "";
  std::string out = "<div class=\"scroll\"><table class=\"numbers\"><thead><tr>";
  const auto css = [&](size_t column) {
    const bool is_last = column + 1 == table.header.size();
    return column >= table.text_columns && !(is_last && table.ends_in_words) ? " class=\"number\""
                                                                             : "";
  };
  for (size_t i = 0; i < table.header.size(); ++i)
    out += fmt::format("<th scope=\"col\"{}>{}</th>", css(i), escape(table.header[i]));
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      out += fmt::format("<td{}>{}</td>", css(i), escape(row[i]));
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

// Findings beside their numbers.
std::string contrast_body(const Contrast& c) {
  std::string words;
  for (const std::string& finding : c.findings) words += paragraph(finding);
  if (!c.rule.empty()) words += "<p class=\"rule\">" + escape(c.rule) + "</p>\n";
  const std::string table = table_of(c.table);
  if (table.empty()) return "<div class=\"findings\">" + words + "</div>\n";
  return "<div class=\"contrast\"><div class=\"findings\">" + words + "</div>" + table + "</div>\n";
}

std::string contrast_section(const Page& page, const std::string& id, const std::string& figure) {
  for (const Contrast& c : page.contrasts) {
    if (c.id == id) return section(id, c.title, figure + contrast_body(c));
  }
  return figure.empty() ? "" : section(id, capitalized(id), figure);
}

std::string header(const Page& page) {
  const RunFolder& f = page.folder;
  const Verdict verdict = make_verdict(f, page.grid);
  std::string out =
      "<header>\n<p class=\"eyebrow\">Norma report \u00b7 " + escape(f.name) + "</p>\n";
  out += "<h1 id=\"verdict\">" + escape(verdict.lead) + "</h1>\n<p class=\"scope\">" +
         escape(verdict.scope) + ".</p>\n";
  std::string items;
  for (const auto* list : {&verdict.sentences, &verdict.also}) {
    for (const std::string& s : *list) items += "<li>" + escape(sentence(s)) + "</li>\n";
  }
  if (!items.empty()) out += "<ul class=\"evidence\">" + items + "</ul>\n";
  if (f.status != "done") {
    out += paragraph("This " + std::string(f.is_comparison ? "comparison" : "run") +
                     " is not complete: its status is " + f.status + ".");
  }
  return out + "</header>\n";
}

std::string curves_section(const Page& page) {
  const std::string panels = loss_panels(page.folder, page.grid, page.looks);
  if (!page.folder.is_comparison) return section("curves", "Loss curves", panels);
  std::string words = "All panels share their axes; the first steps may lie above them.";
  if (page.folder.runs.size() > page.grid.configurations.size()) {
    words = "Each seed is a faint line, the mean over seeds that finished a bold one. " + words;
  }
  if (page.folder.unigram_loss && !page.folder.has_pictures()) {
    words += " Unigram is the loss of word frequencies alone.";
  }
  const auto choice = [](const char* id, const char* name, const char* state) {
    return fmt::format(
        "<input type=\"radio\" name=\"kind\" id=\"{0}\"{2}><label for=\"{0}\">{1}</label>", id,
        name, state);
  };
  return section("curves", "Loss curves",
                 "<p class=\"lead\">" + escape(words) + "</p>\n<div class=\"curves\">" +
                     choice("show-valid", "validation", " checked") +
                     choice("show-train", "training", "") + panels + "</div>\n");
}

std::string stream_section(const Page& page) {
  const std::string panels = stream_panels(page.folder, page.looks);
  if (panels.empty()) return "";
  return section("stream", "Activations by depth at initialisation",
                 std::string("<p class=\"lead\">Root mean square of ") +
                     (page.folder.has_pictures()
                          ? "the picture and of what each hidden layer hands on"
                          : "the stream after the embedding and after each block (before a final "
                            "norm)") +
                     ", before the first step.</p>\n" +
                     panels);
}

std::string quartile_words(const std::optional<std::pair<double, double>>& quartiles) {
  return quartiles ? fixed(quartiles->first, 1) + " to " + fixed(quartiles->second, 1) : "";
}

std::string cost_bar(const Timing& t, double most, size_t color) {
  const auto width = [&](double ns) {
    return most > 0 ? std::clamp(200 * ns / most, 0.0, 200.0) : 0.0;
  };
  const double forward = width(t.forward_ns_per_row);
  return fmt::format(
      "<svg class=\"bar v{}\" viewBox=\"0 0 200 16\" width=\"200\" height=\"16\" role=\"img\" "
      "aria-label=\"forward, then backward\">"
      "<rect class=\"forward\" x=\"0\" y=\"1\" width=\"{}\" height=\"14\"/><rect "
      "class=\"backward\" x=\"{}\" y=\"1\" width=\"{}\" height=\"14\"/></svg>",
      color, coordinate(forward), coordinate(forward), coordinate(width(t.backward_ns_per_row)));
}

std::string cost_section(const Page& page) {
  const auto& timing = page.folder.timing;
  if (timing.empty()) return "";
  double most = 0;
  bool has_quartiles = false;
  for (const Timing& t : timing) {
    most = std::max(most, t.forward_ns_per_row + t.backward_ns_per_row);
    has_quartiles |= t.forward_quartiles.has_value();
  }
  std::string body =
      "<div class=\"scroll\"><table class=\"numbers\"><thead><tr><th scope=\"col\">norm</th><th "
      "scope=\"col\">rows x cols, threads</th>"
      "<th scope=\"col\">forward (solid) and backward (outlined)</th><th scope=\"col\" "
      "class=\"number\">forward, ns/row</th>"
      "<th scope=\"col\" class=\"number\">backward, ns/row</th>";
  body += std::string(has_quartiles ? "<th scope=\"col\" class=\"number\">quartiles</th>" : "") +
          "<th scope=\"col\" class=\"number\">step, ms</th><th scope=\"col\" "
          "class=\"number\">share of step</th>"
          "<th scope=\"col\" class=\"number\">saved, bytes/row</th><th scope=\"col\" "
          "class=\"number\">samples</th></tr></thead><tbody>\n";
  for (const Timing& t : timing) {
    const Variant variant{t.placement, t.norm};
    body += "<tr><td>" + escape(label(variant)) + "</td><td>" + thousands(t.rows) + " x " +
            thousands(t.cols) + ", " + plain(t.threads) + "</td><td>" +
            cost_bar(t, most, page.looks.of(variant).color) + "</td>";
    const auto number = [&](const std::string& text) {
      body += "<td class=\"number\">" + text + "</td>";
    };
    number(fixed(t.forward_ns_per_row, 1));
    number(fixed(t.backward_ns_per_row, 1));
    if (has_quartiles)
      number(quartile_words(t.forward_quartiles) + "; " + quartile_words(t.backward_quartiles));
    number(t.step_ms ? fixed(*t.step_ms, 1) : "");
    number(t.norm_share_of_step ? percent(*t.norm_share_of_step) : "");
    number(t.saved_bytes_per_row ? thousands(*t.saved_bytes_per_row) : "");
    number(t.samples > 0 ? plain(t.samples) : "");
    body += "</tr>\n";
  }
  body +=
      "</tbody></table></div>\n<p class=\"rule\">Medians of paired samples, the norm alone. The "
      "share is that of all norms of the model in one training step. Saved is what one norm keeps "
      "for its backward pass: its input and the statistics of each row.</p>\n";
  return section("cost", "What the norm costs", body);
}

// The same sources under every variant, each by its first finished run in the setting that has most
// variants.
std::string samples_list(const Page& page) {
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> outputs;
  std::vector<Sample> sources;
  for (size_t v = 0; v < page.grid.variants.size(); ++v) {
    const Run* best = nullptr;
    for (const Run& run : page.folder.runs) {
      const bool is_variant = Variant{run.placement, run.norm} == page.grid.variants[v];
      if (!is_variant || !run.done() || run.samples.empty()) continue;
      if (best == nullptr || *run.valid_loss < *best->valid_loss) best = &run;
    }
    if (best == nullptr) continue;
    for (const Sample& s : best->samples) {
      if (!outputs.count(s.source)) sources.push_back(s);
      outputs[s.source].emplace_back(label(page.grid.variants[v]), s.hypothesis);
    }
  }
  std::string out;
  for (size_t i = 0; i < sources.size() && i < kSamplesShown; ++i) {
    out += "<dl class=\"sample\"><dt>source</dt><dd>" + escape(sources[i].source) + "</dd>";
    if (!sources[i].reference.empty())
      out += "<dt>reference</dt><dd>" + escape(sources[i].reference) + "</dd>";
    for (const auto& [name, words] : outputs[sources[i].source])
      out += "<dt>" + escape(name) + "</dt><dd>" + escape(words) + "</dd>";
    out += "</dl>\n";
  }
  return out.empty() ? ""
                     : "<div class=\"samples\">" + out +
                           "</div><p class=\"rule\">Each variant's output is that of its run with "
                           "the lowest validation loss.</p>\n";
}

std::string translation_section(const Page& page) {
  std::string body;
  for (const Contrast& c : page.contrasts) {
    if (c.id == "bleu") body = contrast_body(c);
  }
  return section("translation",
                 page.folder.is_comparison || !body.empty() ? "Translation" : "Samples",
                 body + samples_list(page));
}

std::string provenance_section(const Page& page) {
  std::string out = "<dl class=\"provenance\">\n";
  const auto item = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) out += "<dt>" + escape(key) + "</dt><dd>" + escape(value) + "</dd>\n";
  };
  for (auto [key, value] : page.folder.environment) {
    std::replace(key.begin(), key.end(), '_', ' ');
    item(key, value);
  }
  if (!page.folder.runs.empty()) {
    std::string data;
    for (const auto& [key, value] : page.folder.runs[0].data)
      data += (data.empty() ? "" : ", ") + key + " " + value;
    item("data", data);
    std::vector<std::string> seeds;
    for (const Run& run : page.folder.runs) {
      const std::string seed = std::to_string(run.seed);
      if (std::find(seeds.begin(), seeds.end(), seed) == seeds.end()) seeds.push_back(seed);
    }
    item("seeds", joined(seeds));
    std::string same;
    for (const auto& [key, value] : page.folder.runs[0].choices) {
      const auto& varying = page.grid.varying_choices;
      if (std::find(varying.begin(), varying.end(), key) == varying.end())
        same += (same.empty() ? "" : ", ") + key + " " + value;
    }
    item("the same in all runs", same);
  }
  out += "</dl>\n";
  if (!page.folder.config_toml.empty()) {
    out += "<details><summary>config.toml</summary><pre>" + escape(page.folder.config_toml) +
           "</pre></details>\n";
  }
  return section("provenance", "Where this comes from", out);
}

std::string reading_section(const RunFolder& folder) {
  return section(
      "reading", "How to read it",
      paragraph("Losses are nats a " + folder.unit() +
                " on held-out data. After a loss, \u00b1 is the standard deviation over seeds; "
                "after a difference, half the 95 % interval of "
                "Student's t, paired by seed: the same seed means the same initial weights where "
                "shapes agree and the same data in the same order.") +
          paragraph("A difference is a tie where its interval holds 0, or where it is below " +
                    fixed(kTieMargin, 2) + " nats; where that interval reaches further than " +
                    fixed(kWideInterval, 2) +
                    " nats to either side, the runs show no difference and no equality either. "
                    "Diverged runs decide before losses where their shares are at least " +
                    percent(kDivergedGap) + " apart. Fewer than " + std::to_string(kMinSeeds) +
                    " seeds decide nothing. A run whose loss stops being finite counts as diverged "
                    "and has no final loss. "
                    "Every sentence on this page is derived from the numbers of the run folder by "
                    "such rules; none says what was expected."));
}

}  // namespace

std::string make_page(const RunFolder& folder) {
  Grid grid = make_grid(folder.runs);
  const Looks looks(folder, grid);
  const std::vector<Contrast> contrasts = make_contrasts(folder, grid);
  const Page page{folder, std::move(grid), looks, contrasts};
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
      "name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n";
  out += "<title>" + escape(folder.name) + " \u2013 Norma report</title>\n<style>" +
         std::string(kStyle) + "</style>\n</head>\n<body>\n<main>\n";
  out += header(page) + configuration_table(folder, page.grid, looks) + curves_section(page);
  if (const std::string panels = learning_rate_panels(page.grid, looks); !panels.empty()) {
    out += section("learning-rates", "Loss by learning rate", panels);
  }
  for (const char* id : {"without-warmup", "warmup", "placements", "norms"})
    out += contrast_section(page, id, "");
  out += contrast_section(page, "gradients", gradient_panels(folder, looks)) + stream_section(page);
  out += contrast_section(page, "initialisation", "") +
         contrast_section(page, "batch-size", "") + cost_section(page) +
         contrast_section(page, "independence", "");
  out += translation_section(page) + provenance_section(page) + reading_section(page.folder);
  return out + "</main>\n<div id=\"readout\" hidden></div>\n<script>" + std::string(kScript) +
         "</script>\n</body>\n</html>\n";
}

}  // namespace norma::lab::report
