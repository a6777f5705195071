// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Recipes to TOML text, and the members of a comparison.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "lab/recipes/recipe.h"
#include "models/placement_info.h"

namespace norma::lab {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string toml_value(const Field& field) {
  const std::string text = text_of(field);
  if (std::holds_alternative<std::string*>(field.value)) return quoted(text);
  const bool looks_whole = text.find_first_of(".en") == std::string::npos;
  return std::holds_alternative<double*>(field.value) && looks_whole ? text + ".0" : text;
}

const Field& field_of_axis(const std::vector<Field>& fields, const std::string& key) {
  return *std::find_if(fields.begin(), fields.end(),
                       [&key](const Field& f) { return f.key == key; });
}

std::string axes_toml(const Axes& axes) {
  TrainRecipe scratch;
  const std::vector<Field> fields = fields_of(scratch);
  std::string out;
  for (const std::string& key : axis_keys()) {
    const auto axis = axes.find(key);
    if (axis == axes.end()) continue;
    const Field& field = field_of_axis(fields, key);
    std::string list;
    for (const std::string& value : axis->second) {
      if (!set_from_text(field, value, "").ok()) continue;
      list += (list.empty() ? "" : ", ") + toml_value(field);
    }
    out += key + " = [" + list + "]\n";
  }
  return out;
}

// Every combination of the axes, the last key fastest.
Status add_product(const TrainRecipe& base, const Axes& axes, size_t depth,
                   std::set<std::string>* seen, std::vector<TrainRecipe>* members) {
  if (depth == axis_keys().size()) {
    NORMA_RETURN_IF_ERROR(validate(base));
    const bool by_batch = axes.contains("batch_size");
    const auto name_of = [&](const TrainRecipe& recipe) {
      return run_name(recipe) + (by_batch ? fmt::format("-batch{}", recipe.train.batch_size) : "");
    };
    TrainRecipe member = base;
    member.name = name_of(base);
    // Under a placement without norms the first norm stands for all: the others are the same run.
    TrainRecipe same = base;
    if (!models::find_placement(base.model.placement)->uses_norm) same.model.norm = "any";
    if (seen->insert(name_of(same)).second) members->push_back(std::move(member));
    return Status();
  }
  const auto axis = axes.find(axis_keys()[depth]);
  if (axis == axes.end()) return add_product(base, axes, depth + 1, seen, members);
  for (const std::string& value : axis->second) {
    TrainRecipe chosen = base;
    NORMA_RETURN_IF_ERROR(set_from_text(field_of_axis(fields_of(chosen), axis->first), value, ""));
    NORMA_RETURN_IF_ERROR(add_product(chosen, axes, depth + 1, seen, members));
  }
  return Status();
}

}  // namespace

Status validate(const TrainRecipe& recipe) {
  models::ModelConfig model = recipe.model;
  model.vocab_size = recipe.data.vocab_size;
  model.inputs = 1;  // the data say how many
  NORMA_RETURN_IF_ERROR(models::validate(model));
  const DataRecipe& data = recipe.data;
  if (data.max_words != 0 && data.max_words < data.min_words) {
    return invalid_argument(fmt::format("max_words must be 0 or at least min_words={} but is {}.",
                                        data.min_words, data.max_words));
  }
  const bool pairs = model.family == "encdec", pictures = model.family == "mlp";
  if (!pairs && !pictures && data.window > model.max_length) {
    return invalid_argument(fmt::format("window must be at most max_length={} but is {}.",
                                        model.max_length, data.window));
  }
  if (!pairs && recipe.bleu.sentences > 0) {
    return invalid_argument("sentences of [bleu] must be 0 for family \"" + model.family +
                            "\": only family \"encdec\" translates.");
  }
  // Elsewhere one text is many rows.
  const bool a_row_a_case = pictures || models::is_recurrent(model.family);
  if (model.norm == "batchnorm" && a_row_a_case && recipe.train.batch_size < 2 &&
      models::find_placement(model.placement)->uses_norm) {
    return invalid_argument(
        "batch_size must be at least 2 with norm \"batchnorm\" but is 1: the variance of one case "
        "is undefined.");
  }
  return Status();
}

std::string to_toml(const TrainRecipe& recipe) {
  TrainRecipe copy = recipe;
  std::string out = copy.name.empty() ? "" : "name = " + quoted(copy.name) + "\n";
  std::string section;
  for (const Field& field : fields_of(copy)) {
    if (section != field.section) {
      section = field.section;
      out += (out.empty() ? "[" : "\n[") + section + "]\n";
    }
    out += std::string(field.key) + " = " + toml_value(field) + "\n";
  }
  return out;
}

std::string to_toml(const CompareRecipe& recipe) {
  std::string out = to_toml(recipe.base) + "\n[compare]\n" + axes_toml(recipe.axes);
  out += fmt::format("jobs = {}\nprobe = {}\ntiming = {}\n", recipe.jobs, recipe.probe,
                     recipe.timing);
  if (!recipe.note.empty()) out += "note = " + quoted(recipe.note) + "\n";
  for (const Axes& axes : recipe.configurations) {
    out += "\n[[compare.configuration]]\n" + axes_toml(axes);
  }
  return out;
}

std::string run_name(const TrainRecipe& recipe) {
  return fmt::format("{}-{}-warmup{}-lr{}-{}-seed{}", recipe.model.placement, recipe.model.norm,
                     recipe.train.warmup_steps, recipe.train.lr, recipe.model.init,
                     recipe.train.seed);
}

Result<std::vector<TrainRecipe>> members_of(const CompareRecipe& recipe) {
  std::set<std::string> seen;
  std::vector<TrainRecipe> members;
  std::vector<Axes> configurations = recipe.configurations;
  if (configurations.empty()) configurations.emplace_back();
  for (const Axes& configuration : configurations) {
    Axes axes = configuration;
    axes.insert(recipe.axes.begin(), recipe.axes.end());
    NORMA_RETURN_IF_ERROR(add_product(recipe.base, axes, 0, &seen, &members));
  }
  return members;
}

}  // namespace norma::lab
