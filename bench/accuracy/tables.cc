// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/accuracy/tables.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <set>
#include <utility>

namespace norma::accuracy {
namespace {

constexpr NormKind kKinds[] = {NormKind::kLayerNorm, NormKind::kRmsNorm};
constexpr DType kTypes[] = {DType::kF32, DType::kBF16, DType::kF16};

__attribute__((format(printf, 1, 2))) std::string text(const char* format, ...) {
  char buffer[64];
  va_list args;
  va_start(args, format);
  std::vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  return buffer;
}

// NaN or infinity in place of a number.
constexpr const char* kLost = "lost";

std::string number(double v) {
  if (!std::isfinite(v)) return kLost;
  if (v == 0) return "0";
  if (v >= 1000 || v < 0.0005) return text("%.1e", v);
  return text(v >= 10 ? "%.1f" : "%.3f", v);
}

std::string power_of_two(double v) {
  if (!std::isfinite(v)) return kLost;
  return v == 0 ? "0" : text("2^%.1f", std::log2(v));
}

std::string promises(const Report& report) { return report.broken().empty() ? "kept" : "BROKEN"; }

std::string row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

std::string head(const std::vector<std::string>& titles) {
  std::string rule = "|";
  for (size_t i = 0; i < titles.size(); ++i) rule += i == 0 ? " --- |" : " ---: |";
  return row(titles) + rule + "\n";
}

const char* title(NormKind kind) {
  constexpr const char* kTitles[] = {"LayerNorm", "RMSNorm", "L2 norm", "CRMSNorm"};
  return kTitles[static_cast<size_t>(kind)];
}

Report of_plain(const std::vector<Entry>& entries, NormKind kind, DType dtype) {
  return merged(entries, [&](const Entry& e) {
    return e.kind == kind && e.dtype == dtype && e.variant == "plain";
  });
}

std::string y_promised(NormKind kind, DType dtype) {
  if (kind == NormKind::kLayerNorm) return "1/2 ulp + 2^-17";
  return dtype == DType::kF32 ? "11 ulp" : dtype == DType::kBF16 ? "0.501 ulp" : "0.502 ulp";
}

std::string y_seen(NormKind kind, const Seen& y) {
  if (kind == NormKind::kLayerNorm) {
    return "1/2 ulp" + (y.worst_excess == 0 ? "" : " + " + power_of_two(y.worst_excess));
  }
  return text(y.worst_ulps < 1 ? "%.4f ulp" : "%.2f ulp", y.worst_ulps);
}

std::string summary(const std::vector<Entry>& entries) {
  std::string page = "## Promised and seen\n\n" +
                     head({"norm, rows", "y: promised", "seen", "dx: promised", "seen",
                           "dweight: promised", "seen", "dbias: promised", "seen", "promises"});
  for (const NormKind kind : kKinds) {
    const bool layer_norm = kind == NormKind::kLayerNorm;
    for (const DType dtype : kTypes) {
      const Report r = of_plain(entries, kind, dtype);
      page +=
          row({std::string(title(kind)) + ", " + name_of(dtype), y_promised(kind, dtype),
               y_seen(kind, r.y), layer_norm ? "2^-15" : "2^-18", power_of_two(r.dx.worst_excess),
               layer_norm ? "2^-17" : "2^-18", power_of_two(r.dweight.worst_excess), "2^-19",
               power_of_two(r.dbias.worst_excess), promises(r)});
    }
  }
  return page;
}

struct Column {
  std::string title;
  std::function<std::string(const Report&)> cell;
};
using Columns = std::vector<Column>;
// What of a Seen is shown.
using Quantity = Seen Report::*;

Column worst(const std::string& what, Quantity of) {
  return {what + "worst ulp", [of](const Report& r) {
            return (r.*of).count == 0 ? std::string() : number((r.*of).worst_ulps);
          }};
}
Column mean(Quantity of) {
  return {"mean ulp", [of](const Report& r) { return number((r.*of).mean_ulps()); }};
}
// Says more than a mean does where a few results cancel.
std::string share_above_one(const Seen& seen) {
  if (seen.above_one_ulp == 0) return "none";
  const double percent =
      100.0 * static_cast<double>(seen.above_one_ulp) / static_cast<double>(seen.count);
  return text(percent < 10 ? "%.2g %%" : "%.0f %%", percent);
}
Column above_one(Quantity of) {
  return {"above 1 ulp", [of](const Report& r) { return share_above_one(r.*of); }};
}
Column excess(const std::string& title, Quantity of) {
  return {title, [of](const Report& r) { return power_of_two((r.*of).worst_excess); }};
}

void append(Columns* columns, Columns more) {
  columns->insert(columns->end(), more.begin(), more.end());
}

Columns forward(NormKind kind, DType dtype) {
  const bool layer_norm = kind == NormKind::kLayerNorm;
  Columns all = {worst("y: ", &Report::y), mean(&Report::y), above_one(&Report::y)};
  if (layer_norm) all.push_back(excess("excess", &Report::y));
  // That of a 16-bit y is its store, a share of nearly 1.
  if (dtype == DType::kF32) {
    all.push_back({"share of bound", [](const Report& r) { return number(r.y.worst_share); }});
  }
  append(&all, {worst("rstd: ", &Report::rstd), mean(&Report::rstd)});
  if (!layer_norm) {
    all.push_back(worst("naive y: ", &Report::two_passes));
    return all;
  }
  append(&all,
         {excess("mean: worst, in deviations", &Report::mean),
          worst("two passes, y: ", &Report::two_passes), excess("excess", &Report::two_passes),
          worst("one pass, y: ", &Report::one_pass), excess("excess", &Report::one_pass)});
  return all;
}

Columns backward() {
  Columns all;
  for (const auto& [name, of] :
       {std::pair("dx: ", &Report::dx), std::pair("dweight: ", &Report::dweight),
        std::pair("dbias: ", &Report::dbias)}) {
    append(&all, {worst(name, of), mean(of), above_one(of), excess("excess", of)});
  }
  return all;
}

Columns of_variants(NormKind kind) {
  Columns all = {worst("y: ", &Report::y), mean(&Report::y), above_one(&Report::y)};
  if (kind == NormKind::kLayerNorm) all.push_back(excess("excess", &Report::y));
  append(&all, {worst("dx: ", &Report::dx),
                mean(&Report::dx),
                excess("excess", &Report::dx),
                excess("dweight: excess", &Report::dweight),
                excess("dbias: excess", &Report::dbias),
                worst("sum: ", &Report::sum),
                {"promises", promises}});
  return all;
}

std::string titles(const std::vector<std::string>& first, const Columns& columns) {
  std::vector<std::string> all = first;
  for (const Column& column : columns) all.push_back(column.title);
  return head(all);
}
std::string line(const std::vector<std::string>& first, const Columns& columns, const Report& r) {
  std::vector<std::string> all = first;
  for (const Column& column : columns) all.push_back(column.cell(r));
  return row(all);
}

std::string families(const std::vector<Entry>& entries, NormKind kind, DType dtype,
                     const Columns& columns) {
  std::string page = titles({"rows"}, columns);
  for (const Family family : kFamilies) {
    if (!exists(family, dtype)) continue;
    page += line({name_of(family)}, columns, merged(entries, [&](const Entry& e) {
                   return e.kind == kind && e.dtype == dtype && e.variant == "plain" &&
                          e.family == family;
                 }));
  }
  return page;
}

std::string variants(const std::vector<Entry>& entries, NormKind kind) {
  const Columns columns = of_variants(kind);
  std::string page = titles({"rows", "what else"}, columns);
  for (const DType dtype : kTypes) {
    for (const Variant& variant : variants_of(kind, dtype)) {
      if (std::string(variant.name) == "plain") continue;
      page += line({name_of(dtype), variant.name}, columns, merged(entries, [&](const Entry& e) {
                     return e.kind == kind && e.dtype == dtype && e.variant == variant.name;
                   }));
    }
  }
  return page;
}

// The norms that are RMSNorm by another sum.
std::string kin(const std::vector<Entry>& entries) {
  const Columns columns = of_variants(NormKind::kRmsNorm);
  std::string page = titles({"norm", "rows", "what else"}, columns);
  for (const NormKind kind : {NormKind::kL2Norm, NormKind::kCrmsNorm}) {
    for (const DType dtype : kTypes) {
      for (const Variant& variant : variants_of(kind, dtype)) {
        page += line({title(kind), name_of(dtype), variant.name}, columns,
                     merged(entries, [&](const Entry& e) {
                       return e.kind == kind && e.dtype == dtype && e.variant == variant.name;
                     }));
      }
    }
  }
  return page;
}

std::string lengths(const std::vector<Entry>& entries) {
  std::string page = head({"columns", "LayerNorm y: excess", "two passes", "one pass",
                           "RMSNorm y: worst ulp", "naive"});
  std::set<int64_t> all;
  for (const Entry& e : entries) all.insert(e.cols);
  for (const int64_t cols : all) {
    const auto of = [&](NormKind kind) {
      return merged(entries, [&](const Entry& e) {
        return e.kind == kind && e.dtype == DType::kF32 && e.variant == "plain" &&
               e.family == Family::kNormal && e.cols == cols;
      });
    };
    const Report ln = of(NormKind::kLayerNorm), rms = of(NormKind::kRmsNorm);
    page += row({std::to_string(cols), power_of_two(ln.y.worst_excess),
                 power_of_two(ln.two_passes.worst_excess), power_of_two(ln.one_pass.worst_excess),
                 number(rms.y.worst_ulps), number(rms.two_passes.worst_ulps)});
  }
  return page;
}

std::string parameter_gradients(const std::vector<ElementEntry>& entries) {
  std::string page =
      "\n## Parameter gradients of other operators\n\n" +
      head({"what", "rows", "of type", "dweight, dgamma: excess", "share of bound",
            "dbias: excess", "share of bound", "dalpha: excess", "share of bound",
            "dshift, dbeta: excess", "share of bound"});
  for (const ElementEntry& e : entries) {
    const ParameterGradients& of = e.parameters;
    if (of.weight.count == 0) continue;
    std::vector<std::string> line = {e.what, name_of(e.family), name_of(e.dtype)};
    for (const Seen* seen : {&of.weight, &of.bias, &of.alpha, &of.shift}) {
      const bool is_there = seen->count != 0;
      line.push_back(is_there ? power_of_two(seen->worst_excess) : "");
      line.push_back(is_there ? number(seen->worst_share) : "");
    }
    page += row(line);
  }
  return page;
}

}  // namespace

std::string tables(const std::vector<Entry>& entries) {
  std::string page = summary(entries);
  for (const NormKind kind : kKinds) {
    for (const DType dtype : kTypes) {
      page += "\n## " + std::string(title(kind)) + ", " + name_of(dtype) + "\n\nForward:\n\n" +
              families(entries, kind, dtype, forward(kind, dtype)) + "\nBackward:\n\n" +
              families(entries, kind, dtype, backward());
    }
    page += "\n## " + std::string(title(kind)) + ": dialects, parameters, residual\n\n" +
            variants(entries, kind);
  }
  page += "\n## L2 norm and CRMSNorm\n\n" + kin(entries);
  return page + "\n## The length of a row\n\nf32, normal rows:\n\n" + lengths(entries);
}

std::string tables(const std::vector<ElementEntry>& entries) {
  std::string page = "\n## Other operators\n\n" +
                     head({"what", "rows", "of type", "y: worst ulp", "mean ulp", "above 1 ulp",
                           "share of bound", "dx, dgate: worst ulp", "mean ulp", "above 1 ulp",
                           "share of bound"});
  const auto cells = [](const Seen& seen) -> std::vector<std::string> {
    if (seen.count == 0) return {"", "", "", ""};
    return {number(seen.worst_ulps), number(seen.mean_ulps()), share_above_one(seen),
            number(seen.worst_share)};
  };
  std::string steps = "\n## Quantised rows\n\n" +
                      head({"what", "rows", "of type", "worst, in steps", "mean",
                            "share of bound"});
  for (const ElementEntry& e : entries) {
    std::vector<std::string> line = {e.what, name_of(e.family), name_of(e.dtype)};
    if (e.what.find(" to ") != std::string::npos) {
      line.insert(line.end(), {text("%.6f", e.y.worst_ulps * 0x1p-23),
                               text("%.3f", e.y.mean_ulps() * 0x1p-23), number(e.y.worst_share)});
      steps += row(line);
      continue;
    }
    for (const Seen* seen : {&e.y, &e.gradient}) {
      const std::vector<std::string> more = cells(*seen);
      line.insert(line.end(), more.begin(), more.end());
    }
    page += row(line);
  }
  return page + parameter_gradients(entries) + steps;
}

std::string broken_promises(const std::vector<ElementEntry>& entries) {
  std::string all;
  for (const ElementEntry& e : entries) {
    const ParameterGradients& of = e.parameters;
    for (const auto& [name, seen] :
         {std::pair("y", &e.y), std::pair("gradient", &e.gradient),
          std::pair("dweight, dgamma", &of.weight), std::pair("dbias", &of.bias),
          std::pair("dalpha", &of.alpha), std::pair("dshift, dbeta", &of.shift)}) {
      if (seen->broken.empty()) continue;
      all += e.what + " " + name_of(e.dtype) + ", " + name_of(e.family) + ": " + name + " " +
             seen->broken + "\n";
    }
  }
  return all;
}

std::string broken_promises(const std::vector<Entry>& entries) {
  std::string all;
  for (const Entry& e : entries) {
    std::string lines = e.report.broken();
    while (!lines.empty()) {
      const size_t end = lines.find('\n');
      all += std::string(name_of(e.kind)) + " " + name_of(e.dtype) + " " + e.variant + ", " +
             name_of(e.family) + ", " + std::to_string(e.cols) +
             " columns: " + lines.substr(0, end + 1);
      lines.erase(0, end + 1);
    }
  }
  return all;
}

}  // namespace norma::accuracy
