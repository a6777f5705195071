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

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
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
    given_.push_back({field.key, field.flag(), ""});
    // What most people would call it.
    const std::string also = field.flag() == "--family" ? ",--model" : "";
    app.add_option(field.flag() + also, given_.back().value, help_of(field))
        ->group(std::string("Recipe, [") + field.section + "]")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name("");
  }
}

bool RecipeFlags::any() const {
  return std::any_of(given_.begin(), given_.end(),
                     [](const Given& g) { return !g.value.empty(); });
}

Status RecipeFlags::apply(lab::TrainRecipe* recipe) const {
  const std::vector<Field> fields = lab::fields_of(*recipe);
  for (const Given& g : given_) {
    if (g.value.empty()) continue;
    NORMA_RETURN_IF_ERROR(
        lab::set_from_text(field_with_flag(fields, g.flag), g.value, g.flag + ": "));
  }
  return Status();
}

Status RecipeFlags::apply(lab::CompareRecipe* recipe) const {
  const std::vector<Field> fields = lab::fields_of(recipe->base);
  for (const Given& g : given_) {
    if (g.value.empty()) continue;
    const bool axis = is_axis(g.key);
    // A path may have commas in it.
    const std::vector<std::string> given =
        axis ? split_at_commas(g.value) : std::vector<std::string>{g.value};
    const Field& field = field_with_flag(fields, g.flag);
    std::vector<std::string> values;
    for (const std::string& value : given) {
      const Status set = lab::set_from_text(field, value, g.flag + ": ");
      if (!set.ok() && !axis && value.find(',') != std::string::npos) {
        return invalid_argument(g.flag + " takes one value: it is no axis of a comparison.");
      }
      NORMA_RETURN_IF_ERROR(set);
      NORMA_RETURN_IF_ERROR(lab::add_to_axis(field, g.flag + ": ", &values));
    }
    if (!axis) continue;
    recipe->axes[g.key] = values;
    for (lab::Axes& configuration : recipe->configurations) configuration.erase(g.key);
  }
  return Status();
}

std::string default_data_root() {
  const char* root = std::getenv("NORMA_DATA");
  return root != nullptr && *root != '\0' ? root : "data";
}

}  // namespace norma::cli
