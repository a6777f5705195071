// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// `norma placements` and `norma norms`: what there is to choose from.
#include <fmt/core.h>

#include <memory>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/terminal.h"
#include "models/norm_info.h"
#include "models/placement_info.h"

namespace norma::cli {
namespace {

void print_line(const char* what, std::string_view text) {
  if (!text.empty()) fmt::print("  {:<10} {}\n", what, text);
}

void print_drawing(std::string_view rest) {
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    fmt::print("    {}\n", rest.substr(0, end));
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
}

void print(const models::PlacementInfo& info) {
  fmt::print("{}\n", info.name);
  print_drawing(info.drawing);
  print_line("block", info.equation);
  print_line("at the end", *info.final_norm != '\0' ? info.final_norm : "no norm");
  print_line("start", info.start);
  print_line("norms", fmt::format("a block: {}", info.cost));
  print_line("source", info.source);
  print_line("also", info.also);
}

void print(const models::NormInfo& info) {
  fmt::print("{}\n", info.name);
  print_drawing(info.drawing);
  print_line("formula", info.formula);
  print_line("start", info.start);
  print_line("parameters", info.parameters);
  print_line("cost", info.cost);
  print_line("source", info.source);
}

const models::PlacementInfo& info_of(const models::PlacementInfo* info) { return *info; }
const models::NormInfo& info_of(const models::NormInfo& info) { return info; }

// All of them, or the one that is asked for.
template <typename Info>
int list(const Info& all, const std::string& wanted, const char* head,
         std::string (*unknown)(const std::string& name)) {
  if (wanted.empty()) fmt::print("{}", head);
  bool found = false;
  for (const auto& item : all) {
    const auto& info = info_of(item);
    if (!wanted.empty() && wanted != info.name) continue;
    if (wanted.empty()) fmt::print("\n");
    print(info);
    found = true;
  }
  if (found) return kDone;
  say_error(unknown(wanted));
  return kWrongUsage;
}

constexpr char kPlacementsHead[] =
    "x is the residual stream, f a sub-layer (A self-attention, C cross-attention, F the\n"
    "feed-forward network), N a norm, L the blocks of a stack, l a block from 1. Choose one with\n"
    "--placement; --qk-norm head or full adds a norm of queries and keys to any but hybrid,\n"
    "hybrid_star and ngpt. The last three stand inside the cells of the families rnn, gru and\n"
    "lstm, s the logistic function; none goes with those too. The family mlp takes none, pre, a\n"
    "norm between a hidden layer's affine map and its activation, and post, one after the\n"
    "activation.\n";
constexpr char kNormsHead[] =
    "x is a row of C features, M(.) their mean, g a learned factor and b a learned shift of each\n"
    "feature. Cost: sums over a row, and operations a feature of the forward pass; how long they\n"
    "take is in docs/performance.md. Choose one with --norm. batchnorm goes with the families mlp\n"
    "and bert, and with lstm in the placement gates: a decoder's positions would be told of later\n"
    "ones by it.\n";

}  // namespace

Command add_placements(CLI::App& program) {
  CLI::App* app = program.add_subcommand("placements", "List where norms can stand");
  auto name = std::make_shared<std::string>();
  app->add_option("NAME", *name, "one of them; all where it is left out");
  app->footer("Example:\n  norma placements peri");
  return {app, [name] {
            return list(models::placements(), *name, kPlacementsHead, models::unknown_placement);
          }};
}

Command add_norms(CLI::App& program) {
  CLI::App* app = program.add_subcommand("norms", "List the norms that there are");
  auto name = std::make_shared<std::string>();
  app->add_option("NAME", *name, "one of them; all where it is left out");
  app->footer("Example:\n  norma norms rmsnorm");
  return {app, [name] {
            return list(models::norms(), *name, kNormsHead, models::unknown_norm);
          }};
}

}  // namespace norma::cli
