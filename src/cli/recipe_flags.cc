// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "cli/recipe_flags.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

namespace norma::cli {
namespace {

using lab::Field;

const Field& field_with_flag(const std::vector<Field>& fields, const std::string& flag) {
  return *std::find_if(fields.begin(), fields.end(),
                       [&flag](const Field& f) { return f.flag() == flag; });
}

bool is_axis(const std::string& key) {
  const auto& keys = lab::axis_keys();
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string help_of(const Field& field) {
  std::string help = field.help;
  for (const std::string& choice : field.choices) {
    help += (&choice == &field.choices.front() ? ": " : " | ") + choice;
  }
  return help + " [" + lab::text_of(field) + "]";
}

}  // namespace

void RecipeFlags::add_to(CLI::App& app) {
  lab::TrainRecipe defaults;
  const std::vector<Field> fields = lab::fields_of(defaults);
  given_.reserve(fields.size());
  for (const Field& field : fields) {
    given_.push_back({field.key, field.flag(), {}});
    app.add_option(field.flag(), given_.back().values, help_of(field))
        ->group(std::string("Recipe, [") + field.section + "]")
        ->delimiter(',')
        ->expected(1)
        ->allow_extra_args(false)
        ->type_name("");
  }
}

bool RecipeFlags::any() const {
  return std::any_of(given_.begin(), given_.end(),
                     [](const Given& g) { return !g.values.empty(); });
}

Status RecipeFlags::apply(lab::TrainRecipe* recipe) const {
  const std::vector<Field> fields = lab::fields_of(*recipe);
  for (const Given& g : given_) {
    if (g.values.empty()) continue;
    if (g.values.size() > 1) return invalid_argument(g.flag + " takes one value here.");
    NORMA_RETURN_IF_ERROR(
        lab::set_from_text(field_with_flag(fields, g.flag), g.values[0], g.flag + ": "));
  }
  return Status();
}

Status RecipeFlags::apply(lab::CompareRecipe* recipe) const {
  for (const Given& g : given_) {
    if (g.values.empty()) continue;
    if (!is_axis(g.key) && g.values.size() > 1) {
      return invalid_argument(g.flag + " takes one value: it is no axis of a comparison.");
    }
    for (const std::string& value : g.values) {
      NORMA_RETURN_IF_ERROR(lab::set_from_text(
          field_with_flag(lab::fields_of(recipe->base), g.flag), value, g.flag + ": "));
    }
    if (!is_axis(g.key)) continue;
    recipe->axes[g.key] = g.values;
    for (lab::Axes& configuration : recipe->configurations) configuration.erase(g.key);
  }
  return Status();
}

std::string default_data_root() {
  const char* root = std::getenv("NORMA_DATA");
  return root != nullptr && *root != '\0' ? root : "data";
}

}  // namespace norma::cli
